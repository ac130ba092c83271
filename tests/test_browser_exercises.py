"""The exercises of the browser need numpy and what their cells import, nothing else that is not there."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "_ext"))
in_browser = pytest.importorskip("in_browser", reason="the book's tools are not installed")

MISSING = ["torch", "numba", "threadpoolctl", "typer", "rich", "pooch", "tqdm"]  # not there, or not loaded
SLOW = ["scipy", "pandas", "matplotlib"]  # there, but long to load: for cells that import them
NOTEBOOKS = {
    path.stem: nbformat.read(ROOT / "solutions" / path.name, as_version=4)
    for path in sorted((ROOT / "exercises").glob("*.ipynb"))
    if not in_browser.obstacle(nbformat.read(path, as_version=4))
}


def solved(notebook: nbformat.NotebookNode) -> str:
    """The code of the exercise with its answers: solved cells, without those that only the solutions have."""
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    return "\n".join(c.source for c in cells if "solution-only" not in c.metadata.get("tags", []))


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_solved_exercise_runs_with_what_the_browser_has(stem):
    code = solved(NOTEBOOKS[stem])
    absent = MISSING + [name for name in SLOW if f"import {name}" not in code]
    hide = f"import sys\nsys.modules |= dict.fromkeys({absent})\n"
    done = subprocess.run([sys.executable, "-c", hide + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("cases pass") == code.count(f"checks.{stem[3:]}.")


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_first_cells_load_nothing_slow(stem):
    """What a reader waits for before the first exercise."""
    first = next(c.source for c in NOTEBOOKS[stem].cells if c.cell_type == "code")
    assert not [name for name in SLOW if f"import {name}" in first]
