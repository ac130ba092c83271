"""recsys-course data list | get | info."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_course.cli.common import console
from recsys_course.cli.errors import bad_usage

app = typer.Typer(help="Datasets: what there is, where it lies, under which licence.")
Name = Annotated[str, typer.Argument(help="Name of the dataset, as in data list.", show_default=False)]


@app.command("list", epilog="Example:\n\nrecsys-course data list")
def list_all() -> None:
    """Every dataset, its size, and whether it is on this machine."""
    from rich.table import Table

    from recsys_course.data.catalog import DATASETS
    from recsys_course.data.logged import LOGGED

    table = Table("name", "users", "items", "events", "download", "on this machine")
    for column in table.columns[1:4]:
        column.justify = "right"
    for name, info in DATASETS.items():
        events = "depends" if info.n_events is None else f"{info.n_events:,}"
        table.add_row(name, f"{info.n_users:,}", f"{info.n_items:,}", events, info.size, _where(name))
    console().print(table)
    for name, logged in LOGGED.items():
        typer.echo(
            f"With propensities, by hand: {name}, read by recsys_course.data.logged.{logged.reader}; "
            f"on this machine: {_logged_where(name)}"
        )
    typer.echo("Simulated on the spot, no download: --data world:shop (--data world: names the others).")


@app.command(epilog="Example:\n\nrecsys-course data get ml-100k")
def get(name: Name) -> None:
    """Fetch a dataset once, check it, and say what it holds."""
    from recsys_course.data.catalog import dataset_info, load

    with bad_usage("NAME"):
        dataset_info(name)
    data = load(name)
    typer.echo(f"{name}: {data.log}")
    typer.echo(f"It lies in {_where(name)}")


@app.command(epilog="Example:\n\nrecsys-course data info ml-100k")
def info(name: Name) -> None:
    """Licence, citation, home page and checksum of a dataset."""
    from recsys_course.data.catalog import dataset_info
    from recsys_course.data.logged import LOGGED

    if name in LOGGED:
        logged = LOGGED[name]
        own = {"holds": logged.holds, "by hand": logged.by_hand, "reader": logged.reader}
        _show(logged.about | own | {"here": _logged_where(name)})
        return
    with bad_usage("NAME"):
        entry = dataset_info(name)
    events = "depends on the files at hand" if entry.n_events is None else f"{entry.n_events:,}"
    lines = entry.about | {
        "holds": f"{entry.n_users:,} users, {entry.n_items:,} items; events: {events}",
        "archive": entry.url,
        "SHA-256": entry.sha256,
        "here": _where(name),
    }
    _show(lines)


def _show(lines: dict[str, str]) -> None:
    for key, text in lines.items():
        typer.echo(f"{key:<9} {text}")


def _logged_where(name: str) -> str:
    """The path of a log with propensities, "no", or why it cannot be used."""
    from recsys_course.data.fetch import DatasetError
    from recsys_course.data.logged import LOGGED, where

    try:
        return str(where(LOGGED[name]) or "no")
    except DatasetError as error:
        return f"unusable: {error}"


def _where(name: str) -> str:
    """The path of a dataset on this machine, "no", or why it cannot be used."""
    from recsys_course.data.catalog import DATASETS, find
    from recsys_course.data.fetch import DatasetError

    try:
        source = find(DATASETS[name])
    except DatasetError as error:
        return f"unusable: {error}"
    return "no" if source is None else str(source.path)
