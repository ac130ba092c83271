"""A chapter's checks, imported one by one: none pays for what another imports."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from recsys_course.checks.engine.checking import Check


def load_check(package: str, exercises: Sequence[str], name: str) -> Check:
    """The check ``name`` from its module ``_name`` in the chapter's package.

    Raises:
        AttributeError: the chapter has no such exercise; the message lists those it has.
    """
    if name not in exercises:
        chapter = package.rpartition(".")[2]
        raise AttributeError(f"no exercise {name!r} in {chapter}; expected one of {', '.join(exercises)}")
    check: Check = getattr(import_module(f"{package}._{name}"), name)
    return check
