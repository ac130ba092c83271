"""recsys-course exercises reset | export | import: start over, and take the progress elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_course.cli.errors import bad_usage, refuse
from recsys_course.cli.studying import Folder, notebook

if TYPE_CHECKING:
    from recsys_course.exercises.catalogue import Chapter, Exercise


def reset(
    what: Annotated[
        str, typer.Argument(metavar="ID|CHAPTER", help="An exercise, or a whole chapter.", show_default=False)
    ],
    folder: Folder = None,
    progress_only: Annotated[
        bool, typer.Option("--progress-only", help="Leave the notebook as it is.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Start over: put the untouched cell back into your notebook, forget the progress.

    A copy of the notebook is kept beside it.
    """
    from recsys_course.exercises.notebooks import reset as put_back
    from recsys_course.exercises.store import store

    chapter, exercises = _chapter_or_exercise(what)
    path = None if progress_only else notebook(chapter, folder)
    names = f"{len(exercises)} exercises" if len(exercises) > 1 else exercises[0].name
    question = f"Forget the progress of {names}" + (f" and put the stub back in {path}?" if path else "?")
    if not yes and not typer.confirm(question):
        typer.echo("Nothing was changed.")
        return
    if path is not None:
        backup = put_back(path, exercises)
        typer.echo(f"{path}: back to the start; your version is in {backup.name}")
        typer.echo("If it is open in JupyterLab: File, Reload Notebook from Disk.")
    if not store().forget([exercise.id for exercise in exercises]):
        raise RuntimeError("the progress was not forgotten")
    typer.echo(f"Progress of {names}: forgotten.")


def export(
    file: Annotated[Path, typer.Argument(help="The JSON file to write.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write your progress as JSON, to keep it or to take it to another machine."""
    from recsys_course.exercises.history import History, to_json
    from recsys_course.exercises.store import store

    if file.is_dir() or not file.absolute().parent.is_dir():
        refuse("FILE", f"cannot write {file}; expected a file in a folder that exists")
    if file.exists() and not force:
        refuse("FILE", f"{file} exists; --force overwrites it")
    history = store().read()
    if not store().works:
        raise RuntimeError("the progress cannot be read, so nothing was written")
    if history == History():
        raise RuntimeError("there is no progress to export")
    partial = file.with_name(file.name + ".part")
    partial.write_text(to_json(history), encoding="utf-8")
    os.replace(partial, file)
    typer.echo(f"{file}: {len(history.attempts)} attempts, {len(history.hints)} hints")


def import_(
    file: Annotated[Path, typer.Argument(help="A JSON file that export wrote.", show_default=False)],
) -> None:
    """Add exported progress to what is here. What is already here is not added twice."""
    from recsys_course.exercises.history import from_json
    from recsys_course.exercises.store import store

    if not file.is_file():
        refuse("FILE", f"no file {file}")
    with bad_usage("FILE"):
        new = from_json(file.read_text(encoding="utf-8"))
    before = store().read()
    if not store().add(new):
        raise RuntimeError("the progress was not saved")
    after = before.merged(new)
    attempts, hints = len(after.attempts) - len(before.attempts), len(after.hints) - len(before.hints)
    typer.echo(f"{attempts} attempts and {hints} hints were new.")


def _chapter_or_exercise(text: str) -> tuple[Chapter, tuple[Exercise, ...]]:
    """A chapter and all its exercises, or one exercise and its chapter."""
    from recsys_course.exercises.catalogue import chapter_of, find_chapter, find_exercise

    try:
        chapter = find_chapter(text)
        return chapter, chapter.exercises
    except ValueError:
        with bad_usage("ID|CHAPTER"):
            exercise = find_exercise(text)
        return chapter_of(exercise), (exercise,)
