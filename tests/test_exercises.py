"""Exercises teach only if a right answer passes, a wrong one fails, and the slip is named."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest
from every_check import CHECKS, IDS

from recsys_course.checks import CHAPTERS
from recsys_course.checks.engine import Check, CheckFailed

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = {
    path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "solutions").glob("*.ipynb"))
}
EXERCISES = {
    path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "exercises").glob("*.ipynb"))
}
each_check = pytest.mark.parametrize("check", CHECKS, ids=IDS)


def notebook_of(check: Check, notebooks: dict[str, Any]) -> Any:
    chapter = check.id.partition(".")[0]
    return next(book for stem, book in notebooks.items() if stem.endswith(chapter))


def section(check: Check, notebooks: dict[str, Any]) -> list[Any]:
    """The cells of one exercise: from its heading to the next."""
    cells = notebook_of(check, notebooks).cells
    starts = [n for n, cell in enumerate(cells) if cell.source.startswith("## Exercise")]
    (place,) = [n for n, cell in enumerate(cells) if cell.source == call_of(check)]
    start = max(n for n in starts if n < place)
    return cells[start : min((n for n in starts if n > start), default=len(cells))]


def call_of(check: Check) -> str:
    return f"checks.{check.id}({check.name})"


def answer_cell(check: Check, notebooks: dict[str, Any]) -> str:
    """The source of the one code cell that defines the function."""
    code = [c.source for c in notebook_of(check, notebooks).cells if c.cell_type == "code"]
    (source,) = [s for s in code if f"def {check.name}(" in s]
    return source


def built(source: str, name: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {"np": np}
    exec(source, scope)
    return scope[name]


def test_exercises_are_those_that_the_solutions_make(capsys):
    spec = importlib.util.spec_from_file_location("make_exercises", ROOT / "tools" / "make_exercises.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert make.main(["--check"]) == 0, capsys.readouterr().out


def test_in_a_kernel_the_learner_sees_the_message_and_no_traceback():
    notebook = deepcopy(notebook_of(CHECKS[0], EXERCISES))
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("setup", "answer-01", "check-01")]
    nbclient.execute(notebook, allow_errors=True, timeout=120, skip_cells_with_tag="")
    (shown,) = notebook.cells[-1].outputs
    assert shown.ename == "CheckFailed"
    assert shown.traceback[0].startswith(f"{CHECKS[0].name}: not written yet: it returns None.")
    assert len(shown.traceback) == 2  # the same line goes on


def test_every_notebook_has_its_checks_and_they_stand_in_order():
    assert {stem[3:] for stem in SOLUTIONS} == set(CHAPTERS)
    calls = [c.source for book in EXERCISES.values() for c in book.cells if c.source.startswith("checks.")]
    assert [call for call in calls if "(" in call and call.split("(")[0][7:] in IDS] == list(
        map(call_of, CHECKS)
    )


@each_check
def test_solution_passes(check, capsys):
    check(built(answer_cell(check, SOLUTIONS), check.name))
    assert f"{check.name}: all {len(check.cases)} cases pass" in capsys.readouterr().out


@each_check
def test_untouched_exercise_fails_kindly(check):
    answer = built(answer_cell(check, EXERCISES), check.name)
    with pytest.raises(CheckFailed) as failure:
        check(answer)
    assert str(failure.value).startswith(f"{check.name}: not written yet: it returns None.")


@each_check
def test_notebook_reaches_the_check_after_three_hints_or_more(check):
    cells = section(check, EXERCISES)
    (place,) = [n for n, cell in enumerate(cells) if cell.source == call_of(check)]
    assert "skip-execution" in cells[place].metadata.tags
    text = "\n".join(cell.source for cell in cells[:place])
    hints = text.split("<details><summary>Hint ")[1:]
    assert len(hints) >= 3
    assert text.count("</details>") == len(hints)
    for number, hint in enumerate(hints, 1):
        title, body = hint.split("</details>")[0].split("</summary>")
        assert title.startswith(f"{number}: ") and len(body.split()) >= 5


@each_check
def test_the_cost_is_asked_for_and_answered_and_the_interviewer_asks_on(check):
    assert "What does it cost in time and in memory?" in section(check, EXERCISES)[0].source
    (why,) = [c.source for c in section(check, SOLUTIONS) if c.source.startswith("**Why.**")]
    cost, asks = re.search(
        r"\*\*Cost\.\*\* (.+)\*\*An interviewer asks next\.\*\* (.+)", why, re.DOTALL
    ).groups()
    assert "$O(" in cost and "time" in cost and "memory" in cost
    assert "?" in asks
