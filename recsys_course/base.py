"""What every algorithm shares: fit, score, recommend, predict, and clear refusals.

An algorithm is a dataclass whose fields are its configuration. It writes ``_fit`` and
``_score`` (a ranker) or ``_fit`` and ``_predict`` (a rating predictor); nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse

from recsys_course.compiled import in_threads
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.ranking import top_n

CELLS_PER_BATCH = 2**17  # scores held at a time by one thread: 1 MB of float64, about what a cache holds


class NotFitted(RuntimeError):
    """The model was asked before :meth:`Fitted.fit`."""


class Diverged(RuntimeError):
    """Training left the finite numbers; the message says what to lower."""


class Fitted(ABC):
    """The part of a model that learns: ``fit`` and the state it leaves.

    Attributes:
        n_users_, n_items_: size of the id space the model was fitted on.
        seen_: (U, I) sparse values of the training log, repeats added up.
    """

    n_users_: int
    n_items_: int
    seen_: sparse.csr_array

    def fit(self, data: Interactions) -> Self:
        """Learn from a log; returns the model itself.

        Raises:
            TypeError: ``data`` is not Interactions. ValueError: the log is empty.
        """
        if not isinstance(data, Interactions):
            raise TypeError(f"data: {type(data).__name__}; expected Interactions (see from_frame)")
        if len(data) == 0:
            raise ValueError("data: no events; expected at least one")
        self.n_users_, self.n_items_ = data.n_users, data.n_items
        self.seen_ = data.to_csr()
        try:
            self._fit(data)
        except BaseException:
            del self.seen_  # half a fit is none
            raise
        return self

    @abstractmethod
    def _fit(self, data: Interactions) -> None: ...

    def _check(self, codes: Any, n: int, name: str) -> np.ndarray:
        """(N,) codes inside the fitted id space."""
        codes = np.atleast_1d(np.asarray(codes))
        if codes.ndim != 1:
            raise ValueError(f"{name}: shape {codes.shape}; expected one dimension")
        if codes.size == 0:
            return codes.astype(np.int64)  # an empty list has no dtype of its own
        if not np.issubdtype(codes.dtype, np.integer):
            raise TypeError(f"{name}: dtype {codes.dtype}; expected integer codes (IdMap.encode gives them)")
        wrong = (codes < 0) | (codes >= n)
        if wrong.any():
            raise UnknownId(
                f"{name}: code {codes[wrong][0]} was not in the training data, whose codes are 0..{n - 1}"
            )
        return codes

    def _need_fit(self) -> None:
        if not hasattr(self, "seen_"):
            raise NotFitted(f"{type(self).__name__} is not fitted; call fit(data) first")


class Recommender(Fitted):
    """Ranks items for users. Subclasses write ``_fit`` and ``_score``."""

    @abstractmethod
    def _score(self, users: np.ndarray) -> np.ndarray: ...

    def score(self, users: Any) -> np.ndarray:
        """(B,) user codes -> (B, I) scores; higher is better, the scale is the model's own.

        Raises:
            NotFitted: before fit. UnknownId: a code outside the training data.
            TypeError: codes that are not integers.
        """
        self._need_fit()
        return self._score(self._check(users, self.n_users_, "users"))

    def recommend(
        self,
        users: Any,
        n: int = 10,
        *,
        exclude_seen: bool = True,
        cold: Literal["model", "popular"] = "model",
    ) -> np.ndarray:
        """(B,) user codes -> (B, n) item codes, best first, padded with -1.

        Args:
            users: codes; -1 stands for a user never seen, allowed with cold="popular".
            n: length of the lists.
            exclude_seen: leave out what the user met in training.
            cold: who serves a user without history. "model" leaves it to the model;
                "popular" lists what most users met.

        Raises:
            NotFitted, UnknownId: as :meth:`score`. ValueError: n < 1, or a wrong ``cold``.

        Memory: batches of at most ``CELLS_PER_BATCH`` scores per thread, never (U, I).
        """
        self._need_fit()
        if cold not in ("model", "popular"):
            raise ValueError(f"cold: {cold!r}; expected 'model' or 'popular'")
        if n < 1:
            raise ValueError(f"n: {n}; expected a list length of at least 1")
        users = np.atleast_1d(np.asarray(users))
        popular = cold == "popular"
        known = users.copy()
        if popular:
            known[users == -1] = 0  # a stand-in; the list is popularity's
        known = self._check(known, self.n_users_, "users")
        served_cold = (users == -1) | (np.diff(self.seen_.indptr)[known] == 0) if popular else None

        def work(start: int, stop: int) -> np.ndarray:
            batch = known[start:stop]
            scores = self._score(batch)
            seen = self.seen_[batch]
            if served_cold is not None and (rows := served_cold[start:stop]).any():
                scores = np.where(rows[:, None], self._popularity(), scores)
                seen = _without_rows(seen, rows)
            return top_n(scores, n, seen if exclude_seen else None)

        batch_size = max(1, CELLS_PER_BATCH // max(1, self.n_items_))
        lists = in_threads(work, len(users), batch_size)
        return np.concatenate(lists) if lists else np.empty((0, n), dtype=np.int32)

    def _popularity(self) -> np.ndarray:
        """(I,) users who met each item."""
        return np.bincount(self.seen_.indices, minlength=self.n_items_).astype(np.float64)


@dataclass
class RatingPredictor(Fitted):
    """Predicts the stars a user would give. Subclasses write ``_fit`` and ``_predict``.

    Args:
        clip: keep what ``predict`` says inside the range of stars seen in training. An option
            of every rating predictor, given by keyword; scores for a ranking are never clipped.
    """

    clip: bool = field(default=True, kw_only=True)  # so that a model's own options come first

    def fit(self, data: Interactions) -> Self:
        """Learn from a log of ratings; of a pair rated more than once the mean counts.

        Raises:
            TypeError, ValueError: as :meth:`Fitted.fit`.
        """
        return super().fit(data.mean_per_pair() if isinstance(data, Interactions) else data)

    @abstractmethod
    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray: ...

    def predict(self, users: Any, items: Any) -> np.ndarray:
        """(N,) user codes, (N,) item codes -> (N,) stars.

        Raises:
            NotFitted: before fit. UnknownId: a code outside the training data.
            ValueError: the two have different lengths.
        """
        self._need_fit()
        users = self._check(users, self.n_users_, "users")
        items = self._check(items, self.n_items_, "items")
        if len(users) != len(items):
            raise ValueError(f"items: {len(items)} codes; expected {len(users)}, as many as users")
        stars = self._predict(users, items)
        return np.clip(stars, self.seen_.data.min(), self.seen_.data.max()) if self.clip else stars


def _without_rows(matrix: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """The matrix with the marked rows emptied; stored zeros elsewhere stay stored."""
    size = np.diff(matrix.indptr)
    kept = np.repeat(~rows, size)
    start = np.r_[0, np.cumsum(size * ~rows)]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], start), shape=matrix.shape)


def check_range(name: str, value: float, low: float, what: str, strict: bool = False) -> None:
    """Refuse a configuration value: ``low`` is its least allowed value."""
    if not (value > low if strict else value >= low):
        sign = "more than" if strict else "at least"
        raise ValueError(f"{name}: {value}; expected {what} {sign} {low}")


def stop_if_diverged(model: Fitted, epoch: int, *arrays: np.ndarray) -> None:
    """Raise :class:`Diverged` with advice once a parameter is no longer finite."""
    if not all(np.isfinite(array).all() for array in arrays):
        rate = getattr(model, "learning_rate", None)
        raise Diverged(
            f"{type(model).__name__} diverged in epoch {epoch + 1}: parameters are not finite. "
            f"Lower learning_rate (now {rate}), for example to {rate / 4 if rate else 0.01:g}, or raise reg."
        )
