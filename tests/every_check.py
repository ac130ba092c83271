"""All checks of all chapters, in the order of their exercises."""

from importlib import import_module
from typing import Any

from recsys_course.checks import CHAPTERS
from recsys_course.checks.engine import Check

CHECKS: list[Check] = [
    getattr(chapter, name)
    for chapter in (import_module(f"recsys_course.checks.{name}") for name in CHAPTERS)
    for name in chapter.EXERCISES
]
IDS = [check.id for check in CHECKS]


def drawn(check: Check) -> list[tuple[Any, ...]]:
    """The arguments of a check's random cases."""
    return [case.args for case in check.cases[len(check.by_hand) :]]
