"""The package in Pyodide's core, as npm has it, without numpy and without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("run_pyodide.mjs")
PYODIDE = ROOT / "tools" / "node_modules" / "pyodide"
SOLUTIONS = ROOT / "solutions" / "03_collaborative_filtering.ipynb"

# Run in Pyodide before each snippet: what `told` returns is what a learner reads.
PRELUDE = """
import contextlib, io, json, sys
import recsys_course

def told(check, answer):
    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            check(answer)
    except AssertionError as failed:
        return f"{type(failed).__name__}: {' '.join(str(failed).split())}"
    return shown.getvalue()
"""


@pytest.fixture(scope="session")
def pyodide(site: Path) -> Callable[[str], Any]:
    """A function: Python whose last line is an expression -> its value, from a fresh Pyodide."""
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None:
        pytest.skip("no Node.js on PATH")
    if not (PYODIDE / "pyodide.mjs").exists():
        pytest.skip("no Pyodide in tools/node_modules: python tools/vendor.py")
    (wheel,) = (site / "lite" / "pypi").glob("recsys_course-*.whl")

    def value(code: str) -> Any:
        *before, last = code.strip().splitlines()
        text = "\n".join([PRELUDE, *before, f"print('result', json.dumps({last}))"])
        done = subprocess.run(
            [node, str(RUNNER), str(wheel)], input=text, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.rpartition("result ")[2])

    return value


def solution(name: str) -> str:
    """The solved cell that defines a function."""
    cells = nbformat.read(SOLUTIONS, as_version=4).cells
    (source,) = [c.source for c in cells if c.cell_type == "code" and f"def {name}(" in c.source]
    return str(source)


def test_the_package_of_the_site_imports_nothing_that_pyodide_lacks(pyodide) -> None:
    platform, version, loaded = pyodide(
        "dir(recsys_course)\n(sys.platform, recsys_course.__version__, sorted(sys.modules))"
    )
    import recsys_course

    assert (platform, version) == ("emscripten", recsys_course.__version__)
    assert not {"numpy", "scipy", "pandas", "matplotlib", "numba", "torch"} & set(loaded)


def test_pyodide_has_no_torch_and_no_numba_and_has_what_the_exercises_import() -> None:
    """The reason that the page of a torch chapter gives, and the packages that numpy chapters may use."""
    if not PYODIDE.exists():
        pytest.skip("no Pyodide in tools/node_modules: python tools/vendor.py")
    known = json.loads((PYODIDE / "pyodide-lock.json").read_text())["packages"]
    assert not {"torch", "numba"} & set(known)
    assert {"numpy", "scipy", "pandas", "matplotlib"} <= set(known)


def test_a_right_answer_passes_without_numpy(pyodide) -> None:
    passed, loaded = pyodide(
        f"""
from recsys_course import checks
{solution("jaccard")}
{solution("who_can_score")}
chapter = checks.collaborative_filtering
passed = [told(chapter.jaccard, jaccard), told(chapter.who_can_score, who_can_score)]
(passed, sorted(sys.modules))
"""
    )
    assert "jaccard: all" in passed[0] and "who_can_score: all" in passed[1]
    assert not {"numpy", "numba", "torch"} & set(loaded)


def test_a_wrong_answer_is_shown_its_slip_without_numpy(pyodide) -> None:
    """Repeats counted as users; a user's newest clicks forgotten."""
    slips = [("jaccard", "set(history)", "history"), ("who_can_score", "if clicks_now", "if clicks_at_fit")]
    wrong = [solution(name).replace(right, slip) for name, right, slip in slips]
    assert wrong != [solution(name) for name, _, _ in slips]
    jaccard, who_can_score = pyodide(
        f"""
from recsys_course import checks
{wrong[0]}
{wrong[1]}
chapter = checks.collaborative_filtering
(told(chapter.jaccard, jaccard), told(chapter.who_can_score, who_can_score))
"""
    )
    assert "CheckFailed: jaccard: not yet" in jaccard
    assert "usual slip: you counted repeats" in jaccard
    assert "usual slip: ItemKNN needs no new fit for a new user" in who_can_score
