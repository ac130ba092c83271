"""Users as the sum of what they met, in the space of the items' features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import sparse

from recsys_course.base import Recommender, check_range
from recsys_course.content.reasons import largest_parts
from recsys_course.content.tables import checked_features
from recsys_course.content.weights import above_mean, faded, shares, stored
from recsys_course.interactions import Interactions
from recsys_course.measures import TINY, Matrix, row_sums, unit_rows
from recsys_course.ranking import sparse_product


class ProfileRanker(Recommender):
    """A ranker that compares each item's vector with a weighted sum of those of the history.

    .. math:: p_u = \\sum_{j \\in I_u} w_{uj} x_j, \\qquad \\hat s_{ui} = p_u^\\top x_i \\;/\\; \\|p_u\\|

    Subclasses set ``X_`` in ``_fit`` and may say what the weights are. The score is linear in the items
    of the history, so it can be taken apart; ``measure`` "dot" leaves the division out.

    Attributes:
        X_: (I, F) dense or sparse.
    """

    X_: Matrix
    measure: Literal["cosine", "dot"] = "cosine"

    def weights_of(self, histories: sparse.csr_array, fade: np.ndarray | None = None) -> sparse.csr_array:
        """(B, I) histories -> (B, I) the weight of each of their events; equal shares of 1."""
        return stored(histories, shares(np.ones(histories.nnz) if fade is None else fade, histories))

    def profile_of(self, users: Any) -> Matrix:
        """(B,) user codes -> (B, F) profiles p_u, dense or sparse as the features; 0 without a history.

        Raises:
            NotFitted, UnknownId: as :meth:`score`.
        """
        self._need_fit()
        return self._weights(self._check(users, self.n_users_, "users")) @ self.X_

    def score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        """(B, I) sparse histories -> (B, I) float32 scores; the users need not be known.

        Every event counts as if it were of the same age.
        """
        self._need_fit()
        histories = sparse.csr_array(histories)
        if histories.shape[1] != self.n_items_:
            raise ValueError(f"histories: {histories.shape[1]} columns; expected {self.n_items_} items")
        return self._scores(self.weights_of(histories) @ self.X_)

    def reasons(self, user: int, item: int, n: int = 3) -> list[tuple[int, float]]:
        """The n history items that raise the score of ``item`` most, with what each adds.

        The parts of all items of the history, see :meth:`parts`, add up to the score.
        """
        return largest_parts(*self.parts(user, item), n)

    def parts(self, user: int, item: int) -> tuple[np.ndarray, np.ndarray]:
        """(H,) items of the history and (H,) what each adds to the score of ``item``, negative ones, too."""
        self._need_fit()
        codes = self._check([user], self.n_users_, "user"), self._check([item], self.n_items_, "item")
        weights = self._weights(codes[0])  # (1, I)
        liking = self.X_[weights.indices] @ self.X_[codes[1]].T  # (H, 1)
        liking = (liking.toarray() if sparse.issparse(liking) else liking).ravel()
        scale = _scale(weights @ self.X_)[0] if self.measure == "cosine" else 1.0
        return weights.indices, weights.data * liking * scale

    def _weights(self, users: np.ndarray) -> sparse.csr_array:
        return self.weights_of(self.seen_[users])

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self._scores(self._weights(users) @ self.X_)

    def _scores(self, profiles: Matrix) -> np.ndarray:
        """(B, F) profiles -> (B, I) float32, in which what differs by rounding alone is equal."""
        if self.measure == "cosine":
            profiles = _times(profiles, _scale(profiles))
        if sparse.issparse(profiles):
            return sparse_product(profiles, self._by_feature)
        return (profiles.astype(self.X_.dtype, copy=False) @ self.X_.T).astype(np.float32)

    def _set_vectors(self, X: Matrix) -> None:
        """Keep the vectors, sparse ones by feature, too, as the scores need them."""
        self.X_ = unit_rows(X) if self.measure == "cosine" else X
        if sparse.issparse(X):
            self._by_feature = sparse.csr_array(self.X_.T.tocsr(), dtype=np.float32)  # (F, I)


@dataclass
class ContentProfile(ProfileRanker):
    r"""Recommend what lies in the direction of what the user met.

    .. math::
        \hat s_{ui} = \frac{p_u^\top x_i}{\|p_u\|\,\|x_i\|}, \qquad
        p_u = \sum_{j \in I_u} w_{uj} \frac{x_j}{\|x_j\|}

    With :math:`d_{uj} = 2^{-\text{age}/h}`, or 1 without a half-life, the weights are

    .. math::
        \text{mean} \quad & w_{uj} = d_{uj} \,/\, \textstyle\sum_{l \in I_u} d_{ul} \\
        \text{weighted} \quad & w_{uj} = d_{uj} (r_{uj} - \bar r_u)
            \,/\, \textstyle\sum_{l \in I_u} d_{ul} |r_{ul} - \bar r_u| \\
        \text{rocchio} \quad & w_{uj} = d_{uj} \,/\, \textstyle\sum_{l \in I_u^+} d_{ul}
            \;\text{ if liked, }\; -\gamma\, d_{uj} \,/\, \textstyle\sum_{l \in I_u^-} d_{ul} \;\text{ if not}

    An item needs features, not events: what nobody has met yet can be recommended.

    Args:
        item_features: (I, F) dense or sparse numbers, one row per item code; an item of which
            nothing is known has a row of zeros. ``make_model`` fills in TF-IDF of the texts.
        profile: "mean" takes every event as liked; "weighted" goes by the distance to the user's mean
            value, and says nothing of who gives one value only; "rocchio" sets liked against disliked.
        negative: gamma of rocchio, at least 0.
        like: value from which an item is liked, for rocchio; None is the user's own mean. The values
            of a pair that was met more than once are added up before (``mean_per_pair`` averages them).
        half_life: h, in days; an event counts half that is so much older than the user's last. None: all
            alike. Needs a log with times; of a pair met twice the last time counts.
        measure: "cosine", or "dot": products without the lengths, so that an item with large features wins.

    Attributes:
        X_: (I, F) the features, at length 1 for the cosine.
        fade_: (U, I) sparse d, where there is a half_life.

    Raises:
        ValueError: no features, another number of rows, NaN, a setting outside its range, "weighted"
            where all events have one value, a half_life without times. TypeError: features that
            are no numbers.

    Cost: fit O(stored features); score per user O(history * F), and O(I F) by BLAS for dense
        features, sum over the profile's words of items that have them for sparse ones.
    Book: equations (4.7) and (4.8); exercise rocchio.
    Source: Rocchio 1971; Lops et al. 2011; Pazzani & Billsus 2007. Differs: from Rocchio, no query that
        the profile starts from; its weights fade.
    """

    item_features: Any = field(default=None, repr=False)
    profile: Literal["mean", "weighted", "rocchio"] = "mean"
    negative: float = 0.25
    like: float | None = None
    half_life: float | None = None
    measure: Literal["cosine", "dot"] = "cosine"

    def _fit(self, data: Interactions) -> None:
        self._check_options(data)
        self._set_vectors(checked_features(self.item_features, data.n_items))
        if self.half_life is not None:
            self.fade_ = faded(data, self.half_life)

    def weights_of(self, histories: sparse.csr_array, fade: np.ndarray | None = None) -> sparse.csr_array:
        """(B, I) histories, (nnz,) d of their events (None: 1) -> (B, I) w of the formula."""
        d = np.ones(histories.nnz) if fade is None else fade
        if self.profile == "mean":
            return stored(histories, shares(d, histories))
        above = above_mean(histories)  # (nnz,) value less the user's mean
        if self.profile == "weighted":
            return stored(histories, np.sign(above) * shares(d * np.abs(above), histories))
        liked = above >= 0 if self.like is None else histories.data >= self.like
        good, bad = shares(d * liked, histories), shares(d * ~liked, histories)
        return stored(histories, good - self.negative * bad)

    def _weights(self, users: np.ndarray) -> sparse.csr_array:
        fade = None if self.half_life is None else self.fade_[users].data
        return self.weights_of(self.seen_[users], fade)

    def _check_options(self, data: Interactions) -> None:
        if self.profile not in ("mean", "weighted", "rocchio"):
            raise ValueError(f"profile: {self.profile!r}; expected 'mean', 'weighted' or 'rocchio'")
        if self.measure not in ("cosine", "dot"):
            raise ValueError(f"measure: {self.measure!r}; expected 'cosine' or 'dot'")
        check_range("negative", self.negative, 0, "a weight of")
        if self.like is not None and not np.isfinite(self.like):
            raise ValueError(f"like: {self.like}; expected a value of the log")
        if self.half_life is not None:
            check_range("half_life", self.half_life, 0, "days,", strict=True)
            if data.times is None:
                raise ValueError(f"half_life: {self.half_life} days, but data has no times; expected a clock")
        if self.profile == "weighted" and np.ptp(self.seen_.data) == 0:
            raise ValueError("profile: 'weighted' compares values, but all events have one; take 'mean'")


def _scale(profiles: Matrix) -> np.ndarray:
    """(B,) 1 / length; 0 for a profile without one, also where likes and dislikes cancel out."""
    if sparse.issparse(profiles):
        length = np.sqrt(row_sums(profiles.data**2, profiles.indptr))
    else:
        length = np.sqrt(np.einsum("bf,bf->b", profiles, profiles))
    return np.divide(1.0, length, out=np.zeros(len(length)), where=length > TINY)


def _times(profiles: Matrix, scale: np.ndarray) -> Matrix:
    """Each row times a number of its own."""
    if sparse.issparse(profiles):
        return stored(profiles, profiles.data * np.repeat(scale, np.diff(profiles.indptr)))
    return profiles * scale[:, None]
