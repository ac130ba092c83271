"""What there is to do: chapters and exercises with their tasks and hints.

The catalogue is made from ``solutions/`` by ``tools/make_exercises.py`` and never edited, so the
command line, the panel and the browser say the same as the notebooks, without them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Hint:
    """One step towards the answer; ``number`` counts from 1."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Exercise:
    """One function to write.

    Attributes:
        id: chapter and function, as ``collaborative_filtering.similarity``.
        number: chapter and place in it, as ``3.1``.
        title: a line without markup but for formulas.
        task: what to do, in Markdown, without the hints.
        hints: from "where to look" to "nearly there".
        answer_cell: the id of the notebook's cell for the answer.
        check_cell: the id of the cell that checks it.
        anchor: where in the chapter's solutions its answer stands, for a link in Jupyter.
        stub: what the answer's cell holds before anything was done.
    """

    id: str
    number: str
    title: str
    task: str
    hints: tuple[Hint, ...]
    answer_cell: str
    check_cell: str
    anchor: str
    stub: str

    @property
    def name(self) -> str:
        """The function to write."""
        return self.id.rpartition(".")[2]


@dataclass(frozen=True)
class Chapter:
    """A notebook of exercises; ``notebook`` is its file name without ``.ipynb``."""

    name: str
    number: int
    title: str
    notebook: str
    exercises: tuple[Exercise, ...]


@cache
def chapters() -> tuple[Chapter, ...]:
    """All chapters that have exercises, in the order of the book."""
    text = files("recsys_course.exercises").joinpath("catalogue.json").read_text(encoding="utf-8")
    return tuple(map(_chapter, json.loads(text)["chapters"]))


def find_chapter(text: str) -> Chapter:
    """A chapter by number (``3``, ``03``), name (``collaborative_filtering``) or notebook.

    Raises:
        ValueError: there is none; the message names the nearest, or all.
    """
    wanted = text.strip().removesuffix(".ipynb").lower().replace("-", "_")
    for chapter in chapters():
        by_number = wanted.isdecimal() and int(wanted) == chapter.number
        if by_number or wanted in (chapter.name, chapter.notebook):
            return chapter
    names = [chapter.name for chapter in chapters()]
    known = ", ".join(f"{chapter.number} or {chapter.name}" for chapter in chapters())
    raise ValueError(f"no chapter {text!r}{_nearest(wanted, names)} chapters with exercises: {known}")


def find_exercise(text: str) -> Exercise:
    """An exercise by number (``3.1``), id, or the bare name of its function.

    Raises:
        ValueError: there is none, or the bare name stands for several.
    """
    wanted = text.strip().replace("-", "_")
    all_of_them = [exercise for chapter in chapters() for exercise in chapter.exercises]
    found = [e for e in all_of_them if wanted.lower() in (e.id.lower(), e.name.lower()) or _same(wanted, e)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{text!r} stands for {' and '.join(e.id for e in found)}; name the whole")
    near = _nearest(wanted.lower(), [name for e in all_of_them for name in (e.name, e.id, e.number)])
    raise ValueError(f"no exercise {text!r}{near} recsys-course exercises lists them all")


def chapter_of(exercise: Exercise) -> Chapter:
    """The chapter that an exercise belongs to."""
    return find_chapter(exercise.id.partition(".")[0])


def _same(wanted: str, exercise: Exercise) -> bool:
    """Is ``03.1`` or ``3.1`` the number of this exercise?"""
    parts = wanted.split(".")
    return all(map(str.isdecimal, parts)) and ".".join(str(int(p)) for p in parts) == exercise.number


def _nearest(wanted: str, names: Iterable[str]) -> str:
    near = get_close_matches(wanted, list(names), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ";"


def _chapter(entry: dict[str, Any]) -> Chapter:
    return Chapter(**entry | {"exercises": tuple(map(_exercise, entry["exercises"]))})


def _exercise(entry: dict[str, Any]) -> Exercise:
    hints = (Hint(number, **hint) for number, hint in enumerate(entry["hints"], start=1))
    return Exercise(**entry | {"hints": tuple(hints)})
