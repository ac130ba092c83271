"""recsys-course exercises open | watch: the learner's notebook, opened, and checked at every save."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_course.cli.common import console
from recsys_course.cli.errors import Stopped, bad_usage, refuse

if TYPE_CHECKING:
    from recsys_course.exercises.catalogue import Chapter

EXTRA = "pip install 'recsys-course[exercises]'"
Name = Annotated[
    str,
    typer.Argument(
        metavar="CHAPTER", help="3, 03, collaborative_filtering, or a notebook.", show_default=False
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(help="Where the notebooks lie.", show_default="the folder exercises here or above"),
]


def open_chapter(chapter: Name, folder: Folder = None) -> None:
    """Start JupyterLab on the notebook of a chapter."""
    path = notebook(_chapter(chapter), folder)
    _need("jupyterlab", "JupyterLab")
    typer.echo(f"Starting JupyterLab on {path} ...")
    # Ctrl-C reaches JupyterLab as well, which asks whether to stop: until it ends, we only wait.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        lab = subprocess.run([sys.executable, "-m", "jupyterlab", str(path)], check=False)
    finally:
        signal.signal(signal.SIGINT, before)
    raise typer.Exit(lab.returncode)


def watch_chapter(
    chapter: Name,
    folder: Folder = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one cell may take.")] = 60.0,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the file.")] = 0.5,
) -> None:
    """Check the notebook whenever it is saved, up to the first exercise that is not done."""
    from recsys_course.exercises.watching import watch

    found = _chapter(chapter)
    path = notebook(found, folder)
    _need("nbclient", "nbclient")
    _need("ipykernel", "ipykernel")
    typer.echo(f"Watching {path}. Save it and see; Ctrl-C ends.")
    try:
        if watch(path, lambda: look(found, path, timeout), _ticks(every), typer.echo):
            typer.echo(f"All {len(found.exercises)} exercises of {found.title} pass. Well done!")
    except KeyboardInterrupt:
        raise Stopped("No longer watching. How far you are: recsys-course exercises") from None


def look(chapter: Chapter, path: Path, timeout: float) -> bool:
    """Check the notebook once and say how each exercise goes; are all done?"""
    from recsys_course.exercises.watching import results

    typer.echo(f"\n{time.strftime('%H:%M:%S')}  {path.name}")
    done, n = 0, len(chapter.exercises)
    # closed here: left to the garbage collector, its end would swallow a Ctrl-C
    with closing(results(path, chapter, timeout)) as found:
        for result in found:
            of = result.exercise
            console().print(f"{'✓' if result.passed else '○'} {of.number:<5} {of.title}", markup=False)
            done += result.passed
            if not result.passed:
                typer.echo(textwrap.indent(result.message, "    "))
                typer.echo(f"{done} of {n} pass. Stuck? recsys-course exercises hint {of.number}")
    return done == len(chapter.exercises)


def notebook(chapter: Chapter, folder: Path | None) -> Path:
    """The learner's notebook of a chapter; a named folder without it is bad usage."""
    from recsys_course.exercises.notebooks import find_folder, notebook_of

    if folder is None:
        return notebook_of(chapter, find_folder(Path.cwd()))
    try:
        return notebook_of(chapter, folder)
    except FileNotFoundError as error:
        refuse("--folder", str(error))


def markdown(text: str) -> Any:
    """Markdown for a terminal, formulas as they are typed: a terminal cannot set them."""
    from rich.markdown import Markdown

    parts = re.split(r"(`[^`]*`)", text)  # what is code already stays
    parts[::2] = [_formulas_as_code(part) for part in parts[::2]]
    return Markdown("".join(parts))


def _formulas_as_code(text: str) -> str:
    text = re.sub(r"\$\$(.+?)\$\$", r"\n```latex\n\1\n```\n", text, flags=re.DOTALL)
    return re.sub(r"(?<![\\$])\$([^$`]+?)\$", r"`\1`", text)


def _chapter(text: str) -> Chapter:
    from recsys_course.exercises.catalogue import find_chapter

    with bad_usage("CHAPTER"):
        return find_chapter(text)


def _need(module: str, name: str) -> None:
    if find_spec(module) is None:
        raise RuntimeError(f"{name} is not installed here; install it with: {EXTRA}")


def _ticks(every: float) -> Iterator[None]:
    """One now, then one after each pause."""
    while True:
        yield
        time.sleep(every)
