"""Content, several modalities, hybrids: every model judged by one protocol on warm and on new items.

Each board is a log with texts (MovieLens, Amazon reviews, the simulated shop) under one protocol: one
moment in time, or the newest items held out. Every model gets the same number of trials on a validation
part; models that draw random numbers run with several seeds. Then come the hybrids of the best content
model and the best collaborative one, chosen on the validation part; fusions with one modality left out;
and, where items are new, a shelf on which only new items may stand. A run that was stopped goes on where
it stopped when the same command is given again. Differences are paired, user by user.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from content_boards import BOARDS, QUICK_BOARDS, Board
from content_models import CANDIDATES, Kept, text_of, views_of
from content_plan import (
    ABLATED,
    COSTLY,
    HYBRIDS,
    LEARNED,
    TUNED,
    Plan,
    ablations,
    among_new,
    hybrids,
    same_rows,
    singles,
    tuned,
    tuned_weights,
)
from content_speed import throughput
from environments import HERE
from record import circumstances

from recsys_course.data import DatasetError
from recsys_course.evaluation import Report, StoreError, judge
from recsys_course.evaluation.candidates import Candidate
from recsys_course.evaluation.lines import Line
from recsys_course.evaluation.protocol import Protocol
from recsys_course.evaluation.report import versions
from recsys_course.evaluation.significance import holm, paired_t
from recsys_course.interactions import Interactions

RUNS = HERE / ".runs" / "content"  # what an unfinished run has so far
WORDS = {
    "lists": "all items compete, also those without training events; what was seen is left out; users with "
    "both training and test events; any event of the test side counts as relevant",
    "warm": "one moment in time: learned before, judged after",
    "cold": "the newest fifth of the items, by first event, is held out with all its events; the rest of the "
    "log, also what came later, is the training side. Only new items can be relevant, so a model that reads "
    "events alone has 0 by construction",
    "texts": "a model reads only what was known of the items at the end of its training log, also while it "
    "is tuned",
    "parameters": "the best of n_trials for every model of a board, the defaults first, the others drawn by "
    "optuna; judged on a part held out from the training side the way the test side is; a model without free "
    "options has one trial; the test side is not seen",
    "members": "a hybrid's two members are the content model (or fusion by arithmetic) and the "
    "collaborative model that did best on the validation part (on cold boards all collaborative models have "
    "0, and item-knn stands for them), with the options of their own trials; the hybrid's trials go to its "
    "own options, so a hybrid has more trials in all than a single model; of weighted-tuned the weights come "
    "from a grid of 21, for the members score once for all of them",
    "seeds": "a model that draws random numbers runs with each seed, the others once; a hybrid's seed is "
    "also its members'",
    "intervals": "95 % over users: Student's t; spread is over seeds",
    "pairs": "mean difference by user with its 95 % interval and Student's p; p_holm is corrected within a "
    "board and question; a model that runs with several seeds enters with its mean by user",
    "ablations": "a fusion with its tuned options and one modality left out, fitted again",
    "profiles": "weighted, rocchio and decayed profiles (90 days), untuned, on the very rows that tuning "
    "chose for tfidf: these are what the pairs compare; the lines of these names tune rows or profile, so "
    "they differ in both",
    "listed": "how popular what a model lists is: mean training events of the items in its top 10 and their "
    "mean place in the order of popularity, 0 the least and 1 the most popular; up to 1,000 users; "
    "words_events is the correlation, over items, of the words of the text with the training events",
    "slot": "only items without training events may be listed: a shelf of new arrivals. The options are "
    "those chosen for the board. Models that read events alone are left out: to them all new items are equal",
    "throughput": "one thread, on a machine of two processors that did other work at the time: the wall "
    "clock says what a busy machine gives; the second run of MiniLM reads its rows from disk",
    "cost": "fit_s and recommend_s: seconds of the wall, medians over seeds; cpu_s: of all processors; "
    "members that hybrids share are fitted once and not counted again, and neither are rows of texts. The "
    "machine did other work at the time",
}
LISTED = ("random", "popularity", "item-knn", "tfidf", "bm25", "minilm", "content-knn")
EXAMPLES = """examples:
  python benchmarks/content.py
  python benchmarks/content.py --boards amazon-cold --models tfidf bm25 minilm
  python benchmarks/content.py --quick --out quick"""


@dataclass(frozen=True)
class Choice:
    """The lines that are asked for: of these names, or all (None), less some."""

    names: list[str] | None
    less: list[str]

    def __contains__(self, name: object) -> bool:
        return (self.names is None or name in self.names) and name not in self.less


@dataclass
class Run:
    """One board while it is made.

    Attributes:
        plans, lines: by model. tables: model -> value of the first metric by user. failed: model -> reason.
    """

    name: str
    board: Board
    store: Path
    plans: dict[str, Plan] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    tables: dict[str, pd.Series] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    ablated: list[dict[str, Any]] = field(default_factory=list)
    slot: list[dict[str, Any]] = field(default_factory=list)
    profiles: list[dict[str, Any]] = field(default_factory=list)
    listed: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What is ordered by and tested."""
        return "ndcg@10"

    def kept(self, name: str, part: str = "") -> Path:
        """The file of one model's trials and runs; a hybrid's carries the names of its members."""
        of = f"{part}{name}" + (
            f" of {' and '.join(self.members.values())}" if name in (*HYBRIDS, TUNED) else ""
        )
        return self.store / self.name / f"{of.replace(':', '-').replace(' ', '-')}.jsonl"

    def judged(self, candidate: Candidate, log: Interactions, protocol: Protocol, part: str = "") -> Report:
        """One model judged, or what an earlier run kept of it."""
        path = self.kept(candidate.name, part)
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"{datetime.now():%H:%M:%S} {self.name}: {part}{candidate.name}", file=sys.stderr, flush=True)
        return judge([candidate], log, protocol, store=path, progress=False)

    def done(self, plan: Plan, part: str = "") -> bool:
        """Has an earlier run come to the end of this model?"""
        path, seeds = self.kept(plan.name, part), self.board.protocol.seeds
        wanted = len(seeds) if plan.candidate.random else 1
        return path.exists() and path.read_text().count('"key":["run"') == wanted

    def add(self, plans: Iterable[Plan], log: Interactions, names: Choice) -> None:
        """Judge the models of these names, and add what earlier runs have of the others."""
        for plan in plans:
            if not (plan.name in names or self.done(plan)):
                continue
            report = self.judged(plan.candidate, log, self.board.protocol)
            self.data, self.plans[plan.name] = report.data, plan
            self.failed |= report.failed
            for line in report.lines:
                self.lines[line.model] = line
                self.tables[line.model] = report.per_user(self.label)[line.model]

    def validation(self, name: str) -> float:
        """The best trial's value of a model."""
        return max(trial.get("value", -1.0) for trial in self.lines[name].trials[0])

    def best(self, *groups: str) -> str | None:
        """The best model of these groups on the validation part; fusions that train are left out."""
        able = [name for name in self.lines if self.plans[name].group in groups and name not in LEARNED]
        return max(able, key=self.validation, default=None)

    def value(self, name: str) -> float:
        """The first metric on the test side."""
        return self.lines[name].metrics[self.label].value


def run_board(run: Run, names: Choice, cache: str) -> Run:
    """Singles, hybrids, ablations, the shelf of new items."""
    log = run.board.log()
    plans = {plan.name: plan for plan in singles(run.name, run.board, cache)}
    CANDIDATES[run.name] = {name: plan.candidate for name, plan in plans.items()}
    run.add(plans.values(), log, names)
    content, collaborative = run.best("content", "multimodal"), run.best("collaborative")
    if content and collaborative:
        run.members = {"content": content, "collaborative": collaborative}
        members = {
            role: Kept(run.name, name, run.lines[name].options[0]) for role, name in run.members.items()
        }
        whole = {role: plans[name].candidate for role, name in run.members.items()}
        made = hybrids(run.name, members, whole)
        run.add(made, log, names)
        if TUNED in names or run.kept(TUNED).exists():
            run.weights = weights_of(run, members, log)
            run.add([tuned(members, whole, run.weights)], log, names)
    untuned = Protocol(**run.board.protocol.as_dict() | {"n_trials": 0})
    for name in ABLATED:
        if name in run.lines and len(run.board.modalities) > 1:
            ablate(run, run.plans[name], log, untuned, cache)
    if "tfidf" in run.lines:
        for name, candidate in same_rows(run.name, run.board, run.lines["tfidf"].options[0], cache):
            report = run.judged(candidate, log, untuned)
            for line in report.lines:
                run.profiles.append({"model": name, "metrics": measures(line)["metrics"]})
                run.tables[line.model] = report.per_user(run.label)[line.model]
    if not run.board.cold:
        run.listed = listed(run, log)
    if run.board.cold:
        for name in [name for name in run.lines if knows_new(run.plans[name]) and name not in COSTLY]:
            shelf(run, run.plans[name], log, untuned)
    return run


def weights_of(run: Run, members: dict[str, Kept], log: Interactions) -> dict[str, float]:
    """The weights of the tuned sum, found now or by an earlier run."""
    path = run.kept(TUNED).with_suffix(".json")
    if not path.exists():
        inner = run.board.protocol.folds(log)[0].inner
        assert inner is not None  # the boards tune
        path.write_text(json.dumps(tuned_weights(members, inner)))
    return json.loads(path.read_text())


def ablate(run: Run, plan: Plan, log: Interactions, protocol: Protocol, cache: str) -> None:
    """One fusion, whole and with each modality left out."""
    line = run.lines[plan.name]
    run.ablated.append({"fusion": plan.name, "left_out": "", **measures(line)})
    for one, candidate in ablations(run.name, run.board, plan, line.options[0], cache):
        report = run.judged(candidate, log, protocol, "without-")
        run.failed |= report.failed
        for less in report.lines:
            run.ablated.append({"fusion": plan.name, "left_out": one, **measures(less)})
            run.tables[less.model] = report.per_user(run.label)[less.model]


def listed(run: Run, log: Interactions) -> dict[str, Any]:
    """How popular are the items that some models list? Long texts may be popularity in disguise."""
    train = run.board.protocol.folds(log)[0].outer.train
    events = np.bincount(train.items, minlength=log.n_items)  # (I,)
    place = np.argsort(np.argsort(events, kind="stable")) / (log.n_items - 1)
    users = np.random.default_rng(0).permutation(np.unique(train.users))[:1000]
    board, rows = run.board, {}
    for name in [name for name in LISTED if name in run.lines]:
        candidate = run.plans[name].candidate
        top = candidate.build(run.lines[name].options[0], 0).fit(train).recommend(users, 10)
        rows[name] = {"events": float(events[top].mean()), "place": float(place[top].mean())}
    parts = (*board.plain, board.free) if board.free else board.plain
    words = [len(text.split()) for text in text_of(views_of(run.name, train), parts)]
    return {"words_events": float(np.corrcoef(words, events)[0, 1]), "models": rows}


def knows_new(plan: Plan) -> bool:
    """Can it tell new items apart? Events alone leave them tied, in the order of their codes."""
    return plan.name == "random" or plan.group in ("content", "multimodal", "hybrid")


def shelf(run: Run, plan: Plan, log: Interactions, protocol: Protocol) -> None:
    """One model where only new items may be listed."""
    report = run.judged(among_new(plan, run.lines[plan.name].options[0]), log, protocol, "slot-")
    for line in report.lines:
        run.slot.append({"model": plan.name, "group": plan.group, **measures(line)})
    run.slot.sort(key=lambda row: -row["metrics"][run.label]["value"])


def measures(line: Line) -> dict[str, Any]:
    """The metrics of a line as the file keeps them."""
    metrics = {label: known(found._asdict()) for label, found in line.metrics.items()}
    return {"metrics": metrics, "seeds": line.seeds, "counts": line.counts}


def known(values: dict[str, float]) -> dict[str, float]:
    """Without what is NaN."""
    return {key: value for key, value in values.items() if np.isfinite(value)}


def questions(run: Run) -> list[tuple[str, str, str]]:
    """(question, model, against) for every paired difference of a board."""
    groups: dict[str, list[str]] = {}
    for name in run.lines:
        groups.setdefault(run.plans[name].group, []).append(name)
    content, fused = groups.get("content", []), groups.get("multimodal", [])
    asked = [
        (question, name, against)
        for question, names, against in (
            ("content against popularity", content + fused, "popularity"),
            ("content against chance", content + fused, "random"),
            ("collaborative against popularity", groups.get("collaborative", []), "popularity"),
            ("hybrid against popularity", groups.get("hybrid", []), "popularity"),
        )
        for name in names
    ]
    for row in run.profiles:
        asked.append(("profile against mean profile", f"{row['model']} on the rows of tfidf", "tfidf"))
    if run.members:
        better = max(run.members.values(), key=run.value)
        for name in groups.get("hybrid", []):
            asked.append(("hybrid against its best member", name, better))
    if run.board.free:
        asked.append(("text with free text against without", "tfidf", f"tfidf-without-{run.board.free}"))
    alone = [name for name in [*fused, "genres"] if name.startswith("single:") or name == "genres"]
    alone = [name for name in alone if name in run.lines]
    if alone:
        best = max(alone, key=run.value)
        asked += [("fusion against its best single modality", n, best) for n in fused if n not in alone]
    asked += [
        ("left out against all", f"{row['fusion']} without {row['left_out']}", row["fusion"])
        for row in run.ablated
        if row["left_out"]
    ]
    return [row for row in asked if row[1] in run.tables and row[2] in run.tables]


def pairs(run: Run) -> list[dict[str, Any]]:
    """Paired differences with their intervals; p corrected within a question."""
    rows = []
    for question, model, against in questions(run):
        a, b = run.tables[model].align(run.tables[against])
        rows.append({"question": question, "model": model, "against": against, **vars(paired_t(a, b))})
    for question in {row["question"] for row in rows}:
        mine = [row for row in rows if row["question"] == question]
        for row, p in zip(mine, holm([row["p"] for row in mine]), strict=True):
            row["p_holm"] = float(p)
    return rows


def line_of(run: Run, name: str) -> dict[str, Any]:
    """One line as the file keeps it."""
    line, plan = run.lines[name], run.plans[name]
    cost = {key: getattr(line, key) for key in ("fit_s", "recommend_s", "cpu_s", "memory", "size")}
    head = {"model": name, "group": plan.group, "about": plan.about, "options": line.options[0]}
    return head | measures(line) | {"validation": run.validation(name), "trials": line.trials[0]} | cost


def board_of(run: Run) -> dict[str, Any]:
    """A board as the file keeps it."""
    board = run.board
    lines = sorted((line_of(run, name) for name in run.lines), key=lambda line: -run.value(line["model"]))
    return {
        "about": board.about, "texts": board.texts, "data": run.data, "protocol": board.protocol.as_dict(),
        "label": run.label, "lines": lines, "members": run.members, "pairs": pairs(run),
        "weights": run.weights, "ablations": run.ablated, "profiles": run.profiles, "slot": run.slot,
        "listed": run.listed,
        "failed": run.failed,
        "made": circumstances() | {"versions": versions() | circumstances()["versions"]},
    }  # fmt: skip


def written(path: Path, **parts: Any) -> None:
    """Put boards or figures into the file and keep the others; whole or not at all."""
    old = json.loads(path.read_text()) if path.exists() else {}
    boards = old.get("boards", {}) | parts.get("boards", {})
    boards = {name: boards[name] for name in [*BOARDS, *QUICK_BOARDS] if name in boards}
    file = {
        "command": "python benchmarks/content.py", "protocol": WORDS, "boards": boards,
        "throughput": old.get("throughput", {}) | parts.get("throughput", {}), "missing": missing(boards),
    }  # fmt: skip
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(file, indent=1, allow_nan=False) + "\n")
    os.replace(partial, path)
    print(f"written: {path}", file=sys.stderr)


def missing(boards: dict[str, Any]) -> dict[str, list[str]]:
    """What the plan has and the file has not."""
    lacking = {}
    for name, board in BOARDS.items():
        if name not in boards:
            lacking[name] = ["the whole board"]
            continue
        there = {line["model"] for line in boards[name]["lines"]} | set(boards[name]["failed"])
        planned = {plan.name for plan in singles(name, board, "")} | {*HYBRIDS, TUNED}
        if rest := sorted(planned - there):
            lacking[name] = rest
    return lacking


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boards", nargs="+", choices=BOARDS, default=None, help="log and protocol")
    parser.add_argument("--models", nargs="+", default=None, metavar="MODEL", help="only these lines")
    parser.add_argument("--without", nargs="+", default=[], metavar="MODEL", help="not these lines")
    parser.add_argument(
        "--quick", action="store_true", help="a tiny shop and two trials, to see that all runs"
    )
    parser.add_argument("--no-speed", action="store_true", help="leave the rows of throughput as they are")
    parser.add_argument("--out", type=Path, default=None, help="folder for content.json")
    parser.add_argument("--cache", default="", help="folder for rows of MiniLM; else the cache folder")
    how = parser.parse_args(arguments)
    out = how.out or (RUNS / "quick" if how.quick else HERE / "results")
    for folder in (out, RUNS):
        folder.mkdir(parents=True, exist_ok=True)
    (RUNS / ".gitignore").write_text("*\n")  # the folder hides itself from git
    chosen = QUICK_BOARDS if how.quick else {name: BOARDS[name] for name in how.boards or BOARDS}
    try:
        for name, board in chosen.items():
            run = run_board(Run(name, board, RUNS), Choice(how.models, how.without), how.cache)
            written(out / "content.json", boards={name: board_of(run)})
        if not (how.quick or how.no_speed or how.boards):
            written(out / "content.json", throughput=throughput(how.cache))
    except (DatasetError, StoreError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
