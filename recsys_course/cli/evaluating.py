"""recsys-course evaluate: several models under one protocol, as a table and as JSON."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_course.cli.common import (
    build,
    console,
    described_before,
    kind_of,
    open_data,
    pick_models,
    positives,
    read_params,
)
from recsys_course.cli.errors import bad_usage, refuse
from recsys_course.cli.judging import interval_table, judge_all, remarks
from recsys_course.cli.record import result_record

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.data.split import Split
    from recsys_course.evaluation import Protocol
    from recsys_course.interactions import Interactions


class How(StrEnum):
    """Ways to split, as in recsys_course.data.split."""

    time = "time"
    leave_last_out = "leave-last-out"
    random = "random"
    random_per_user = "random-per-user"
    cold_users = "cold-users"
    cold_items = "cold-items"


class Task(StrEnum):
    """What the models are judged by."""

    ranking = "ranking"
    rating = "rating"


HELD_OUT = {
    How.time: "the last 20% of the events, one moment for all users",
    How.leave_last_out: "each user's last event",
    How.random: "a random 20% of the events",
    How.random_per_user: "a random 20% of each user's events",
    How.cold_users: "a random 20% of the users, with all their events",
    How.cold_items: "a random 20% of the items, with all their events",
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
    given: Annotated[
        int, typer.Option(min=0, help="For cold-users: first events of each that stay in training.")
    ] = 0,
    tune: Annotated[
        int, typer.Option(min=0, metavar="TRIALS", help="Settings to try for each model, its defaults first.")
    ] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of a model that draws random numbers.")] = 1,
    resume: Annotated[
        Path | None,
        typer.Option(help="Keep every trial and run in this file; the same command goes on from there."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of split, models and simulation.")] = 0,
    out: Annotated[Path | None, typer.Option("--json", help="Also write the result here.")] = None,
) -> None:
    """Fit models on one side of a split, judge them on the other.

    With --tune, --seeds or --resume each figure has a 95% interval over users, and memory and size are told.
    """
    names = pick_models(USUAL[task] if models is None else models, task, "--models")
    params = read_params(param or [])
    for option, path in (("--json", out), ("--resume", resume)):
        if path is not None:
            _need_writable(option, path)
    if out is not None and resume is not None and out.resolve() == resume.resolve():
        refuse("--json", f"{out} is the file of --resume; name another")
    dataset = open_data(data, seed)
    log = positives(dataset.log, positive)
    kind = kind_of(log)
    if task is Task.rating and kind != "stars":
        refuse("--task", "rating needs stars, but every event here has the same value")
    items = described_before(dataset.items)
    built = build(names, params, seed, kind, items)
    terms, parts = _terms(log, split, task, n, warm, given, tune, seeds, seed)
    protocol = _protocol(log, split, positive, task, n, warm, given, tune)
    if judged := bool(tune or seeds > 1 or resume):
        report = judge_all(names, params, kind, log, terms, resume, items)
        table, below = interval_table(report), remarks(report)
    else:
        results = _run(built, parts, task, n, warm)
        table, below = _table(results), {}
    console().print(f"{data}: {log}")
    _say(protocol)
    console().print(table)
    _say(below)
    if out is None:
        return
    if judged:
        report.save(out)
        return
    asked = {"split": str(split), "positives": positive, "task": str(task), "n": n, "warm": warm}
    record = result_record(data, dataset, log, seed, asked | protocol, built, results)
    partial = out.with_name(out.name + ".part")
    partial.write_text(json.dumps(record, indent=2) + "\n")
    os.replace(partial, out)


def _say(words: dict[str, str]) -> None:
    for key, text in words.items():
        console().print(f"{key:<9} {text}", markup=False)


def _terms(
    log: Interactions,
    how: How,
    task: Task,
    n: int,
    warm: bool,
    given: int,
    trials: int,
    seeds: int,
    seed: int,
) -> tuple[Protocol, Split]:
    """The options as a protocol, and the split that it makes of the log."""
    from recsys_course.evaluation import RANKING, RATING, Protocol

    if given and how is not How.cold_users:
        refuse("--given", f"only for --split cold-users, not {how}")
    with bad_usage("--split"):
        terms = Protocol(
            split=how.value, given=given, metrics=RANKING if task is Task.ranking else RATING, n=n,
            warm_only=warm, n_trials=trials, seeds=tuple(range(seed, seed + seeds)), seed=seed,
        )  # fmt: skip
        return terms, terms.folds(log)[0].outer


def _run(models: dict[str, Any], parts: Split, task: Task, n: int, warm: bool) -> pd.DataFrame:
    from recsys_course.evaluation import RANKING, RATING, compare

    chosen = RANKING if task is Task.ranking else RATING
    return compare(models, parts, n=n, metrics=chosen, users=parts.train.users if warm else None)


def _protocol(
    log: Interactions,
    how: How,
    positive: float | None,
    task: Task,
    n: int,
    warm: bool,
    given: int,
    trials: int,
) -> dict[str, str]:
    """What was asked of the models, in words."""
    events = "every event" if positive is None else f"events of at least {positive:g}, as likes"
    words = {"events": events, "held out": HELD_OUT[how] + (f" but the first {given}" if given else "")}
    words["users"] = "users with training and test events" if warm else "all users with test events"
    if task is Task.ranking:
        words["users"] += "" if warm else "; popularity serves those without training events"
        blind = positive is None and kind_of(log) == "stars"
        words["relevant"] = "every held-out event" + (", whatever its stars" if blind else "")
        words["ranked"] = f"all {log.n_items:,} items but those the user met in training; lists of {n}"
    if trials:
        words["tuned"] = f"{trials} settings each, on a fifth of the training side held out the same way"
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


def _need_writable(option: str, path: Path) -> None:
    """Refuse before the long run, not after it."""
    folder = path.absolute().parent
    if not folder.is_dir():
        refuse(option, f"no folder {folder}")
    if path.is_dir() or not os.access(folder, os.W_OK):
        refuse(option, f"cannot write {path}")
