"""Make exercises/*.ipynb from solutions/*.ipynb, their only source.

- The first cell (a markdown heading "# Solutions: <title>") becomes the exercise's own first page.
- Code between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` becomes a stub that runs.
- Cells tagged ``solution-only`` go; outputs are cleared.
- Cells tagged ``check`` get the tag ``skip-execution``: a book leaves them unrun, nbval runs them.
"""

from __future__ import annotations

import argparse
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ["# TODO: your answer", "..."]
HEADING = "# Solutions: "
FIRST = """# Exercises: {title}

Fill in the functions marked `TODO`, run the cell, then run the check below it. A check says what it
called, what came back and what it expected; it names the usual slips. Hints unfold one at a time.
Run the cells from top to bottom, and the first code cell before all others.

The theory is in the chapter [{title}](../book/{stem}.md); the answers, with their reasons, in
[the solutions](../solutions/{stem}.ipynb)."""


class SourceError(ValueError):
    """A solution notebook that no exercise can be made of; names the notebook and the cell."""


def stubbed(source: str, where: str) -> str:
    """The source with each marked region replaced by a stub at the region's indentation."""
    kept: list[str] = []
    inside = False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            if (mark == BEGIN) == inside:
                raise SourceError(f"{where}: '{mark}' {'inside a region' if inside else 'without a begin'}")
            if mark == BEGIN:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + text for text in STUB]
            inside = not inside
        elif not inside:
            kept.append(line)
    if inside:
        raise SourceError(f"{where}: '{BEGIN}' without '{END}'")
    return "\n".join(kept)


def exercise_of(solution: NotebookNode, stem: str) -> NotebookNode:
    """The exercise notebook; cell ids stay those of the solution."""
    heading = solution.cells[0].source.splitlines()[0] if solution.cells else ""
    if not heading.startswith(HEADING):
        raise SourceError(f"{stem}: first cell starts {heading!r}; expected '{HEADING}<title>'")
    exercise = deepcopy(solution)
    exercise.metadata = NotebookNode({k: v for k, v in solution.metadata.items() if k == "kernelspec"})
    exercise.cells = []
    for number, cell in enumerate(deepcopy(solution.cells)):
        tags = cell.metadata.get("tags", [])
        if number == 0:
            cell.source = FIRST.format(title=heading.removeprefix(HEADING), stem=stem)
        if cell.cell_type == "code":
            cell.source = stubbed(cell.source, f"{stem}, cell {number} ({cell.id})")
            cell.outputs, cell.execution_count = [], None
        cell.metadata = NotebookNode({"tags": [*tags, "skip-execution"]} if "check" in tags else {})
        if "solution-only" not in tags:
            exercise.cells.append(cell)
    return exercise


def written(notebook: NotebookNode) -> str:
    """The notebook as the text of its file: sorted keys, so always the same."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift or an orphan")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that holds solutions/ and exercises/")
    options = parser.parse_args(arguments)
    target = options.root / "exercises"
    sources = sorted((options.root / "solutions").glob("*.ipynb"))
    problems = [
        f"{path.name}: an exercise without a solution"
        for path in sorted(target.glob("*.ipynb"))
        if not (options.root / "solutions" / path.name).exists()
    ]
    for path in sources:
        try:
            text = written(exercise_of(nbformat.read(path, as_version=4), path.stem))
        except SourceError as error:
            problems.append(str(error))
            continue
        made = target / path.name
        if not options.check:
            target.mkdir(exist_ok=True)
            made.write_text(text, encoding="utf-8")
        elif not made.exists() or made.read_text(encoding="utf-8") != text:
            problems.append(
                f"{path.name}: the exercise differs from its solution; run tools/make_exercises.py"
            )
    print(
        "\n".join(problems) or f"{len(sources)} exercise notebooks {'agree' if options.check else 'written'}"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
