"""What all hybrids share: several models under one roof, each with a name."""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recsys_course.base import NotFitted, Recommender
from recsys_course.hybrid.scores import shared
from recsys_course.interactions import Interactions
from recsys_course.progress import progress
from recsys_course.ranking import coordinates

Models = Sequence[Recommender] | Mapping[str, Recommender]


@dataclass
class Hybrid(Recommender):
    """A recommender made of recommenders, hybrids among them.

    Most hybrids have a field ``models``, a list or a dict name -> Recommender; those with two roles
    (a cascade's first and second) name them.

    Args:
        refit: fit the members on the log given to ``fit``. A copy of each is fitted, so that one model
            can serve in two hybrids; the fitted ones are ``members_``. False: the members are
            fitted already and are used as they are.

    Attributes:
        names_: names of the members: the keys of a dict, else their classes. members_: the fitted members.

    Raises:
        ValueError: fewer than two members, the same object twice, or, with ``refit=False``, members that
            were fitted on other sets of users or items. TypeError: a member is no Recommender.
        NotFitted: a member is not fitted and ``refit`` is False.
    """

    refit: bool = field(default=True, kw_only=True)

    @abstractmethod
    def _given(self) -> dict[str, Recommender]:
        """The members as configured, under their names."""

    def _check_settings(self) -> None:
        """Refuse wrong options; called before any member is fitted, with ``names_`` set."""

    def _learn(self, data: Interactions) -> None:
        """What is learned over the fitted members."""

    def _fit(self, data: Interactions) -> None:
        given = self._given()
        self.names_ = tuple(given)
        self._check_settings()
        self.members_ = self._fit_members(given, data)
        self._learn(data)

    def _fit_members(self, given: dict[str, Recommender], data: Interactions) -> tuple[Recommender, ...]:
        if not self.refit:
            check_fitted(given, data)
            return tuple(given.values())
        named = progress(given.values(), f"{type(self).__name__}: members", len(given), "model")
        return tuple(fresh(model).fit(data) for model in named)

    def member(self, name: str) -> Recommender:
        """The fitted member of that name."""
        self._need_fit()
        check_name(name, self.names_, "name")
        return self.members_[self.names_.index(name)]

    def member_scores(self, users: np.ndarray) -> list[np.ndarray]:
        """A (B, I) array per member, on the member's own scale."""
        self._need_fit()
        return [self._score_of(m, users) for m in range(len(self.members_))]

    def unseen(self, users: np.ndarray) -> np.ndarray:
        """(B, I) bool: what the users have not met in training."""
        seen = self.seen_[users]
        mask = np.ones(seen.shape, dtype=bool)
        mask[coordinates(seen)] = False
        return mask

    def _score_of(self, m: int, users: np.ndarray) -> np.ndarray:
        scores = np.asarray(self.members_[m].score(users))
        if scores.shape != (expected := (len(users), self.n_items_)):
            raise ValueError(f"models: {self.names_[m]!r} scored {scores.shape}; expected {expected}")
        return scores

    @abstractmethod
    def _parts(self, user: int) -> dict[str, np.ndarray]:
        """Name -> (I,) what each member adds to the user's scores; they add up to the scores."""

    def _pass_on(self, name: str, part: np.ndarray, inner: np.ndarray) -> np.ndarray:
        """(J, I): the member's (I,) part, divided among the (J, I) parts of the member's own score.

        Where the member has no finite score, all inner parts hold that score.
        """
        return shared(part, inner)


def named(models: Any, least: int = 2, taken: tuple[str, ...] = ()) -> dict[str, Recommender]:
    """Name -> model of a list or dict, checked; a list's names are the classes, repeats numbered.

    Raises:
        TypeError: no list or dict, or an entry that is no Recommender.
        ValueError: fewer than ``least``, the same object twice, a name that is ``taken`` by something
            else, or one with "/", which parts the names of an explanation.
    """
    if isinstance(models, Mapping):
        given = {str(name): model for name, model in models.items()}
    elif isinstance(models, Sequence) and not isinstance(models, str):
        given = {}
        for model in models:
            kind = type(model).__name__
            number = sum(type(other).__name__ == kind for other in given.values()) + 1
            given[kind if number == 1 else f"{kind} {number}"] = model
    else:
        raise TypeError(f"models: {type(models).__name__}; expected a list of models or a dict name -> model")
    check_members(given)
    if len(given) < least:
        raise ValueError(f"models: {len(given)} given; expected at least {least}")
    for name in given:
        if name in taken or "/" in name or not name:
            raise ValueError(
                f"models: the name {name!r}; expected one without '/' and none of {['', *taken]}"
            )
    return given


def check_members(given: dict[str, Recommender]) -> None:
    """Refuse what cannot rank, and the same object under two names."""
    owner: dict[int, str] = {}
    for name, model in given.items():
        if not isinstance(model, Recommender):
            hint = "; an object, not the class" if isinstance(model, type) else ", which ranks items"
            label = model.__name__ if isinstance(model, type) else type(model).__name__
            raise TypeError(f"models: {name!r} is {label}; expected a Recommender{hint}")
        if id(model) in owner:
            raise ValueError(
                f"models: {owner[id(model)]!r} and {name!r} are the same object; expected two models "
                "(copy.deepcopy makes a second)"
            )
        owner[id(model)] = name


def check_fitted(given: dict[str, Recommender], data: Interactions) -> None:
    """Refuse members that are not fitted, or on other users or items than each other and the log."""
    sizes = {}
    for name, model in given.items():
        if not hasattr(model, "seen_"):
            raise NotFitted(f"models: {name!r} is not fitted; fit it first, or set refit=True")
        sizes[name] = (model.n_users_, model.n_items_)
    sizes["data"] = (data.n_users, data.n_items)
    first = next(iter(sizes))
    for name, size in sizes.items():
        if size != sizes[first]:
            raise ValueError(
                f"models: {first!r} has {sizes[first][0]} users and {sizes[first][1]} items, {name!r} has "
                f"{size[0]} and {size[1]}; expected the same (fit all on one log, or set refit=True)"
            )


def fresh(model: Recommender) -> Recommender:
    """An unfitted model of the same settings; what is no dataclass is copied as it stands."""
    return dataclasses.replace(model) if dataclasses.is_dataclass(model) else copy.deepcopy(model)


def frozen(model: Recommender) -> bool:
    """Does the model keep members fitted elsewhere, so that a new fit would not forget their log?"""
    return isinstance(model, Hybrid) and (not model.refit or any(map(frozen, model._given().values())))


def check_name(name: str, names: Sequence[str], what: str) -> None:
    """Refuse a name that no member has."""
    if name not in names:
        raise ValueError(f"{what}: {name!r}; expected one of {', '.join(map(repr, names))}")


def finite_score(model: Recommender, user: Any, item: Any) -> tuple[int, int, float]:
    """One user, one item, and the model's score of the item, or a ValueError where it has none."""
    model._need_fit()
    u = int(model._check([user], model.n_users_, "user")[0])
    i = int(model._check([item], model.n_items_, "item")[0])
    score = float(model.score([u])[0, i])
    if not np.isfinite(score):
        raise ValueError(f"item: {i} has the score {score} for user {u}; expected one that is finite")
    return u, i, score
