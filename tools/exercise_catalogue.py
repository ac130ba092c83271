"""Read the catalogue's entries from a solution notebook, and refuse what no learner should meet.

An exercise is a stretch of cells: a markdown heading ``## Exercise 1: <title>``, a task with at least
three hints in ``<details>``, one cell with the answer, one cell tagged ``check`` that calls
``checks.<chapter>.<function>(<function>)``.
"""

from __future__ import annotations

import ast
import re
from typing import Any
from urllib.parse import quote

from nbformat import NotebookNode

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ["# TODO: your answer", "..."]
TITLE = "# Solutions: "
HEADING = re.compile(r"## Exercise (\d+): (.+)")
FOLD = re.compile(r"<details>|</details>")
HINT = re.compile(r"<details>\s*<summary>Hint (\d+): (.+?)</summary>(.*?)</details>", re.DOTALL)
LEAST = 3  # hints


class SourceError(ValueError):
    """A solution notebook that no exercise can be made of; names the notebook and the place."""


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    found: list[str] = cell.metadata.get("tags", [])
    return found


def title_of(solution: NotebookNode, stem: str) -> str:
    """The chapter's title, from the first cell."""
    heading = solution.cells[0].source.splitlines()[0] if solution.cells else ""
    if not heading.startswith(TITLE):
        raise SourceError(f"{stem}: first cell starts {heading!r}; expected '{TITLE}<title>'")
    return str(heading.removeprefix(TITLE))


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


def chapter_entry(solution: NotebookNode, stem: str) -> dict[str, Any]:
    """One chapter as the catalogue holds it.

    Raises:
        SourceError: the first thing wrong, with notebook, exercise and cell.
    """
    title = title_of(solution, stem)
    number, _, name = stem.partition("_")
    if not (number.isdecimal() and name.isidentifier()):
        raise SourceError(f"{stem}: expected a name as 03_collaborative_filtering")
    stretches = exercises_in(solution, stem)
    entries = [exercise_entry(cells, int(number), name, stem) for cells in stretches]
    numbers = [entry["number"] for entry in entries]
    if numbers != [f"{int(number)}.{n}" for n in range(1, len(entries) + 1)]:
        raise SourceError(f"{stem}: exercises are numbered {', '.join(numbers)}; expected 1, 2, 3 and so on")
    if twice := {entry["id"] for entry in entries if [e["id"] for e in entries].count(entry["id"]) > 1}:
        raise SourceError(f"{stem}: two exercises have the name {min(twice)}")
    return {"name": name, "number": int(number), "title": title, "notebook": stem, "exercises": entries}


def exercises_in(solution: NotebookNode, stem: str) -> list[list[NotebookNode]]:
    """The cells of each exercise, its heading first, without what only the solution shows."""
    stretches: list[list[NotebookNode]] = []
    for cell in solution.cells:
        if "solution-only" in tags(cell):
            continue
        if cell.cell_type == "markdown" and HEADING.match(cell.source):
            stretches.append([])
        if stretches:
            stretches[-1].append(cell)
        elif "check" in tags(cell):
            raise SourceError(f"{stem}, cell {cell.id}: a check before any heading '## Exercise 1: <title>'")
    return stretches


def exercise_entry(cells: list[NotebookNode], chapter: int, name: str, stem: str) -> dict[str, Any]:
    """One exercise as the catalogue holds it."""
    number, title = HEADING.match(cells[0].source).groups()  # type: ignore[union-attr]
    where = f"{stem}, exercise {number}"
    checks = [cell for cell in cells if "check" in tags(cell)]
    if len(checks) != 1:
        raise SourceError(f"{where}: {len(checks)} cells tagged check; expected one (is a heading missing?)")
    before = cells[: cells.index(checks[0])]
    hints, task = hints_and_task([c for c in before if c.cell_type == "markdown"], where)
    function = checked_function(checks[0], name, where)
    answer = answer_of([c for c in before if c.cell_type == "code"], function, checks[0], where)
    return {
        "id": f"{name}.{function}",
        "number": f"{chapter}.{int(number)}",
        "title": title.strip(),
        "task": task,
        "hints": hints,
        "answer_cell": answer.id,
        "check_cell": checks[0].id,
        "anchor": anchor_of(cells[0]),
        "stub": stubbed(answer.source, f"{where} (cell {answer.id})"),
    }


def anchor_of(heading: NotebookNode) -> str:
    """What a link in Jupyter adds after # to reach a heading: its text with - for spaces."""
    text = heading.source.splitlines()[0].removeprefix("## ").strip()
    return quote(text.replace(" ", "-"), safe=":,-")


def hints_and_task(cells: list[NotebookNode], where: str) -> tuple[list[dict[str, str]], str]:
    """The hints in order, and the text around them without the heading."""
    for cell in cells:
        check_folds(cell.source, f"{where} (cell {cell.id})")
    text = "\n\n".join(cell.source for cell in cells)
    found = HINT.findall(text)
    if len(found) < LEAST:
        raise SourceError(f"{where} (cell {cells[0].id}): {len(found)} hints; expected {LEAST} or more")
    for place, (number, _, body) in enumerate(found, start=1):
        if int(number) != place or not body.strip():
            wrong = (
                f"Hint {number} where Hint {place} is due"
                if int(number) != place
                else f"Hint {number} is empty"
            )
            raise SourceError(f"{where} (cell {cells[0].id}): {wrong}")
    task = re.sub(r"\n{3,}", "\n\n", HINT.sub("", text).partition("\n")[2]).strip()
    return [{"title": title.strip(), "text": body.strip()} for _, title, body in found], task


def check_folds(source: str, where: str) -> None:
    """Every ``<details>`` is closed before the next one opens."""
    is_open = False
    for mark in FOLD.findall(source):
        if (mark == "<details>") == is_open:
            raise SourceError(f"{where}: {mark} {'inside another' if is_open else 'without <details>'}")
        is_open = not is_open
    if is_open:
        raise SourceError(f"{where}: <details> without </details>")


def checked_function(cell: NotebookNode, chapter: str, where: str) -> str:
    """The function that a check cell checks."""
    form = re.compile(rf"checks\.{chapter}\.(\w+)\((\w+)\)")
    found = [match for line in cell.source.splitlines() if (match := form.fullmatch(line.strip()))]
    if len(found) != 1:
        raise SourceError(f"{where} (cell {cell.id}): expected one line checks.{chapter}.<name>(<name>)")
    if found[0][1] != found[0][2]:
        raise SourceError(f"{where} (cell {cell.id}): the check {found[0][1]} is given {found[0][2]}")
    return str(found[0][1])


def answer_of(cells: list[NotebookNode], function: str, check: NotebookNode, where: str) -> NotebookNode:
    """The cell that defines the function, its answer between markers."""
    found = [cell for cell in cells if function in defined(cell, where)]
    if len(found) != 1:
        raise SourceError(
            f"{where} (cell {check.id}): {len(found)} cells before the check define {function}; expected one"
        )
    if BEGIN not in found[0].source:
        raise SourceError(f"{where} (cell {found[0].id}): no '{BEGIN}', so the exercise would be solved")
    return found[0]


def defined(cell: NotebookNode, where: str) -> set[str]:
    """Names of the functions and classes that a cell defines."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise SourceError(f"{where} (cell {cell.id}), line {error.lineno}: {error.msg}") from None
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
