"""An exercise done in the browser, from the button on: Python starts, the package installs, a check answers.

Python comes from Pyodide's public server, and no test of ours asks a network unbidden. So:

    RECSYS_COURSE_PYODIDE=network python -m pytest tests/site/test_lite_kernel.py

The workflow ``browser`` does so. A folder with the files of that server can be named instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from visits import CDN, STEM, Visit

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = {
    cell.id: cell.source for cell in nbformat.read(ROOT / "solutions" / f"{STEM}.ipynb", as_version=4).cells
}
START = 180  # seconds that Python may take to start: a slow line, a slow machine


@pytest.fixture(scope="module")
def pyodide() -> Path | bool:
    """Where Pyodide comes from: a folder, or True for the network."""
    named = os.environ.get("RECSYS_COURSE_PYODIDE", "")
    if not named:
        pytest.skip(f"RECSYS_COURSE_PYODIDE names neither a folder nor the network (Python is at {CDN})")
    if named == "network":
        return True
    assert (Path(named) / "pyodide.mjs").exists(), f"RECSYS_COURSE_PYODIDE: no pyodide.mjs in {named}"
    return Path(named)


@pytest.fixture(scope="module")
def started(below: str, browser: Any, pyodide: Path | bool) -> Iterator[Visit]:
    """The exercise, opened by its button, with Python started and the package installed."""
    visit = Visit(browser, below, pyodide)
    visit.open_page()
    visit.press_the_button()
    visit.run("piplite")
    visit.tells("It is here.", START)
    yield visit
    visit.context.close()


def test_checks_answer_before_numpy_is_there(started: Visit) -> None:
    started.run("find_spec", "from recsys_course import checks; import sys; print('numpy' in sys.modules)")
    started.tells("False")
    right = SOLUTIONS["answer-01"]
    wrong = right.replace("math.sqrt(", "(")
    assert wrong != right
    for code, message in (
        ("def cosine(x, y): ...", "cosine: not written yet"),
        (wrong, "usual slip: you divided by the squared norms"),
        (right, "cosine: all"),
    ):
        started.run("def cosine(", code)
        started.run("checks.collaborative_filtering.cosine")
        started.tells(message)


def test_an_exercise_with_numpy(started: Visit, pyodide: Path | bool) -> None:
    if pyodide is not True and not list(pyodide.glob("numpy-*.whl")):
        pytest.skip(f"no numpy for the browser in {pyodide}")
    started.run("from recsys_course import checks", SOLUTIONS["setup"] + "\nprint('numpy', np.__version__)")
    started.tells("numpy 2.", START)
    started.run("def pearson(", SOLUTIONS["answer-02"])
    started.run("checks.collaborative_filtering.pearson")
    started.tells("pearson: all")


def test_nothing_came_from_other_servers(started: Visit) -> None:
    """Last on purpose: after Python has started and all packages have been loaded."""
    assert set(started.foreign) == {CDN}
