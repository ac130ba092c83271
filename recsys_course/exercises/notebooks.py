"""The learner's notebooks as files: find them, read them, put an untouched cell back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from recsys_course.exercises.catalogue import Chapter, Exercise

FOLDER = "exercises"


class BadNotebook(ValueError):
    """A file that cannot be read as a notebook, half saved perhaps; the message says where."""


def find_folder(start: Path) -> Path:
    """The folder ``exercises`` with notebooks in it, at or above ``start``.

    Raises:
        FileNotFoundError: there is none; the message says how to get one.
    """
    for place in (start, *start.parents):
        folder = place / FOLDER
        if any(folder.glob("*.ipynb")):
            return folder
    raise FileNotFoundError(
        f"no folder {FOLDER} with notebooks in {start} or above it. The notebooks come with the course's "
        "repository: go to your copy of it, or name their folder with --folder"
    )


def notebook_of(chapter: Chapter, folder: Path) -> Path:
    """The notebook of a chapter.

    Raises:
        FileNotFoundError: it is not in the folder.
    """
    path = folder / f"{chapter.notebook}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"no {path.name} in {folder}; make exercises, in the repository, writes it")
    return path


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook as JSON has it.

    Raises:
        BadNotebook: no JSON, or no notebook of format 4; names the line or what is missing.
        OSError: the file cannot be read.
    """
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise BadNotebook(f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise BadNotebook(f"{path.name} is no text at byte {error.start}") from None
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        raise BadNotebook(f"{path.name} has no list of cells")
    for place, cell in enumerate(cells):
        if not isinstance(cell, dict) or not {"cell_type", "source"} <= cell.keys():
            raise BadNotebook(f"{path.name}: cell {place} has no type or no source")
    return book


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, which a notebook holds whole or line by line."""
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)


def cell_of(book: dict[str, Any], id_: str, text: str) -> dict[str, Any] | None:
    """The code cell with this id; else, as ids may get lost, the only one whose code holds ``text``."""
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    found = [c for c in code if c.get("id") == id_] or [c for c in code if text in source_of(c)]
    return found[0] if len(found) == 1 else None


def answer_cell(book: dict[str, Any], exercise: Exercise) -> dict[str, Any] | None:
    """The cell where the exercise is answered."""
    return cell_of(book, exercise.answer_cell, f"def {exercise.name}(")


def check_cell(book: dict[str, Any], exercise: Exercise) -> dict[str, Any] | None:
    """The cell that checks the exercise."""
    return cell_of(book, exercise.check_cell, f"checks.{exercise.id}(")


def reset(path: Path, exercises: Iterable[Exercise]) -> Path:
    """Put the stubs back and clear what these cells printed; the path of the copy kept before.

    Raises:
        BadNotebook: an answer's cell is not there; nothing was written.
    """
    book = read_notebook(path)
    for exercise in exercises:
        answer = answer_cell(book, exercise)
        if answer is None:
            raise BadNotebook(
                f"{path.name} has no cell {exercise.answer_cell!r} with def {exercise.name}; nothing was changed"
            )
        answer["source"] = exercise.stub.splitlines(keepends=True)
        for cell in (answer, check_cell(book, exercise)):
            if cell is not None:
                cell["outputs"], cell["execution_count"] = [], None
    backup = _unused(path.with_name(f"{path.name}.backup-{datetime.now():%Y-%m-%d-%H%M%S}"))
    backup.write_bytes(path.read_bytes())
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, path)
    return backup


def _unused(path: Path) -> Path:
    """The path, or the first free one with a number after it."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
