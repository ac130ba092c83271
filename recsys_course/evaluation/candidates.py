"""The models of a comparison: how each is made, what is tried, whether it draws random numbers."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from recsys_course.base import Fitted
from recsys_course.evaluation.spaces import SPACES, Space
from recsys_course.registry import did_you_mean, make_model, model_info, parameters, with_features

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Candidate:
    """One model to judge.

    Attributes:
        name: how it is called in the report.
        make: options -> a model that is not fitted.
        space: what is tried for which option.
        defaults: option -> default, for all options that have one.
        random: it takes a ``seed``, so it runs once with each.
    """

    name: str
    make: Callable[..., Fitted]
    space: Space
    defaults: Mapping[str, Any]
    random: bool

    def build(self, options: Mapping[str, Any], seed: int) -> Fitted:
        """A model with these options, and the seed if it takes one."""
        return self.make(**options, **({"seed": seed} if self.random else {}))

    def made_of(self) -> str:
        """A short checksum of what makes this candidate, to tell it from another of its name."""
        model = self.make()
        plain = {"class": f"{type(model).__module__}:{type(model).__qualname__}", "space": self.space}
        made = {"defaults": dict(self.defaults), "made": vars(model)}  # what the factory sets, too
        text = json.dumps(plain | made, sort_keys=True, default=_told)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _told(value: Any) -> str:
    """A value in words that are the same in every process: without an address in memory."""
    if sparse.issparse(value):
        return f"{value.format} {value.shape} {_told(np.array(value.tocoo().coords))} {_told(value.data)}"
    if isinstance(value, np.ndarray):  # its repr leaves most of it out
        return f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    if name := getattr(value, "__qualname__", None):
        return str(name)
    own = type(value).__repr__ is not object.__repr__
    return repr(value) if own else type(value).__qualname__


Models = Iterable[str | Candidate] | Mapping[str, Any]


def candidates(models: Models) -> list[Candidate]:
    """Names of the registry (or :func:`registered` ones), or {name: (factory, space)}, as candidates.

    Raises:
        ValueError: a name that is not known (the nearest is told), an option of a space that the
            factory does not take, or a default outside its space. TypeError: no factory.
    """
    if isinstance(models, str):
        models = [models]
    if isinstance(models, Mapping):
        found = [_given(name, value) for name, value in models.items()]
    else:
        named = [m if isinstance(m, Candidate) else registered(m) for m in models]
        _need_one_each(named)
        found = list({candidate.name: candidate for candidate in named}.values())
    if not found:
        raise ValueError("models: none; expected at least one")
    return found


def _need_one_each(named: list[Candidate]) -> None:
    for name in {candidate.name for candidate in named}:
        if len({candidate.made_of() for candidate in named if candidate.name == name}) > 1:
            raise ValueError(
                f"models: {name!r} twice with different options; expected each name once "
                "(dataclasses.replace(candidate, name=...) gives another)"
            )


def registered(name: str, items: pd.DataFrame | None = None, **fixed: Any) -> Candidate:
    """A model of the registry with its space; an option that is ``fixed`` is not tried.

    Args:
        items: the dataset's item table, for models that go by what items are; see :func:`.make_model`.
            Leave out what was written after the moment of the split, such as late tags.

    Raises:
        ValueError, TypeError: as :func:`.make_model`.
    """
    model_info(name)
    options = parameters(name)
    fixed = with_features(name, items, fixed)  # made once, not for every trial
    make = partial(make_model, name, **fixed)
    defaults = {key: value for key, value in vars(make()).items() if key in options and key != "seed"}
    space = {key: values for key, values in SPACES.get(name, {}).items() if key not in fixed}
    return _checked(
        Candidate(name, make, space, defaults, "seed" in options and "seed" not in fixed), set(options)
    )


def _given(name: str, value: Any) -> Candidate:
    factory, space = value if isinstance(value, tuple) else (value, {})
    if not callable(factory):
        raise TypeError(f"models: {name!r} is {type(factory).__name__}; expected (factory, space)")
    taken = inspect.signature(factory).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in taken.values())
    defaults = {key: p.default for key, p in taken.items() if p.default is not p.empty and key != "seed"}
    known = None if anything else set(taken)
    return _checked(Candidate(name, factory, dict(space), defaults, "seed" in taken), known)


def _checked(candidate: Candidate, known: set[str] | None) -> Candidate:
    for key, values in candidate.space.items():
        if known is not None and key not in known:
            hint = did_you_mean(key, known) or f"; it has: {', '.join(sorted(known)) or 'none'}"
            raise ValueError(f"space of {candidate.name!r}: no option {key!r}{hint}")
        if not isinstance(values, list) and not (len(values) == 2 and 0 < values[0] < values[1]):
            raise ValueError(
                f"space of {candidate.name!r}: {key}: {values!r}; expected a list, or a pair 0 < low < high"
            )
        if key in candidate.defaults and not _inside(candidate.defaults[key], values):
            raise ValueError(
                f"space of {candidate.name!r}: {key}: default {candidate.defaults[key]!r}; "
                f"expected inside {values!r}, because the defaults are the first trial"
            )
    return candidate


def _inside(value: Any, values: list[Any] | tuple[Any, Any]) -> bool:
    return value in values if isinstance(values, list) else values[0] <= value <= values[1]
