"""Make exercises/*.ipynb and the catalogue of the package from solutions/*.ipynb, their only source.

- The first cell (a markdown heading "# Solutions: <title>") becomes the exercise's own first page.
- Below the first code cell comes one that shows progress and hints.
- Code between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` becomes a stub that runs.
- Below the hints comes a link to the answer in the solutions.
- Cells tagged ``solution-only`` go; outputs are cleared.
- Cells tagged ``check`` get the tag ``skip-execution``: a book leaves them unrun, nbval runs them.
"""

from __future__ import annotations

import argparse
import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from mdit_py_plugins.anchors.index import slugify
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from exercise_catalogue import (  # noqa: E402
    HEADING,
    SourceError,
    chapter_entry,
    exercises_in,
    stubbed,
    tags,
    title_of,
)

CATALOGUE = Path("recsys_course") / "exercises" / "catalogue.json"
FIRST = """# Exercises: {title}

Fill in the functions marked `TODO`, run the cell, then run the check below it. A check says what it
called, what came back and what it expected; it names the usual slips. Hints unfold one at a time.
Run the cells from top to bottom, and the first code cell before all others.

The theory is in the chapter [{title}](../book/{stem}.md); the answers, with their reasons, in
[the solutions](../solutions/{stem}.ipynb)."""
PANEL = 'checks.panel("{chapter}")  # how far you are, and hints one at a time'


def exercise_of(solution: NotebookNode, stem: str) -> NotebookNode:
    """The exercise notebook; cell ids stay those of the solution."""
    title = title_of(solution, stem)
    links = solution_links(solution, stem)
    exercise = deepcopy(solution)
    exercise.metadata = NotebookNode({k: v for k, v in solution.metadata.items() if k == "kernelspec"})
    exercise.cells = []
    for number, cell in enumerate(deepcopy(solution.cells)):
        if "solution-only" in tags(cell):
            continue
        if number == 0:
            cell.source = FIRST.format(title=title, stem=stem)
        cell.source += links.get(cell.id, "")
        if cell.cell_type == "code":
            cell.source = stubbed(cell.source, f"{stem}, cell {number} ({cell.id})")
            cell.outputs, cell.execution_count = [], None
        cell.metadata = NotebookNode(
            {"tags": [*tags(cell), "skip-execution"]} if "check" in tags(cell) else {}
        )
        exercise.cells.append(cell)
    add_panel(exercise, stem)
    return exercise


def solution_links(solution: NotebookNode, stem: str) -> dict[str, str]:
    """By cell id: a link to an exercise's answer, for the last text before its code."""
    links = {}
    for cells in exercises_in(solution, stem):
        code = next((place for place, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
        heading = cells[0].source.splitlines()[0]
        number = HEADING.match(heading)[1]  # type: ignore[index]
        # the anchor as the book has it; Jupyter knows another (see anchor_of) and opens the page's top
        page = f"../solutions/{stem}.ipynb#{slugify(heading.removeprefix('## '))}"
        links[cells[code - 1].id] = f"\n\n[Solution of exercise {number}]({page})"
    return links


def add_panel(exercise: NotebookNode, stem: str) -> None:
    """A cell with progress and hints, below the first code cell, which imports the checks."""
    place = next((n for n, cell in enumerate(exercise.cells) if cell.cell_type == "code"), None)
    if place is not None:
        cell = new_code_cell(PANEL.format(chapter=stem.partition("_")[2]), id="progress")
        cell.metadata = NotebookNode({"tags": ["progress", "skip-execution"]})
        exercise.cells.insert(place + 1, cell)


def written(notebook: NotebookNode) -> str:
    """The notebook as the text of its file: sorted keys, so always the same."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def made_files(root: Path) -> tuple[dict[Path, str], list[str]]:
    """Every file that the solutions make, by its path, and what is wrong with the solutions."""
    files: dict[Path, str] = {}
    chapters: list[dict[str, Any]] = []
    problems = []
    for path in sorted((root / "solutions").glob("*.ipynb")):
        try:
            solution = nbformat.read(path, as_version=4)
            made = written(exercise_of(solution, path.stem))
            chapters.append(chapter_entry(solution, path.stem))
            files[root / "exercises" / path.name] = made
        except SourceError as error:
            problems.append(str(error))
    if not problems:  # a catalogue without a chapter would take that chapter from everyone
        files[root / CATALOGUE] = json.dumps({"chapters": chapters}, indent=1, ensure_ascii=False) + "\n"
    return files, problems


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift or an orphan")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds solutions/ and exercises/")
    options = parser.parse_args(arguments)
    files, problems = made_files(options.root)
    problems += [
        f"{path.name}: an exercise without a solution"
        for path in sorted((options.root / "exercises").glob("*.ipynb"))
        if not (options.root / "solutions" / path.name).exists()
    ]
    for path, text in files.items():
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{path.name} differs from what the solutions make; run tools/make_exercises.py")
    notebooks = sum(path.suffix == ".ipynb" for path in files)
    print("\n".join(problems) or f"{notebooks} exercise notebooks {'agree' if options.check else 'written'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
