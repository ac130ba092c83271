"""The checks that the exercises call: one folder a chapter, one module an exercise.

>>> from recsys_course import checks
>>> checks.collaborative_filtering.pearson(my_function)   # doctest: +SKIP
>>> checks.panel("collaborative_filtering")               # doctest: +SKIP
>>> checks.hint("pearson")                                # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

CHAPTERS = (
    "overview",
    "architecture",
    "collaborative_filtering",
    "content_based",
    "multimodal",
    "hybrid",
    "deep_recommenders",
    "distillation",
    "language_models",
    "compression",
    "evaluation_offline",
    "evaluation_online",
    "evaluation_from_logs",
)
FOR_LEARNERS = ("hint", "panel")  # of recsys_course.exercises: a notebook then needs one import

__all__ = ["CHAPTERS"]


def __getattr__(name: str) -> Any:
    """A chapter's checks, imported on first use: no chapter pays for another's imports."""
    if name in FOR_LEARNERS:
        return getattr(import_module("recsys_course.exercises"), name)
    if name not in CHAPTERS:
        raise AttributeError(f"no checks for chapter {name!r}; expected one of {', '.join(CHAPTERS)}")
    return import_module(f"recsys_course.checks.{name}")


def __dir__() -> list[str]:
    return sorted([*__all__, *CHAPTERS, *FOR_LEARNERS])
