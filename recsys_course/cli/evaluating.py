"""recsys-course evaluate: several models under one protocol, as a table and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_course.cli.common import build, console, kind_of, open_data, pick_models, positives, read_params
from recsys_course.cli.errors import bad_usage, refuse
from recsys_course.cli.record import result_record

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.data.split import Split
    from recsys_course.interactions import Interactions


class How(StrEnum):
    """Ways to split, as in recsys_course.data.split."""

    time = "time"
    leave_last_out = "leave-last-out"
    random = "random"
    random_per_user = "random-per-user"


class Task(StrEnum):
    """What the models are judged by."""

    ranking = "ranking"
    rating = "rating"


HELD_OUT = {
    How.time: "the last 20% of the events, one moment for all users",
    How.leave_last_out: "each user's last event",
    How.random: "a random 20% of the events",
    How.random_per_user: "a random 20% of each user's events",
}
USUAL = {Task.ranking: "popularity,item-knn", Task.rating: "damped-means,item-knn-rating"}
HIGHER_IS_WORSE = ("rmse", "mae", "fit_s", "recommend_s")


def evaluate(
    data: Annotated[str, typer.Option(help="Dataset, or world:SCENARIO.", show_default=False)],
    models: Annotated[
        str | None,
        typer.Option(
            help="Names, separated by commas.",
            show_default="popularity,item-knn or damped-means,item-knn-rating",
        ),
    ] = None,
    split: Annotated[How, typer.Option(help="What is held out.")] = How.time,
    positive: Annotated[
        float | None,
        typer.Option("--positives", help="Keep only events of at least this value, as likes."),
    ] = None,
    task: Annotated[Task, typer.Option(help="Order items, or predict stars.")] = Task.ranking,
    n: Annotated[int, typer.Option(min=1, help="Length of the lists.")] = 10,
    warm: Annotated[bool, typer.Option("--warm", help="Judge only users with training events.")] = False,
    param: Annotated[
        list[str] | None,
        typer.Option(help="A parameter, as k=20, for the models that have it; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of split, models and simulation.")] = 0,
    out: Annotated[Path | None, typer.Option("--json", help="Also write the result here.")] = None,
) -> None:
    """Fit models on one side of a split, judge them on the other."""
    names = pick_models(USUAL[task] if models is None else models, task, "--models")
    params = read_params(param or [])
    if out is not None:
        _need_writable(out)
    dataset = open_data(data, seed)
    log = positives(dataset.log, positive)
    if task is Task.rating and kind_of(log) != "stars":
        refuse("--task", "rating needs stars, but every event here has the same value")
    built = build(names, params, seed, kind_of(log))
    protocol = _protocol(log, split, positive, task, n, warm)
    table = _run(built, _split(log, split, seed), task, n, warm)
    console().print(f"{data}: {log}")
    for key, text in protocol.items():
        console().print(f"{key:<9} {text}", markup=False)
    console().print(_table(table))
    if out is not None:
        asked = {"split": str(split), "positives": positive, "task": str(task), "n": n, "warm": warm}
        report = result_record(data, dataset, log, seed, asked | protocol, built, table)
        partial = out.with_name(out.name + ".part")
        partial.write_text(json.dumps(report, indent=2) + "\n")
        os.replace(partial, out)


def _split(log: Interactions, how: How, seed: int) -> Split:
    from recsys_course.data import split

    ways: dict[How, Callable[[], Split]] = {
        How.time: lambda: split.split_by_time(log),
        How.leave_last_out: lambda: split.leave_last_out(log),
        How.random: lambda: split.split_random(log, seed=seed),
        How.random_per_user: lambda: split.split_random_per_user(log, seed=seed),
    }
    with bad_usage("--split"):
        return ways[how]()


def _run(models: dict[str, Any], parts: Split, task: Task, n: int, warm: bool) -> pd.DataFrame:
    from recsys_course.evaluation import RANKING, RATING, compare

    chosen = RANKING if task is Task.ranking else RATING
    return compare(models, parts, n=n, metrics=chosen, users=parts.train.users if warm else None)


def _protocol(
    log: Interactions, how: How, positive: float | None, task: Task, n: int, warm: bool
) -> dict[str, str]:
    """What was asked of the models, in words."""
    events = "every event" if positive is None else f"events of at least {positive:g}, as likes"
    words = {"events": events, "held out": HELD_OUT[how]}
    words["users"] = "users with training and test events" if warm else "all users with test events"
    if task is Task.ranking:
        words["users"] += "" if warm else "; popularity serves those without training events"
        blind = positive is None and kind_of(log) == "stars"
        words["relevant"] = "every held-out event" + (", whatever its stars" if blind else "")
        words["ranked"] = f"all {log.n_items:,} items but those the user met in training; lists of {n}"
    return words


def _table(results: pd.DataFrame) -> Any:
    from rich.table import Table

    table = Table("model", *results.columns)
    for column in table.columns[1:]:
        column.justify = "right"
    scores = {str(c): results[c] for c in results if not str(c).startswith("n_") and len(results) > 1}
    best = {c: column.min() if c in HIGHER_IS_WORSE else column.max() for c, column in scores.items()}
    for name, row in results.iterrows():
        cells = {str(c): float(value) for c, value in row.items()}
        table.add_row(str(name), *(_cell(c, value, best.get(c)) for c, value in cells.items()))
    return table


def _cell(column: str, value: float, best: float | None) -> str:
    digits = 0 if column.startswith("n_") else 2 if column.endswith("_s") else 4
    text = f"{value:,.{digits}f}"
    return f"[bold]{text}[/]" if value == best else text


def _need_writable(path: Path) -> None:
    """Refuse before the long run, not after it."""
    folder = path.absolute().parent
    if not folder.is_dir():
        refuse("--json", f"no folder {folder}")
    if path.is_dir() or not os.access(folder, os.W_OK):
        refuse("--json", f"cannot write {path}")
