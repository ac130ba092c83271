"""A learner on top of the members' scores, taught on pairs that the members had not seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.folds import Features, examples
from recsys_course.hybrid.learners import answers, make_estimator, shapley, taught
from recsys_course.hybrid.members import Hybrid, Models, fresh, frozen, named
from recsys_course.hybrid.scores import normalize_scores, within
from recsys_course.interactions import Interactions


@dataclass
class Stacking(Hybrid):
    r"""Learn from held-out events how far to trust each member.

    .. math::
        \hat s_{ui} = g\bigl(z_1^{-f}(u, i), \dots, z_M^{-f}(u, i)\bigr)

    To teach g, the pairs of the log are parted into folds; the scores of a pair in fold f come from members
    fitted without that fold. Then the members are fitted on the whole log. In-sample scores would show a
    member that memorises as a perfect one.

    Args:
        models: two or more recommenders, a list or a dict with names.
        estimator: g: "logistic", "forest", "boosting", "lightgbm" (the extra boosting), or any object in
            scikit-learn's form; a copy of it is fitted.
        n_folds: at least 2. n_negatives: pairs never met, per pair met, at least 1.
        depth: candidates: what stands among so many first unmet items of some member. g learns from them and
            orders them; the rest follows by the mean of the members' scores. None: all items.
        seed: of the folds, the negatives and the estimators made by name.
        out_of_fold: False takes the scores of members fitted on the very pairs: the leak, to be looked at.

    Attributes:
        estimator_: the fitted g; None where the log gave no examples of both kinds (then the mean orders).
        n_examples_: rows that it learned from.

    Raises:
        ValueError: a setting outside its range; a member that keeps members fitted elsewhere
            (``refit=False``), which would have seen every fold; as :class:`.Hybrid`.

    With ``refit=False`` the members given serve; copies of them are still fitted for the folds. Features are
    z-scores per user over what the user has not met.

    Cost: n_folds fits of every member more, one pass of scores; per user M scores and g on the candidates.
    Book: equation (6.4); exercise out_of_fold.
    Source: Wolpert 1992; Breiman 1996 (stacked regressions). Differs: positives against drawn negatives.
    """

    models: Models
    estimator: Any = "logistic"
    n_folds: int = 5
    n_negatives: int = 4
    depth: int | None = 100
    seed: int = 0
    out_of_fold: bool = field(default=True, kw_only=True)

    def _given(self) -> dict[str, Recommender]:
        return named(self.models, taken=("start",))

    def _check_settings(self) -> None:
        check_range("n_folds", self.n_folds, 2, "folds,")
        check_range("n_negatives", self.n_negatives, 1, "negatives per positive,")
        check_range("seed", self.seed, 0, "a seed of")
        if self.depth is not None:
            check_range("depth", self.depth, 1, "candidates,")
        make_estimator(self.estimator, self.seed)  # refused before the long work
        if self.out_of_fold and (kept := [n for n, model in self._given().items() if frozen(model)]):
            raise ValueError(
                f"models: {kept[0]!r} keeps members that are fitted already (refit=False) and have seen "
                "the folds; set refit=True in it, or out_of_fold=False"
            )

    def _learn(self, data: Interactions) -> None:
        def sources(log: Interactions) -> Features:
            return (self if not self.out_of_fold else self._on(log))._features

        X, y = examples(sources, data, self.n_folds, self.n_negatives, self.seed, self.out_of_fold)
        self.n_examples_, self.estimator_ = len(y), None
        if 0 < y.sum() < len(y):
            self.estimator_ = taught(make_estimator(self.estimator, self.seed), X, y)

    def _on(self, log: Interactions) -> Stacking:
        """A hybrid of the same members, fitted on another log, without a learner."""
        other = Stacking(self.models, depth=self.depth)
        other.n_users_, other.n_items_, other.seen_ = log.n_users, log.n_items, log.to_csr()
        other.names_ = self.names_
        other.members_ = tuple(fresh(model).fit(log) for model in self._given().values())
        return other

    def _features(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B, I, M) members' z-scores, and (B, I) bool: the candidates."""
        return self._scaled(self.member_scores(users), self.unseen(users))

    def _scaled(self, raw: list[np.ndarray], unseen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = np.stack([normalize_scores(scores, "zscore", over=unseen) for scores in raw], axis=2)
        able = np.zeros(unseen.shape, dtype=bool)
        for scores in raw:
            able |= within(scores, self.depth, unseen) if self.depth else scores > -np.inf
        return z, able

    def _score(self, users: np.ndarray) -> np.ndarray:
        raw = self.member_scores(users)
        z, able = self._scaled(raw, self.unseen(users))
        scores = z.mean(axis=2)  # (B, I)
        if self.estimator_ is not None:
            order = normalize_scores(scores, "rank")
            learned = np.full(scores.shape, np.inf)
            learned[able] = answers(self.estimator_, z[able])
            least = learned.min(axis=1, initial=np.inf, keepdims=True)
            least = np.where(np.isfinite(least), least, 0.0)
            scores = np.where(able, learned, least - 2 + order)  # the rest lies at least 1 below
        scored = np.any([row > -np.inf for row in raw], axis=0)
        return np.where(scored, scores, -np.inf)

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        users = np.array([user])
        z, able = self._features(users)
        z, able = z[0], able[0]  # (I, M), (I,)
        score = self._score(users)[0]
        if self.estimator_ is None:
            return dict(zip(self.names_, z.T / len(self.names_), strict=True))
        typical = z[able].mean(axis=0) if able.any() else np.zeros(z.shape[1])

        def value(known: np.ndarray) -> np.ndarray:
            return answers(self.estimator_, np.where(known, z, typical))

        rows = shapley(value, len(self.names_)) * able  # (M, I)
        return {**dict(zip(self.names_, rows, strict=True)), "start": score - rows.sum(axis=0)}
