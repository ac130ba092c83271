"""Hints, one at a time: which comes next, and how it reads."""

from __future__ import annotations

from recsys_course.exercises.catalogue import Exercise, Hint, chapter_of
from recsys_course.exercises.standing import Standing, standing
from recsys_course.exercises.store import store


def stands(exercise: Exercise) -> Standing:
    """Where the exercise stands now."""
    return standing(exercise, store().read())


def take_hint(exercise: Exercise) -> Hint | None:
    """The first hint not seen, noted as seen from now on; None when all were."""
    new = stands(exercise).next_hint
    if new is not None:
        store().show_hints(exercise.id, [new.number])
    return new


def take_all(exercise: Exercise) -> None:
    """Note every hint as seen."""
    store().show_hints(exercise.id, [hint.number for hint in exercise.hints])


def told(hint: Hint) -> str:
    """A hint in Markdown."""
    return f"**Hint {hint.number}: {hint.title}.** {hint.text}"


def seen(one: Standing) -> str:
    """How many hints of an exercise were seen."""
    return f"{len(one.shown)} of {len(one.exercise.hints)} shown"


def solution_of(exercise: Exercise) -> str:
    """The notebook that holds the answer, from the root of the project."""
    return f"solutions/{chapter_of(exercise).notebook}.ipynb"


def no_more(exercise: Exercise) -> str:
    """What to do when all hints were seen, in Markdown; the link starts at a notebook."""
    return (
        f"No more hints for {exercise.number}. "
        f"The [solution](../{solution_of(exercise)}#{exercise.anchor}) has the answer and its reasons."
    )
