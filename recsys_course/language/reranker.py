"""The best of a recommender, put in order by a language model."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.interactions import Interactions
from recsys_course.language.many import rank_many
from recsys_course.language.ranking import LanguageModelRanker, check_ranker, checked_titles

_ONE_AT_A_TIME = threading.Lock()  # recommend scores in threads; a ranker counts, and a model computes


@dataclass
class LanguageReranker(Recommender):
    r"""Let a language model order the best unmet items of another recommender.

    .. math:: \hat s_{ui} = I - \mathrm{place}(u, i)

    The base's best ``depth`` items that the user has not met come first, in the order of the ranker; all
    others follow in the base's. An item that the user has met takes no place among the candidates. Who has
    no history, or fewer than two candidates, keeps the base's order, and nobody is asked.

    Args:
        base: finds candidates; a copy is fitted. What it scores with NaN or -inf is never listed.
        ranker: orders them, see :class:`.LanguageModelRanker`.
        titles: I texts, by item code. depth: candidates, at least 1.
        history_length: the latest items, each once, that the ranker is told of, at least 1.
        folder, on_error: see :func:`.rank_many`; with a folder nothing is asked twice.

    Attributes:
        base_: the fitted base. titles_: the titles as they were at fit.

    Raises:
        ValueError: a number outside its range, another number of titles than items.
            TypeError: no recommender, no ranker, titles that are no texts. RankingError: from the ranker.

    Cost: one question per user, where the base needs microseconds; see :func:`.serving_cost`.
    Source: Hou et al. 2024 (a language model orders the candidates of a retrieval).
    """

    base: Recommender
    ranker: LanguageModelRanker
    titles: Sequence[str] = field(repr=False)
    depth: int = 20
    history_length: int = 10
    folder: str | Path | None = None
    on_error: Literal["raise", "given"] = "raise"

    def _fit(self, data: Interactions) -> None:
        self._check_settings(data.n_items)
        self.base_ = copy.copy(self.base).fit(data)
        when = np.zeros(len(data)) if data.times is None else data.times
        order = np.lexsort([when, data.users])  # stable: without a clock, the order of the log
        self._events = data.items[order]  # (N,) by user, oldest first
        self._start = np.searchsorted(data.users[order], np.arange(data.n_users + 1))  # (U + 1,)

    def _check_settings(self, n_items: int) -> None:
        if not isinstance(self.base, Recommender):
            raise TypeError(f"base: {self.base!r}; expected a Recommender")
        check_ranker(self.ranker)
        check_range("depth", self.depth, 1, "candidates,")
        check_range("history_length", self.history_length, 1, "items,")
        self.titles_ = checked_titles(self.titles, "titles")
        if len(self.titles_) != n_items:
            raise ValueError(f"titles: {len(self.titles_)}; expected {n_items}, one per item code")

    def history(self, user: int) -> np.ndarray:
        """(n,) the latest items of a user, oldest first, each at its latest time; at most history_length."""
        self._need_fit()
        (code,) = self._check([user], self.n_users_, "user")
        latest = self._events[self._start[code] : self._start[code + 1]][::-1]
        return np.array(list(dict.fromkeys(latest.tolist()))[: self.history_length][::-1], dtype=np.int64)

    def _score(self, users: np.ndarray) -> np.ndarray:
        asked, rows = np.unique(users, return_inverse=True)
        scores = np.asarray(self.base_.score(asked), dtype=np.float64)
        refused = np.isnan(scores) | (scores == -np.inf)
        order = np.argsort(-np.where(refused, -np.inf, scores), axis=1, kind="stable")  # (B, I)
        order = self._reordered(asked, order, refused)
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(order.shape[1])[None], axis=1)
        return np.where(refused, -np.inf, self.n_items_ - place)[rows]

    def _reordered(self, users: np.ndarray, order: np.ndarray, refused: np.ndarray) -> np.ndarray:
        """(B, I) items in the base's order -> candidates first, in the ranker's."""
        heads = [self._candidates(*row) for row in zip(users, order, refused, strict=True)]
        past = [self.history(user) for user in users]
        rows = [row for row, head in enumerate(heads) if len(head) > 1 and len(past[row])]
        with _ONE_AT_A_TIME:
            rankings = rank_many(
                self.ranker,
                [[self.titles_[item] for item in past[row]] for row in rows],
                [[self.titles_[item] for item in heads[row]] for row in rows],
                self.folder,
                self.on_error,
            )
        for row, ranking in zip(rows, rankings, strict=True):
            heads[row] = heads[row][ranking.order]
        new = [np.r_[head, row[~np.isin(row, head)]] for head, row in zip(heads, order, strict=True)]
        return np.stack(new) if new else order

    def _candidates(self, user: int, order: np.ndarray, refused: np.ndarray) -> np.ndarray:
        """The base's best items that the user has not met."""
        met = self.seen_.indices[self.seen_.indptr[user] : self.seen_.indptr[user + 1]]
        return order[~np.isin(order, met) & ~refused[order]][: self.depth]
