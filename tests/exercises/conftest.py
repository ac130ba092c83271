"""A chapter of two toy exercises, and a home for progress that is new in every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_course.exercises import catalogue
from recsys_course.exercises.catalogue import Chapter, Exercise, Hint

HINTS = tuple(
    Hint(n, title, f"text {n} of $x_{n}$")
    for n, title in enumerate(("where to look", "the idea", "nearly there"), start=1)
)


def exercise(number: int, name: str) -> Exercise:
    stub = f"def {name}(x):\n    # TODO: your answer\n    ..."
    return Exercise(
        f"cooking.{name}", f"7.{number}", f"write {name}", "A *task* with $a_i^2$.", HINTS,
        f"answer-{number}", f"check-{number}", f"Exercise-{number}:-write-{name}", stub,
    )  # fmt: skip


COOKING = Chapter("cooking", 7, "Cooking", "07_cooking", (exercise(1, "boil"), exercise(2, "fry")))


@pytest.fixture
def cooking(monkeypatch) -> Chapter:
    """The toy chapter is all there is."""
    monkeypatch.setattr(catalogue, "chapters", lambda: (COOKING,))
    return COOKING


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The folder of the progress; not there yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("RECSYS_COURSE_HOME", str(folder))
    return folder
