"""The checks that the exercises call: one folder a chapter, one module an exercise.

>>> from recsys_course import checks
>>> checks.collaborative_filtering.pearson(my_function)   # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

CHAPTERS = ("collaborative_filtering",)

__all__ = ["CHAPTERS"]


def __getattr__(name: str) -> ModuleType:
    """A chapter's checks, imported on first use: no chapter pays for another's imports."""
    if name not in CHAPTERS:
        raise AttributeError(f"no checks for chapter {name!r}; expected one of {', '.join(CHAPTERS)}")
    return import_module(f"recsys_course.checks.{name}")


def __dir__() -> list[str]:
    return sorted([*__all__, *CHAPTERS])
