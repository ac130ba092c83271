r"""Negatives, drawn: by popularity, inside the batch, hard ones; and what corrects the scores.

Looking at few negatives instead of all of them changes what a model learns. Two formulas undo
it: log q taken off the scores of a sampled softmax (:func:`logq_correction`), and odds scaled back
after negatives were dropped (:func:`corrected_probability`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recsys_course.compiled import chunks
from recsys_course.interactions import Interactions

ROUNDS = 20  # of drawing again, before a user's own distribution is written down
CELLS_AT_ONCE = 2**20  # candidates scored at a time

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (B,) users, (B, M) items -> (B, M) scores


class NegativeSampler:
    r"""Draws items that a user did not choose.

    .. math::
        q_i = c_i^\beta \Big/ \sum_j c_j^\beta                                           \tag{2.5}

    Args:
        data: the training log; c_i are its events per item.
        beta: 0 draws every item alike, also those without events; 1 as often as the item occurs,
            which is what the other rows of a batch do; 0.75 lies between. At least 0.
        reject: never draw what the user has met in ``data``.

    Attributes:
        counts: (I,) c_i. probabilities: (I,) q_i. n_left: (U,) items that can be drawn for a user.

    Raises:
        ValueError: no events, or a beta that is negative or not finite.

    Memory: O(N + I) for a log of N events; a draw adds O(B n).
    Book: equation (2.5); exercise negative_sampling_probabilities.
    Source: beta = 0.75 from Mikolov et al. 2013, for words.
    """

    def __init__(self, data: Interactions, beta: float = 0.0, reject: bool = True) -> None:
        if len(data) == 0:
            raise ValueError("data: no events; expected at least one")
        if not 0 <= beta < np.inf:
            raise ValueError(f"beta: {beta}; expected 0 or more")
        self.n_users, self.n_items, self.beta, self.reject = data.n_users, data.n_items, beta, reject
        self.counts = np.bincount(data.items, minlength=data.n_items)
        weight = (self.counts / self.counts.max()) ** beta  # at most 1: no overflow; and 0 ** 0 is 1
        self.probabilities = weight / weight.sum()
        self._running = np.cumsum(self.probabilities)
        self._last = int(np.flatnonzero(self.probabilities)[-1])
        self._met = _pairs(data)
        possible = self._met[self.probabilities[self._met % self.n_items] > 0]
        met = np.bincount(possible // self.n_items, minlength=self.n_users)
        self.n_left = np.count_nonzero(self.probabilities) - met * reject

    def known(self, users: Any, items: Any) -> np.ndarray:
        """Has the user met the item in the log? The arguments broadcast."""
        return _among(self._met, np.asarray(users, dtype=np.int64) * self.n_items + items)

    def draw(self, users: Any, n: int, rng: np.random.Generator) -> np.ndarray:
        """(B,) user codes -> (B, n) items, drawn with replacement by q among those allowed.

        Raises:
            ValueError: n < 1, a code outside its range, or a user who has met every item that
                can be drawn, so that no negative is left.

        Cost: O(B n log N); a user to whom hardly any item is new costs O(I) more.
        """
        users = self._check(users, n)
        who = np.repeat(users, n)
        drawn = self._any(len(who), rng)
        refused = np.flatnonzero(self.known(who, drawn)) if self.reject else np.empty(0, dtype=int)
        for _ in range(ROUNDS):
            drawn[refused] = self._any(len(refused), rng)
            refused = refused[self.known(who[refused], drawn[refused])]
        for user in np.unique(who[refused]):
            rows = refused[who[refused] == user]
            q = np.where(self.known(user, np.arange(self.n_items)), 0.0, self.probabilities)
            drawn[rows] = rng.choice(self.n_items, size=len(rows), p=q / q.sum())
        return drawn.reshape(len(users), n)

    def hard(self, users: Any, n: int, rng: np.random.Generator, score: Score, pool: int = 100) -> np.ndarray:
        """(B,) user codes -> (B, n): of ``pool`` drawn items those that the model scores highest.

        An item drawn twice counts once, unless fewer than n differ. The harder the negatives, the
        more of them are false: see :func:`false_negative_share`.

        Args:
            score: (B,) users and (B, pool) items -> (B, pool) scores, called in batches.
            pool: items drawn for a user, at least n.

        Raises:
            ValueError: as :meth:`draw`, pool < n, or scores of another shape or NaN.
        """
        users = self._check(users, n)
        if pool < n:
            raise ValueError(f"pool: {pool}; expected at least n = {n} items to choose from")
        best = np.empty((len(users), n), dtype=np.int64)
        for a, b in chunks(len(users), max(1, CELLS_AT_ONCE // pool)):
            items = np.sort(self.draw(users[a:b], pool, rng), axis=1)  # (B, M) repeats side by side
            scores = np.array(score(users[a:b], items), dtype=float)
            if scores.shape != items.shape or np.isnan(scores).any():
                raise ValueError(f"score: gave shape {scores.shape} or NaN; expected {items.shape} numbers")
            scores[:, 1:][items[:, 1:] == items[:, :-1]] = -np.inf
            top = np.argsort(-scores, axis=1, kind="stable")[:, :n]
            best[a:b] = np.take_along_axis(items, top, axis=1)
        return best

    def in_batch(self, users: Any, items: Any) -> np.ndarray:
        """(B,) users, (B,) items of the same events -> (B, B) bool: may column c be a negative of row b?

        Never the row's own item, wherever in the batch it stands; with ``reject`` nothing else
        that the user has met either. A row may be left without any.

        Raises:
            ValueError: a user code outside its range, or as many items as users are not given.
        """
        users, items = self._codes(users), np.asarray(items)
        if items.shape != users.shape:
            raise ValueError(f"items: shape {items.shape}; expected {users.shape}, one per user")
        _need_items("items", items, self.n_items)
        allowed = items[:, None] != items
        return allowed & ~self.known(users[:, None], items) if self.reject else allowed

    def _any(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """(size,) items by q, whoever asks."""
        place = np.searchsorted(self._running, rng.random(size) * self._running[-1], side="right")
        return np.minimum(place, self._last)  # rounding at the end

    def _check(self, users: Any, n: int) -> np.ndarray:
        """Codes of users who have a negative left."""
        if n < 1:
            raise ValueError(f"n: {n}; expected at least 1 negative")
        users = self._codes(users)
        if users.size and self.n_left[users].min() == 0:
            full = users[self.n_left[users] == 0][0]
            raise ValueError(f"users: user {full} has met every item that can be drawn; no negative is left")
        return users

    def _codes(self, users: Any) -> np.ndarray:
        users = np.asarray(users)
        if users.ndim != 1 or (users.size and not np.issubdtype(users.dtype, np.integer)):
            raise ValueError(f"users: {users.dtype} of shape {users.shape}; expected (B,) integer codes")
        if users.size and not 0 <= users.min() <= users.max() < self.n_users:
            raise ValueError(f"users: codes {users.min()}..{users.max()}; expected 0..{self.n_users - 1}")
        return users.astype(np.int64)


def false_negative_share(users: Any, negatives: Any, wanted: Interactions) -> float:
    """Share of the drawn items that the user does want: (B,) users, (B, n) items, a log of what they want.

    On real data ``wanted`` is a later log, and the share is a lower bound; the simulated world can tell all.

    Raises:
        ValueError: shapes that do not match, no negatives, or a code that is no item.
    """
    users, negatives = np.asarray(users), np.asarray(negatives)
    if negatives.ndim != 2 or users.shape != negatives.shape[:1] or not negatives.size:
        raise ValueError(f"negatives: shape {negatives.shape}; expected ({len(users)}, n), n at least 1")
    _need_items("negatives", negatives, wanted.n_items)
    asked = users[:, None].astype(np.int64) * wanted.n_items + negatives
    return float(_among(_pairs(wanted), asked).mean())


def _need_items(name: str, codes: np.ndarray, n_items: int) -> None:
    """Refuse a code outside the catalogue, which would be read as another user's pair."""
    if codes.size and not 0 <= codes.min() <= codes.max() < n_items:
        raise ValueError(f"{name}: codes {codes.min()}..{codes.max()}; expected 0..{n_items - 1}")


def logq_correction(scores: Any, probabilities: Any) -> np.ndarray:
    r"""Scores for a softmax over drawn items, as if over all items.

    .. math::
        s'_{ui} = s_{ui} - \ln q_i                                                       \tag{2.6}

    Args:
        scores: (..., n) of the drawn items. probabilities: q of each; broadcasts to scores.

    An item drawn ten times as often stands in the sum ten times as often; :math:`e^{-\ln q}` weighs
    it back. Only relative q matter: a constant factor shifts all scores alike. To serve, leave it out.

    Raises:
        ValueError: a probability outside (0, 1], or NaN.

    Book: equation (2.6); exercise logq.
    Source: Bengio and Senécal 2008; Yi et al. 2019 for batches.
    """
    q = np.asarray(probabilities, dtype=float)
    wrong = ~((q > 0) & (q <= 1))
    if wrong.any():
        raise ValueError(f"probabilities: {q[wrong].flat[0]}; expected more than 0 and at most 1")
    return np.asarray(scores, dtype=float) - np.log(q)


def corrected_probability(predicted: Any, kept: float) -> np.ndarray:
    r"""What a model learned on part of the negatives says about all of them.

    .. math::
        p = \frac{\tilde p}{\tilde p + (1 - \tilde p) / w}                               \tag{2.7}

    Args:
        predicted: (...) probabilities from a model trained with a share of the negatives.
        kept: w, that share, in (0, 1]; every positive was kept.

    Raises:
        ValueError: a probability outside 0..1 or NaN, or another ``kept``.

    The order of the scores does not change. Book: equation (2.7); exercise corrected_probability.
    Source: He et al. 2014.
    """
    p = np.asarray(predicted, dtype=float)
    if not 0 < kept <= 1:
        raise ValueError(f"kept: {kept}; expected a share of more than 0 and at most 1")
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        raise ValueError(f"predicted: {p[wrong].flat[0]}; expected probabilities in 0..1")
    return p / (p + (1 - p) / kept)


def _pairs(data: Interactions) -> np.ndarray:
    """(P,) numbers u * I + i of the pairs in a log, sorted, each once."""
    return np.unique(data.users.astype(np.int64) * data.n_items + data.items)


def _among(pairs: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(...) bool: does the number stand in the sorted pairs?"""
    if not len(pairs):
        return np.zeros(np.shape(asked), dtype=bool)
    return pairs[np.minimum(np.searchsorted(pairs, asked), len(pairs) - 1)] == asked
