"""What it costs to judge a model of factors by full ranking at the size of MovieLens 1M.

    python benchmarks/judging.py

writes benchmarks/results/judging.json: seconds and peak memory of ``evaluate`` for 6,040 users and
3,706 items, for lists of several lengths. Each length runs in a child process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from environments import HERE
from record import SEED, circumstances

from recsys_course.base import Recommender
from recsys_course.data import Split, split_random
from recsys_course.evaluation import evaluate
from recsys_course.evaluation.cost import watched_time
from recsys_course.evaluation.measuring import FORMULAS
from recsys_course.interactions import Interactions

N_USERS, N_ITEMS, N_EVENTS, N_FACTORS = 6_040, 3_706, 1_000_000, 64
LENGTHS = (10, 100, 1_000)
METRICS = [*FORMULAS, "coverage"]


class Factors(Recommender):
    """Factors at random: judging costs the same whatever they say."""

    def _fit(self, data: Interactions) -> None:
        rng = np.random.default_rng(SEED)
        self.P_ = rng.normal(size=(data.n_users, N_FACTORS)).astype(np.float32)
        self.Q_ = rng.normal(size=(data.n_items, N_FACTORS)).astype(np.float32)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.P_[users] @ self.Q_.T  # (B, I)


def log() -> Interactions:
    """A million pairs, items by a falling popularity, each user with some."""
    rng = np.random.default_rng(SEED)
    users = rng.integers(N_USERS, size=2 * N_EVENTS)
    items = np.minimum((N_ITEMS * rng.random(2 * N_EVENTS) ** 2).astype(int), N_ITEMS - 1)
    pairs = np.unique(users * N_ITEMS + items)
    pairs = rng.permutation(pairs)[:N_EVENTS]
    return Interactions(pairs // N_ITEMS, pairs % N_ITEMS, N_USERS, N_ITEMS)


def child(n: int, reps: int) -> dict[str, Any]:
    """Medians of one length, and the most memory that this process ever held."""
    split: Split = split_random(log(), 0.2, seed=SEED)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    runs, cpu = [], []
    for _ in range(reps + 1):
        with watched_time() as clock:
            found = evaluate(Factors(), split, n=n, metrics=METRICS)
        runs.append(clock.wall)
        cpu.append(clock.cpu)
    return {
        "n": n, "users": found["n_users"], "first_s": runs[0], "median_s": median(runs[1:]),
        "median_cpu_s": median(cpu[1:]), "runs_s": runs[1:],
        "peak_resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "before_judging_mb": before / 2**20,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reps", type=int, default=5, help="runs whose median is taken, after a first one")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "judging.json", help="file to write")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    how = parser.parse_args()
    if how.reps < 1:
        parser.error(f"--reps {how.reps}: expected at least 1")
    if how.child:
        print(json.dumps(child(how.child, how.reps)))
        return
    lengths = []
    for n in LENGTHS:
        command = [sys.executable, __file__, "--child", str(n), "--reps", str(how.reps)]
        lengths.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print(lengths[-1], file=sys.stderr)
    report = {"command": "python benchmarks/judging.py"} | circumstances() | {
        "users": N_USERS, "items": N_ITEMS, "events": N_EVENTS, "factors": N_FACTORS, "metrics": METRICS,
        "lengths": lengths,
    }  # fmt: skip
    how.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {how.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
