"""Items as words, sessions as sentences: vectors from what is met together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_course.base import check_range
from recsys_course.content.profiles import ProfileRanker
from recsys_course.interactions import Interactions


@dataclass
class Item2Vec(ProfileRanker):
    r"""Learn a vector per item such that items of one session have a large product; rank by their cosine.

    .. math:: \hat s_{ui} = \frac{p_u^\top v_i}{\|p_u\|\,\|v_i\|}, \qquad
              p_u = \frac{1}{|I_u|} \sum_{j \in I_u} \frac{v_j}{\|v_j\|}

    The vectors v are those of skip-gram with negative sampling, :func:`.train_sgns`, where a session
    takes the place of a sentence. It needs no features, and knows nothing of an item without events.

    Args:
        n_factors: length of the vectors, at least 1.
        window: how far apart two items of a session may stand and count as met together, at least 1.
        n_negatives: items drawn against each pair, at least 1.
        n_epochs: passes over the sessions, at least 1.
        learning_rate: of the first step, more than 0; falls to almost 0.
        sample: share of all events from which an item is thinned out, at least 0; 0 thins nothing.
        power: how strongly popular items are drawn as negatives: 1 as often as they are met, 0 all alike,
            below 0 the rare ones more.
        gap: seconds without an event that end a session, at least 0; None takes the whole history of
            a user as one session and needs no clock.
        seed: of the start and everything drawn.

    Attributes:
        V_: (I, K) float32 vectors; zeros for an item that is in no session of two events or more.
        loss_: (n_epochs,) mean loss of the pairs; empty where no session has two events.
        X_: (I, K) V_ at length 1.

    Raises:
        ValueError: a setting outside its range, or a gap and a log without times. Diverged: see
            ``train_sgns``.

    Cost: O(pairs * n_negatives * K) per epoch; score O(history * K + I K) per user.
    Book: chapter 4.
    Source: Barkan & Koenigstein 2016; Mikolov et al. 2013. Differs: order within a window is kept, where
        the paper draws pairs from the whole set; users are the mean of their items, where the paper ranks
        items for an item.
    """

    n_factors: int = 50
    window: int = 5
    n_negatives: int = 5
    n_epochs: int = 10
    learning_rate: float = 0.025
    sample: float = 1e-3
    power: float = 0.75
    gap: float | None = 1800
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        self._check_options()
        together = [met for met in sessions(data, self.gap) if len(met) > 1]
        self.V_ = np.zeros((data.n_items, self.n_factors), dtype=np.float32)  # (I, K)
        self.loss_ = np.zeros(0)
        if together:
            from recsys_course.content.text import train_sgns

            V, _, self.loss_ = train_sgns(together, data.n_items, what="Item2Vec", **self._settings())
            known = np.unique(np.concatenate(together))
            self.V_[known] = V[known]  # of the others V holds only where they started
        self._set_vectors(self.V_)

    def _settings(self) -> dict[str, Any]:
        """The fields that are train_sgns's own."""
        return {
            name: value for name, value in vars(self).items() if name in self.__match_args__ and name != "gap"
        }

    def _check_options(self) -> None:
        for name in ("n_factors", "window", "n_negatives", "n_epochs"):
            check_range(name, getattr(self, name), 1, "a count of")
        check_range("learning_rate", self.learning_rate, 0, "a rate of", strict=True)
        for name in ("sample", "seed"):
            check_range(name, getattr(self, name), 0, "a value of")
        if self.gap is not None:
            check_range("gap", self.gap, 0, "seconds,")


def sessions(log: Interactions, gap: float | None = 1800) -> list[np.ndarray]:
    """The log as sessions: runs of a user's events with at most ``gap`` seconds from one to the next.

    Args:
        log: events in any order; those of one second stay in the order of the log.
        gap: seconds, at least 0; None: all events of a user are one session, by time if there is one.

    Returns:
        arrays of item codes in the order of time, by user and time; an item may come twice.

    Raises:
        ValueError: a negative gap, or a gap and a log without times.

    Cost: O(N log N).
    """
    if gap is not None:
        check_range("gap", gap, 0, "seconds,")
        if log.times is None:
            raise ValueError(
                "data: no times; expected a log with a clock (from_frame(..., time=...)), or gap=None"
            )
    times = np.zeros(len(log), dtype=np.int64) if log.times is None else log.times
    order = np.lexsort((times, log.users))  # stable: equal times stay as logged
    user, time = log.users[order], times[order]
    new = np.diff(user) != 0
    if gap is not None:
        new |= np.diff(time) > gap
    return np.split(log.items[order], np.flatnonzero(new) + 1) if len(log) else []
