"""One model's suggestions become weak events for another to learn from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_course.base import Recommender, check_range
from recsys_course.hybrid.members import Hybrid, check_fitted, check_members, fresh
from recsys_course.interactions import Interactions


@dataclass
class FeatureAugmentation(Hybrid):
    """Fill short histories with what another model would recommend, and learn from the fuller log.

    The augmenter is fitted on the log; the n items that it recommends to a user join the log as events of
    that user, with less weight than real ones. The model is fitted on the result. With an augmenter
    that reads content this is content-boosted collaborative filtering.

    Args:
        model: learns from the fuller log and gives the scores.
        augmenter: suggests the weak events.
        n: weak events per user, at least 0; with 0 the model is fitted on the log as it is.
        weight: value of a weak event, in 0..1 of a real one's (the mean value of the log); 0 adds none.

    Attributes:
        log_: the log that the model was fitted on. n_added_: its weak events.

    Raises:
        ValueError: n or weight outside its range; as :class:`.Hybrid`.

    A model with an option ``use_values`` that is False counts every event 1: to let a weak event count
    ``weight``, it is fitted with ``use_values=True`` on a log in which each real pair has the value 1.
    A model without values (EASE, popularity) counts weak events in full. What a user was only
    suggested stays new to the user: it can be recommended. With ``refit=False`` the augmenter is fitted
    already; the model is fitted always.

    Cost: both fits, and the augmenter's lists: O(U n) events more.
    Source: Burke 2002 (feature augmentation); Melville, Mooney and Nagarajan 2002. Differs: top-n as weak
        events instead of predicted stars for all pairs.
    """

    model: Recommender
    augmenter: Recommender
    n: int = 20
    weight: float = 0.5

    def _given(self) -> dict[str, Recommender]:
        given = {"model": self.model, "augmenter": self.augmenter}
        check_members(given)
        return given

    def _check_settings(self) -> None:
        check_range("n", self.n, 0, "weak events,")
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight: {self.weight}; expected a share in 0..1")

    def _fit_members(self, given: dict[str, Recommender], data: Interactions) -> tuple[Recommender, ...]:
        if not self.refit:
            check_fitted({"augmenter": self.augmenter}, data)
        augmenter = fresh(self.augmenter).fit(data) if self.refit else self.augmenter
        model: Any = fresh(self.model)
        self.log_ = data
        if self.n > 0 and self.weight > 0:
            if getattr(model, "use_values", None) is False:
                model = dataclasses.replace(model, use_values=True)
                data = data.binary().mean_per_pair()
            lists = augmenter.recommend(np.arange(data.n_users), self.n)
            self.log_ = augmented(data, lists, self.weight * float(data.values.mean()))
        self.n_added_ = len(self.log_) - len(data)
        return model.fit(self.log_), augmenter

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self._score_of(0, users)  # (B, I)

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        return {"model": self._score(np.array([user]))[0].astype(float)}

    def _pass_on(self, name: str, part: np.ndarray, inner: np.ndarray) -> np.ndarray:
        return inner  # the model's score is the hybrid's


def augmented(data: Interactions, lists: np.ndarray, value: float) -> Interactions:
    """The log with (U, n) lists as events of that value, at the time of the user's last event.

    A user without events gets the time of the log's last. Padding (-1) adds nothing.
    """
    users, place = np.nonzero(lists >= 0)
    times = None
    if data.times is not None:
        last = np.full(data.n_users, np.iinfo(np.int64).min)
        np.maximum.at(last, data.users, data.times)
        last[np.bincount(data.users, minlength=data.n_users) == 0] = data.times.max()
        times = np.r_[data.times, last[users]]
    return dataclasses.replace(
        data,
        users=np.r_[data.users, users],
        items=np.r_[data.items, lists[users, place]],
        values=np.r_[data.values, np.full(len(users), value)],
        times=times,
    )
