"""A large SASRec, a small one, what distillation adds to the small one, and what compression takes from both.

    python benchmarks/distillation.py --seeds 0 1 2

MovieLens 1M, four stars or more. Models learn from events before one moment and are then asked before every
later event, with the history up to there, what comes next. Writes benchmarks/results/distillation.json; what
is done stays in the folder ``--work``, so that a broken run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from environments import HERE
from record import circumstances, described, ml_1m_time
from tqdm import tqdm

from recsys_course.base import Recommender
from recsys_course.compression import (
    Int8Embedding,
    LowRankEmbedding,
    ProductQuantized,
    bytes_on_disk,
    latency,
    magnitude_prune,
    quantize_module,
    replace_table,
)
from recsys_course.data import Split
from recsys_course.distillation import Distiller, Hint, RankDistillation, SoftLabels
from recsys_course.evaluation.significance import paired_bootstrap
from recsys_course.interactions import Interactions
from recsys_course.neural import SASRec
from recsys_course.neural.batches import in_time

NAME, ASKED_AT_ONCE = "ml-1m-positives-time", 256
COMMON = {"max_length": 50, "batch_size": 64, "n_epochs": 10, "n_threads": 1}
LARGE = COMMON | {"n_factors": 64, "n_layers": 2, "n_heads": 2, "learning_rate": 1e-3}
SMALL = COMMON | {"n_factors": 16, "n_layers": 1, "n_heads": 1, "learning_rate": 2e-3}
OBJECTIVES = {"soft labels": SoftLabels(T=1.0), "rank distillation": RankDistillation(k=20), "hint": Hint()}
WORK = HERE / ".cache" / "distillation"
TABLE = "items"  # the name of the item table in the net
PROTOCOL = {
    "questions": "every event of the test side, asked with all that the user met before it; all items "
    "compete but those; users with at least one event on the training side",
    "value": "nDCG@10 of the one event, mean over a user's events, then over users",
    "interval": "95 %, bootstrap over users of the values averaged over seeds",
    "bytes": "the file that torch.save makes of the net",
    "latency": "one history of 50 items scored against all items, one thread, median of 200 calls",
    "choices": "sizes, epochs, steps, temperature and weight (0.5) were set before the test side was looked "
    "at; the student is trained alike in every arm, from the same seed",
}


def histories(log: Interactions) -> list[np.ndarray]:
    """What each user met, in time."""
    return np.split(log.items[in_time(log)], np.cumsum(np.bincount(log.users, minlength=log.n_users))[:-1])


class Questions:
    """Histories and what came next, on the test side."""

    def __init__(self, split: Split) -> None:
        train, test = (
            [log.items[in_time(log)], np.bincount(log.users, minlength=log.n_users)] for log in split
        )
        before, after = (np.split(items, np.cumsum(size)[:-1]) for items, size in (train, test))
        self.users = np.flatnonzero((train[1] > 0) & (test[1] > 0))
        self.whole = {u: np.concatenate([before[u], after[u]]) for u in self.users}
        self.first = {u: len(before[u]) for u in self.users}

    def gains(self, score: Callable[[list[np.ndarray]], np.ndarray]) -> np.ndarray:
        """(V,) mean nDCG@10 of each user's questions."""
        return np.array([self._of(u, score) for u in self.users])

    def _of(self, user: int, score: Callable[[list[np.ndarray]], np.ndarray]) -> float:
        items, places, total = self.whole[user], range(self.first[user], len(self.whole[user])), 0.0
        for start in range(0, len(places), ASKED_AT_ONCE):
            some = places[start : start + ASKED_AT_ONCE]
            scores = score([items[:place] for place in some])
            for row, place in zip(scores, some, strict=True):
                own = row[items[place]]
                row[items[:place]], row[items[place]] = -np.inf, -np.inf
                rank = int((row >= own).sum())
                total += 1 / np.log2(rank + 2) if rank < 10 else 0.0
        return total / len(places)


# ---- the arms of one seed


def arms(split: Split, seed: int, work: Path) -> Iterator[tuple[str, SASRec]]:
    """Name -> fitted model; the teacher, the students, and compressed ones."""
    teacher = SASRec(**LARGE, seed=seed, checkpoint=work / f"teacher-{seed}.pt").fit(split.train)
    yield "teacher", teacher
    yield from compressed("teacher", teacher)
    student = SASRec(**SMALL, seed=seed)
    alone = replace(student, checkpoint=work / f"student-{seed}.pt").fit(split.train)
    yield "student alone", alone
    yield "student alone, int8", alone.with_module(quantize_module(alone.module_))
    for name, objective in OBJECTIVES.items():
        at = replace(student, checkpoint=work / f"student-{name.replace(' ', '-')}-{seed}.pt")
        taught: Any = Distiller(teacher, at, objective, weight=0.5).fit(split.train).student_
        yield f"student, {name}", taught
        yield f"student, {name}, int8", taught.with_module(quantize_module(taught.module_))


def compressed(name: str, model: SASRec) -> Iterator[tuple[str, SASRec]]:
    """The model's net with less of it."""
    net = model.module_
    table = net.get_submodule(TABLE).weight.detach()
    nets = {
        "int8 table": replace_table(net, TABLE, Int8Embedding(table)),
        "int8": quantize_module(net),
        "4 bits": quantize_module(net, n_bits=4),
        "rank 16 table": replace_table(net, TABLE, LowRankEmbedding.from_table(table, 16)),
        "product codes, 16 bytes": replace_table(net, TABLE, ProductQuantized(table, 16)),
        "half of each layer's weights 0": magnitude_prune(net, 0.5),
        "nine tenths 0": magnitude_prune(net, 0.9),
    }
    for how, smaller in nets.items():
        yield f"{name}, {how}", model.with_module(smaller)


# ---- measuring


def measured(model: SASRec, questions: Questions) -> tuple[np.ndarray, dict[str, Any]]:
    history = [max(questions.whole.values(), key=len)[:50]]
    time = latency(lambda: model.score_histories(history), repeats=200)
    facts = {"bytes": bytes_on_disk(model.module_), "latency_ms": dict(time._asdict())}
    return questions.gains(model.score_histories), facts


def run_seed(split: Split, questions: Questions, seed: int, work: Path) -> None:
    """All arms of a seed into the work folder; those that are there stay."""
    done = work / f"seed-{seed}.json"
    found = json.loads(done.read_text()) if done.exists() else {}
    with tqdm(desc=f"seed {seed}", unit="arm", file=sys.stderr) as bar:
        for name, model in arms(split, seed, work):
            bar.set_postfix_str(name)
            if name not in found:
                values, facts = measured(model, questions)
                found[name] = facts | {"values": values.tolist()}
                done.write_text(json.dumps(found))
            bar.update()


class Popular(Recommender):
    """Counts of the training side, for a line to stand on."""

    def _fit(self, data: Any) -> None:
        self.counts_ = np.bincount(data.items, minlength=data.n_items).astype(float)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return np.tile(self.counts_, (len(users), 1))


def report(split: Split, questions: Questions, work: Path) -> dict[str, Any]:
    """What the seeds in the work folder say together."""
    seeds = {
        path.stem.split("-")[1]: json.loads(path.read_text()) for path in sorted(work.glob("seed-*.json"))
    }
    names = [n for n in next(iter(seeds.values())) if all(n in found for found in seeds.values())]
    values = {n: np.mean([found[n]["values"] for found in seeds.values()], axis=0) for n in names}
    popular = Popular().fit(split.train)
    lines = {
        "popularity": {"ndcg@10": interval(questions.gains(lambda h: popular._score(np.arange(len(h)))))}
    }
    for name in names:
        each = [found[name] for found in seeds.values()]
        lines[name] = {
            "ndcg@10": interval(values[name]), "by_seed": [float(np.mean(e["values"])) for e in each],
            "bytes": each[0]["bytes"], "latency_ms": each[0]["latency_ms"],
            "minus_teacher": paired(values[name], values["teacher"]),
            "minus_alone": paired(values[name], values["student alone"]),
            "share_of_teacher": float(values[name].mean() / values["teacher"].mean()),
        }  # fmt: skip
    facts = {"data": described(NAME, split), "users": len(questions.users), "seeds": sorted(seeds)}
    settings = {"teacher": LARGE, "student": SMALL}
    return circumstances() | facts | {"protocol": PROTOCOL, "settings": settings, "lines": lines}


def interval(values: np.ndarray) -> dict[str, float]:
    return paired(values, np.zeros_like(values))


def paired(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    if np.array_equal(a, b):
        return {"mean": 0.0, "low": 0.0, "high": 0.0}
    found = paired_bootstrap(a, b)
    return {"mean": found.difference, "low": found.low, "high": found.high}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="none: only the report")
    parser.add_argument(
        "--work", type=Path, default=HERE / ".cache" / "distillation", help="folder to go on from"
    )
    parser.add_argument("--out", type=Path, default=HERE / "results" / "distillation.json")
    how = parser.parse_args(arguments)
    how.work.mkdir(parents=True, exist_ok=True)
    (how.work / ".gitignore").write_text("*\n")
    split = ml_1m_time()
    questions = Questions(split)
    for seed in how.seeds:
        run_seed(split, questions, seed, how.work)
    how.out.write_text(json.dumps(report(split, questions, how.work), indent=1) + "\n")
    print(f"written: {how.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
