"""How far a learner is, in numbers and in words that need no colour."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_course.exercises.catalogue import Chapter, Exercise, Hint
from recsys_course.exercises.history import History


@dataclass(frozen=True)
class Standing:
    """One exercise and what was done about it."""

    exercise: Exercise
    done: bool
    tries: int
    hints_seen: frozenset[int]

    @property
    def word(self) -> str:
        """Done, tried or not yet, each with its own sign."""
        return "✓ done" if self.done else "… tried" if self.tries else "○ not yet"

    @property
    def shown(self) -> list[Hint]:
        """The hints seen so far."""
        return [hint for hint in self.exercise.hints if hint.number in self.hints_seen]

    @property
    def next_hint(self) -> Hint | None:
        """The first hint not seen."""
        return next((h for h in self.exercise.hints if h.number not in self.hints_seen), None)


def standing(exercise: Exercise, history: History) -> Standing:
    """Where one exercise stands."""
    of = exercise.id
    return Standing(exercise, history.is_done(of), history.tries(of), frozenset(history.hints_seen(of)))


def standings(chapter: Chapter, history: History) -> list[Standing]:
    """Where each exercise of a chapter stands, in order."""
    return [standing(exercise, history) for exercise in chapter.exercises]


def first_undone(those: list[Standing]) -> Standing | None:
    """What comes next; None when all is done."""
    return next((one for one in those if not one.done), None)


def bar(done: int, total: int, width: int = 20, signs: str = "█░") -> str:
    """A bar of text; full only when all is done, empty only when nothing is."""
    filled = width * done // total if total else 0
    if done and not filled:
        filled = 1
    return signs[0] * filled + signs[1] * (width - filled)
