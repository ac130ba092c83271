"""Every registered model judged by one protocol: on MovieLens and on the simulated world.

Lists: learned up to one moment, judged after it. Stars: MovieLens 100K, random 80/20. Every model
of a board gets the same number of trials on a validation part; models that draw random numbers
run with several seeds. A run of some models replaces their lines and keeps the others. A run that
was stopped goes on where it stopped when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environments import HERE
from record import ML_1M_TEST_FROM, SEED, circumstances
from scipy import stats

from recsys_course.data import DatasetError, load
from recsys_course.data.world import make_world
from recsys_course.evaluation import Protocol, Report, StoreError, judge
from recsys_course.evaluation.candidates import registered
from recsys_course.evaluation.measuring import higher_is_better
from recsys_course.interactions import Dataset, Interactions
from recsys_course.registry import MODELS, model_info

RUNS = HERE / ".runs"  # what an unfinished run has so far
LISTS = Protocol(metrics=("ndcg@10", "recall@20", "coverage@10"), warm_only=True, n_trials=6, seed=SEED)
STARS = Protocol(split="random", metrics=("rmse", "mae"), n_trials=6, seed=SEED)


@dataclass(frozen=True)
class Board:
    """One log under one protocol."""

    about: str
    task: str
    data: Callable[[], Dataset]
    protocol: Protocol


BOARDS = {
    "ml-100k-time": Board(
        "MovieLens 100K, any rating, one moment in time, last 20 %", "ranking",
        lambda: load("ml-100k"), LISTS,
    ),
    "ml-latest-small-time": Board(
        "MovieLens latest-small, any rating, one moment in time, last 20 %", "ranking",
        lambda: load("ml-latest-small"), LISTS,
    ),
    "ml-1m-positives-time": Board(
        "MovieLens 1M, 4 stars or more, one moment in time", "ranking",
        lambda: load("ml-1m-positives"), replace(LISTS, at=ML_1M_TEST_FROM, n_trials=4),
    ),
    "world-shop-time": Board(
        "simulated shop, clicks, one moment in time, last 20 %", "ranking",
        lambda: make_world("shop", seed=SEED).dataset, LISTS,
    ),
    "ml-100k": Board("MovieLens 100K, random 80/20", "rating", lambda: load("ml-100k"), STARS),
}  # fmt: skip
WORDS = {
    "lists": "one moment in time; all items compete, what was seen is left out; users with both training "
    "and test events",
    "stars": "random 80/20; error over all test ratings, in stars",
    "models": "rankers everywhere; models that predict stars only where the log has stars to learn from; "
    "content models by TF-IDF of title, description, genres and category, as far as the data have them, "
    "not of tags, which users write while the log runs",
    "parameters": "the best of n_trials for every model of a board, the defaults first, the others drawn "
    "by optuna's TPE sampler; judged on the last fifth of the training side in time (lists) or a random "
    "fifth of it (stars); the test side is not seen; a model without free options has one trial",
    "seeds": "a model that draws random numbers runs with each seed, the others once",
    "intervals": "95 % over users: Student's t, for stars of a ratio of means; spread is over seeds",
    "gap": "difference to the best line of the board, user by user, with its 95 % interval; of rmse, the "
    "difference of mean squared errors",
    "cost": "fit_s and recommend_s: seconds of the wall, medians over seeds; cpu_s: seconds of all "
    "processors for both; memory: most resident memory during both, over that before; size: the model as "
    "pickled, without the log that every model keeps. The machine did other work at the time: trust cpu_s "
    "before the wall",
}
EXAMPLES = """examples:
  python benchmarks/leaderboard.py
  python benchmarks/leaderboard.py --boards ml-100k-time --models ease"""


def able(board: Board, log: Interactions, names: list[str]) -> list[str]:
    """The models that can do the task on this log."""
    stars = len(np.unique(log.values)) > 1
    infos = {name: model_info(name) for name in names}
    return [
        name for name, info in infos.items() if info.does(board.task) and (stars or info.kind == "ranking")
    ]


def judged(name: str, names: list[str], store: Path | None = None) -> Report:
    """One board, or some lines of it; ``store`` keeps what an unfinished run has."""
    board = BOARDS[name]
    data = board.data()
    items = None if data.items is None else data.items.drop(columns="tags", errors="ignore")  # some are late
    models = [registered(model, items) for model in able(board, data.log, names)]
    return judge(models, data.log, board.protocol, store=store)


def lines_of(report: Report) -> list[dict[str, Any]]:
    """The lines as the file keeps them: plain values, without the values by user."""
    made = circumstances() | {"versions": report.versions, "date": report.date}
    lines = []
    for line in report.lines:
        plain = {
            "model": line.model, "about": model_info(line.model).about, "options": line.options[0],
            "metrics": {label: known(found._asdict()) for label, found in line.metrics.items()},
            "counts": line.counts, "seeds": line.seeds, "trials": line.trials[0],
        }  # fmt: skip
        cost = ("fit_s", "recommend_s", "cpu_s", "memory", "size")
        lines.append(plain | {key: getattr(line, key) for key in cost} | {"made": made})
    return lines


def known(values: dict[str, float]) -> dict[str, float]:
    """Without what is NaN."""
    return {key: value for key, value in values.items() if np.isfinite(value)}


def users_of(report: Report) -> dict[str, Any]:
    """The first metric by user, for differences between lines that were made on different days."""
    label = next(iter(report.lines[0].metrics))
    found: dict[str, Any] = {"label": label, "models": {}}
    for line in report.lines:
        table = next(table for table in line.tables if label in table.totals)
        found |= {"users": table.users.tolist(), "weights": table.weights.tolist()}
        found["models"][line.model] = [float(f"{value:.6g}") for value in table.totals[label]]
    return found


def merged(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """A board with its new lines in place of the old ones, or the new board alone.

    Raises:
        ValueError: the old board has other terms or data, so its lines cannot stand beside new ones.
    """
    if old is None:
        return new
    for part in ("protocol", "data"):
        wrong = [key for key in new[part] if old[part].get(key) != new[part][key]]
        if wrong:
            raise ValueError(
                f"{part}: {wrong[0]} was {old[part].get(wrong[0])!r}, now {new[part][wrong[0]]!r}; "
                "run all models of the board to replace it"
            )
    fresh = {line["model"] for line in new["lines"]} | set(new["failed"])
    lines = [line for line in old["lines"] if line["model"] not in fresh] + new["lines"]
    failed = {name: why for name, why in old["failed"].items() if name not in fresh} | new["failed"]
    users = new["by_user"] | {"models": old["by_user"]["models"] | new["by_user"]["models"]}
    return new | {"lines": lines, "failed": failed, "by_user": users}


def ranked(board: dict[str, Any]) -> dict[str, Any]:
    """Lines best first, each with its gap to the best."""
    by_user = board["by_user"]
    label = by_user["label"]
    up = higher_is_better(label)
    lines = sorted(board["lines"], key=lambda line: line["metrics"][label]["value"], reverse=up)
    values = pd.DataFrame(by_user["models"])
    weights = np.array(by_user["weights"])
    best = values[lines[0]["model"]]
    for line in lines:
        line["gap"] = gap(values[line["model"]] - best, weights)
    return board | {"lines": lines}


def gap(totals: pd.Series, weights: np.ndarray) -> dict[str, float]:
    """A paired difference of sums by user as a ratio, with its 95 % interval; see evaluation.intervals."""
    ratio = totals.sum() / weights.sum()
    z = ratio + (totals - ratio * weights) / weights.mean()  # (B,) their mean is the ratio
    if not z.std():
        return {"value": float(ratio), "low": float(ratio), "high": float(ratio)}
    low, high = stats.ttest_1samp(z, 0.0).confidence_interval(0.95)
    return {"value": float(ratio), "low": float(low), "high": float(high)}


def written(name: str, report: Report, whole: bool, out: Path) -> None:
    """Put the lines of a report into the two files: the board, and the values by user behind it."""
    path, behind = out / "leaderboard.json", out / "leaderboard_by_user.json"
    boards = json.loads(path.read_text())["boards"] if path.exists() else {}
    users = json.loads(behind.read_text()) if behind.exists() else {}
    old = boards[name] | {"by_user": users[name]} if name in boards and not whole else None
    new = {
        "about": BOARDS[name].about, "task": BOARDS[name].task, "data": report.data,
        "protocol": report.protocol.as_dict(), "lines": lines_of(report), "failed": report.failed,
        "by_user": users_of(report),
    }  # fmt: skip
    try:
        board = ranked(merged(old, new))
    except ValueError as error:
        raise ValueError(f"{path.name}: {name}: {error}") from error
    users[name] = board.pop("by_user")
    boards[name] = board
    boards = {known: boards[known] for known in BOARDS if known in boards}  # in this order
    about = {"command": "python benchmarks/leaderboard.py", "protocol": WORDS}
    replaced(behind, json.dumps(users, separators=(",", ":")))
    replaced(path, json.dumps(about | {"boards": boards}, indent=1))
    print(f"written: {path} ({name}, {len(report.lines)} lines)", file=sys.stderr)


def replaced(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_text(text + "\n")
    os.replace(partial, path)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boards", nargs="+", choices=BOARDS, default=list(BOARDS), help="log and protocol")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for leaderboard.json")
    how = parser.parse_args(arguments)
    for folder in (how.out, RUNS):  # what is done is kept until it is written
        folder.mkdir(parents=True, exist_ok=True)
    (RUNS / ".gitignore").write_text("*\n")  # the folder hides itself from git
    whole = set(how.models) == set(MODELS)
    try:
        for name in how.boards:
            store = RUNS / f"{name}.jsonl"
            written(name, judged(name, how.models, store), whole, how.out)
            store.unlink()
    except (DatasetError, StoreError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
