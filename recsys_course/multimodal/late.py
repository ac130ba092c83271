"""Late fusion without training: a content score for each modality, and their weighted sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse

from recsys_course import metrics
from recsys_course.base import CELLS_PER_BATCH, Recommender
from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions
from recsys_course.multimodal.modalities import (
    Modalities,
    check_modalities,
    check_weights,
    filled,
    presence,
    unit_rows,
)
from recsys_course.ranking import top_n

FLAT = 1e-6  # deviation of cosines, or share of a profile's length, below which there is nothing but rounding
STEPS = 10  # tuning tries shares in tenths, fewer where that would be more than MOST settings
MOST = 300


@dataclass
class LateFusion(Recommender):
    r"""How near an item is to what the user met, modality by modality, then the weighted sum.

    .. math::
        c_{uim} = \frac{\bar x_{um}^\top x_{im}}{\|\bar x_{um}\|\,\|x_{im}\|}, \qquad
        s_{ui} = \sum_m w_{uim}\, \frac{c_{uim} - \operatorname{mean}_i c_{uim}}{\operatorname{std}_i c_{uim}}
                                                                                          \tag{5.5}

    with :math:`\bar x_{um}` the mean of the unit vectors of what the user met. Means and deviations of c run
    over the items that have the modality, so that one whose cosines all lie close together counts as much as
    its weight says. Weights of what the item or the user's whole history lacks are shared out as in (5.1).

    Args:
        modalities: name -> (I, D_m); a missing vector is a row of NaN.
        weights: name -> share, adding up to 1; None means equal ones; "tuned" waits for :meth:`tune`.
        profile: "mean" of what the user met, or "weighted" by value minus the user's mean value (where all
            values are equal, the mean).

    Attributes:
        names_: (M,). weights_: (M,) shares, in that order.

    Raises:
        ValueError: see ``check_modalities`` and ``check_weights``; another profile.

    Cost: nothing to learn; a user's score costs I times the sum of D_m. An item needs no events.
    Book: equation (5.5); exercise late_fusion.
    """

    modalities: Modalities | None = None
    weights: Mapping[str, float] | Literal["tuned"] | None = None
    profile: Literal["mean", "weighted"] = "mean"

    def _fit(self, data: Interactions) -> None:
        checked = check_modalities(self.modalities, data.n_items)
        if self.profile not in ("mean", "weighted"):
            raise ValueError(f"profile: {self.profile!r}; expected 'mean' or 'weighted'")
        if isinstance(self.weights, str) and self.weights != "tuned":
            raise ValueError(f"weights: {self.weights!r}; expected a dict of shares, None, or 'tuned'")
        self.names_ = tuple(checked)
        self._tuned = self.weights != "tuned"
        given = None if isinstance(self.weights, str) else self.weights
        self.weights_ = check_weights(given, self.names_)
        self._there = presence(checked)  # (I, M)
        self._units = [filled(unit_rows(vectors)) for vectors in checked.values()]

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.score_histories(self.seen_[users])

    def score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        """(B, I) sparse histories -> (B, I) scores; the users need not be known."""
        self._need_fit()
        if not self._tuned:
            raise ValueError("weights: 'tuned'; expected tune(validation) before scoring")
        return combined(self.standardized(histories), self.weights_)

    def standardized(self, histories: sparse.csr_array) -> np.ndarray:
        """(B, I) histories -> (M, B, I) z-scores of (5.5) before weighing; NaN where there are none."""
        histories = sparse.csr_array(histories)
        if histories.shape[1] != self.n_items_:
            raise ValueError(f"histories: {histories.shape[1]} columns; expected {self.n_items_} items")
        weighed = self._weighed(histories)
        each = zip(self._units, self._there.T, strict=True)
        return np.stack([_z_scores(_profiles(weighed, x), x, there) for x, there in each])

    def _weighed(self, histories: sparse.csr_array) -> sparse.csr_array:
        """(B, I) what each item of a history counts in the profile."""
        counts = np.ones(histories.nnz)
        if self.profile == "weighted":
            size = np.diff(histories.indptr)
            mean = histories.sum(axis=1) / np.maximum(size, 1)  # (B,) of what was met
            off = histories.data - np.repeat(mean, size)
            row = np.repeat(np.arange(len(size)), size)
            varied = np.bincount(row, np.abs(off), len(size)) > 1e-9 * (1 + mean)  # else the plain mean
            counts = np.where(varied[row], off, counts)
        return sparse.csr_array((counts, histories.indices, histories.indptr), shape=histories.shape)

    def tune(self, validation: Interactions, metric: str = "ndcg", n: int = 10) -> Self:
        """Set ``weights_`` to the shares, in steps of a tenth, that do best on a later log.

        Args:
            validation: what the users took afterwards; codes as in training.
            metric: "ndcg", "recall", "precision", "average_precision", "mrr", "hit_rate" or "f1".
            n: length of the lists judged. What was met in training is not listed.

        Raises:
            NotFitted: before fit. ValueError: another id space, no user to judge, or no such metric.

        Cost: 11 settings for two modalities, 66 for three; each is one top-n for each user of validation.
        """
        self._need_fit()
        formula: Any = getattr(metrics, metric, None)
        if not hasattr(formula, "of_hits"):
            raise ValueError(f"metric: {metric!r}; expected a metric of lists, such as 'ndcg'")
        wanted = self._wanted(validation)
        users = np.flatnonzero(np.diff(wanted.indptr))
        settings = list(simplex(len(self.names_)))
        totals = np.zeros(len(settings))
        size = max(1, CELLS_PER_BATCH // (self.n_items_ * len(self.names_)))
        for a, b in chunks(len(users), size):
            seen = self.seen_[users[a:b]]
            z, relevant = self.standardized(seen), wanted[users[a:b]]
            for s, weights in enumerate(settings):
                lists = top_n(combined(z, weights), n, seen)
                totals[s] += formula(lists, relevant, n, mean=False).sum()
        self.weights_, self._tuned = settings[int(totals.argmax())], True
        return self

    def _wanted(self, validation: Interactions) -> sparse.csr_array:
        """(U, I) ones for what the users took that they had not met in training."""
        if not isinstance(validation, Interactions):
            raise TypeError(f"validation: {type(validation).__name__}; expected Interactions")
        if (validation.n_users, validation.n_items) != (self.n_users_, self.n_items_):
            raise ValueError(f"validation: {validation!r}; expected the users and items of training")
        wanted = _without(validation.to_csr(), self.seen_)
        if not wanted.nnz:
            raise ValueError("validation: nothing that was not met in training; expected some events")
        return wanted


def combined(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(M, B, I) z-scores, NaN where there are none, and (M,) weights -> (B, I) of (5.5)."""
    top, bottom = np.zeros(z.shape[1:]), np.zeros(z.shape[1:])
    for z_m, w in zip(z, weights, strict=True):
        known = ~np.isnan(z_m)
        top += np.where(known, w * z_m, 0)
        bottom += w * known
    return top / np.where(bottom > 0, bottom, 1)


def simplex(n_parts: int) -> Iterator[np.ndarray]:
    """All (n_parts,) shares in steps of a tenth that add up to 1; coarser where there would be too many."""
    for steps in range(STEPS, 0, -1):
        bars = list(combinations_with_replacement(range(steps + 1), n_parts - 1))
        if len(bars) <= MOST or steps == 1:
            return (np.diff([0, *cut, steps]) / steps for cut in bars)
    raise AssertionError  # steps reaches 1


def _profiles(weighed: sparse.csr_array, units: np.ndarray) -> np.ndarray:
    """(B, I) histories, (I, D) unit vectors -> (B, D) profiles of length 1, zeros where all cancels out."""
    profiles = weighed @ units
    most = abs(weighed).sum(axis=1)  # the length if all vectors were one
    profiles[np.linalg.norm(profiles, axis=1) <= FLAT * most] = 0
    return unit_rows(profiles)


def _z_scores(profiles: np.ndarray, units: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(B, D) profiles, (I, D) unit vectors -> (B, I) z-scores over the items there are, NaN elsewhere."""
    cosine = profiles @ units.T  # (B, I)
    inside = cosine[:, there]
    spread = inside.std(axis=1, keepdims=True)
    flat = spread <= FLAT  # all items alike
    z = (cosine - inside.mean(axis=1, keepdims=True)) / np.where(flat, np.inf, spread)
    z[:, ~there] = np.nan
    z[~profiles.any(axis=1)] = np.nan  # nothing of this kind in the history
    return z


def _without(rows: sparse.csr_array, met: sparse.csr_array) -> sparse.csr_array:
    """(B, I) ones where ``rows`` has an entry and ``met`` has none."""
    rows, met = rows.copy(), met.copy()
    rows.data[:], met.data[:] = 1, 1
    left = sparse.csr_array(rows - rows.multiply(met))
    left.eliminate_zeros()
    return left
