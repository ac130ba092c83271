"""The command line: ``recsys-course data | evaluate | recommend | exercises``."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_course import __version__
from recsys_course.cli.datasets import app as data_app
from recsys_course.cli.errors import OneLine
from recsys_course.cli.evaluating import evaluate
from recsys_course.cli.exercises import app as exercises_app
from recsys_course.cli.recommending import recommend

app = typer.Typer(
    name="recsys-course",
    cls=OneLine,
    help="The algorithms of the course on real and simulated data, and its exercises.",
    epilog="Start here:\n\nrecsys-course data list\n\n"
    "recsys-course evaluate --data world:shop --models popularity,item-knn\n\n"
    "recsys-course recommend --data ml-100k --model item-knn --user 1\n\n"
    "recsys-course exercises",
    add_completion=False,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)
app.add_typer(data_app, name="data")
app.add_typer(exercises_app, name="exercises")
app.command(
    epilog="Examples:\n\nrecsys-course evaluate --data ml-100k --positives 4\n\n"
    "recsys-course evaluate --data ml-100k --task rating --split random --models damped-means,funk-svd\n\n"
    "recsys-course evaluate --data world:shop --models item-knn --param k=20 --json result.json\n\n"
    "recsys-course evaluate --data ml-100k --models ease,bpr --tune 10 --seeds 3 --resume ml-100k.jsonl"
)(evaluate)
app.command(
    epilog="Examples:\n\nrecsys-course recommend --data ml-100k --model item-knn --user 42\n\n"
    "recsys-course recommend --data ml-latest-small --model user-knn --param k=20 --user 7 --n 5\n\n"
    "recsys-course recommend --data ml-100k --model item-knn --user nobody --cold popular"
)(recommend)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"recsys-course {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
