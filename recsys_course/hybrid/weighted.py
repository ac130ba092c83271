"""A weighted sum of members' scores on one scale, with weights given or learned on a validation log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recsys_course.base import Recommender
from recsys_course.hybrid.members import Hybrid, Models, check_name, named
from recsys_course.hybrid.scores import Normalization, normalize_parts, normalize_scores
from recsys_course.hybrid.weights import search
from recsys_course.interactions import Interactions


@dataclass
class Weighted(Hybrid):
    r"""Add up what the members say, each user's scores brought to one scale before.

    .. math::
        \hat s_{ui} = \sum_m w_m\, z_m(u, i), \qquad w_m \ge 0, \; \sum_m w_m = 1

    :math:`z_m` are the member's scores after :func:`.normalize_scores`.

    Args:
        models: two or more recommenders, a list or a dict with names.
        weights: w, one per member, a list or a dict by name, at least 0 and with sum 1; None: all equal.
        normalize: "zscore", "minmax", "rank" or "none". With "none" the member with the larger
            scale decides, whatever the weights say.

    Attributes:
        weights_: (M,) the weights in use: those given, or found by :meth:`tune`.
        trials_: after :meth:`tune`, (weights, value) of each trial.

    Raises:
        ValueError: weights below 0, of another sum, number or name; as :class:`.Hybrid`.

    What no member scores (NaN or -inf from all with weight) is never listed.

    Cost: that of the members' scores, and O(M I) per user.
    Book: equation (6.2); exercise weighted_hybrid.
    Source: Burke 2002 (weighted). Differs: normalised per user.
    """

    models: Models
    weights: Any = None
    normalize: Normalization = "zscore"

    def _given(self) -> dict[str, Recommender]:
        return named(self.models)

    def _check_settings(self) -> None:
        self.weights_ = check_weights(self.weights, self.names_)
        normalize_scores(np.empty((0, 0)), self.normalize)  # refuses a wrong name before the long work

    def _score(self, users: np.ndarray) -> np.ndarray:
        total = np.zeros((len(users), self.n_items_))
        scored = np.zeros(total.shape, dtype=bool)
        for m, weight in enumerate(self.weights_):
            if weight > 0:
                scores = self._score_of(m, users)
                scored |= scores > -np.inf
                total += weight * normalize_scores(scores, self.normalize)
        return np.where(scored, total, -np.inf)  # (B, I)

    def contributions(self, user: int, item: int) -> dict[str, float]:
        """What each member adds to the score of the item; the values add up to it."""
        self._need_fit()
        user, item = check_pair(self, user, item)
        return {name: float(part[item]) for name, part in self._parts(user).items()}

    def tune(
        self, validation: Interactions, metric: Any = "ndcg", n: int = 10, n_trials: int = 50, seed: int = 0
    ) -> Self:
        """Set ``weights_`` to those that do best on a validation log; the members stay as they are.

        Args:
            validation: events after those of training; only pairs new to their user count.
            metric: "ndcg", "recall", "precision", "hit_rate", "mrr", "average_precision", "f1", or a function
                (ranked, relevant, k=..., mean=False) -> (B,). n: length of the lists.
            n_trials: weights to try, at least 1: equal ones first, then an even grid for two members, or each
                member alone and points drawn evenly from all weights. seed: of the draws.

        Raises:
            NotFitted: before fit. ValueError: n or n_trials below 1, an unknown metric, another id
                space, or no event in ``validation`` that is new to its user.

        Cost: the members score each validation user once; a trial adds O(M I) per user. Memory: a batch.
        """
        self._need_fit()
        self.trials_ = search(self, validation, metric, n, n_trials, seed)
        self.weights_ = max(self.trials_, key=lambda trial: trial[1])[0]
        return self

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        scores = self.member_scores(np.array([user]))
        return {
            name: weight * normalize_scores(row, self.normalize)[0]
            for name, weight, row in zip(self.names_, self.weights_, scores, strict=True)
        }

    def _pass_on(self, name: str, part: np.ndarray, inner: np.ndarray) -> np.ndarray:
        return self.weights_[self.names_.index(name)] * normalize_parts(inner, self.normalize)


def check_weights(weights: Any, names: tuple[str, ...]) -> np.ndarray:
    """(M,) weights in the order of the names.

    Raises:
        ValueError: an unknown or a missing name, another number, a negative weight, or a sum that is not 1.
    """
    if weights is None:
        return np.full(len(names), 1.0 / len(names))
    if isinstance(weights, Mapping):
        for name in weights:
            check_name(name, names, "weights")
        if missing := [name for name in names if name not in weights]:
            raise ValueError(
                f"weights: none for {missing[0]!r}; expected one for each member, 0 to leave it out"
            )
        weights = [weights[name] for name in names]
    w = np.asarray(weights, dtype=float)
    if w.shape != (len(names),):
        raise ValueError(f"weights: shape {w.shape}; expected {len(names)}, one per member")
    if not (w >= 0).all() or not np.isfinite(w).all():
        raise ValueError(f"weights: {w.tolist()}; expected numbers of at least 0")
    if abs(w.sum() - 1) > 1e-9:
        fix = [float(f"{value:.4g}") for value in w / w.sum()] if w.sum() > 0 else "at least one above 0"
        raise ValueError(f"weights: their sum is {w.sum():.6g}; expected 1, for example {fix}")
    return w


def check_pair(model: Recommender, user: Any, item: Any) -> tuple[int, int]:
    """One user and one item of the fitted id space."""
    known = model._check([user], model.n_users_, "user"), model._check([item], model.n_items_, "item")
    return int(known[0][0]), int(known[1][0])
