"""Runs one model of one library inside that library's environment, on command.

Reads one JSON command per line, answers one JSON line. Started by peers.py as

    python worker.py SPLIT.npz LIBRARY MODEL '{"k": 20}'

``run`` fits once and answers seconds and memory; ``learn`` only fits; ``save PATH`` writes what the last
fitted model says: (U, 20) lists of a ranker, (N,) stars of a rating predictor. Needs
numpy, scipy and the library; nothing of the course unless the library is the course.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

TIMED, JUDGED = 10, 20  # length of the lists that are timed, and of those that are judged


@dataclass
class Task:
    """A split, as every adapter gets it."""

    users: np.ndarray  # (N,) training events
    items: np.ndarray
    values: np.ndarray  # (N,) stars, or 1
    n_users: int
    n_items: int
    served: np.ndarray  # users to recommend to: those with a training event
    test_users: np.ndarray  # pairs whose stars are asked for
    test_items: np.ndarray

    @staticmethod
    def read(path: str) -> Task:
        held = np.load(path)
        columns = {name: held[name] for name in held.files if name in Task.__dataclass_fields__}
        return Task(**columns | {"n_users": int(held["n_users"]), "n_items": int(held["n_items"])})

    @staticmethod
    def toy() -> Task:
        """A log of 30 users and 20 items, to load what a library loads on first use."""
        rng = np.random.default_rng(0)
        users, items = (codes.astype(np.int32) for codes in np.nonzero(rng.random((30, 20)) < 0.5))
        stars = rng.integers(1, 6, len(users)).astype(float)
        return Task(users, items, stars, 30, 20, np.arange(30), users[:40], items[:40])

    def matrix(self) -> sparse.csr_matrix:
        """(U, I) float32, the type that most libraries ask for."""
        shape = (self.n_users, self.n_items)
        return sparse.csr_matrix((self.values.astype(np.float32), (self.users, self.items)), shape=shape)


def memory_mb(field: str) -> float:
    """A line of the process's own status, in MB: VmRSS is now, VmHWM the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def forget_peak() -> None:
    """Start a new peak: VmHWM falls back to VmRSS."""
    Path("/proc/self/clear_refs").write_text("5")


class Runner:
    """One adapter, with the memory that its process had before it learned from the split.

    What a library loads on first use (shared objects, compiled kernels) is loaded before, by a
    toy; it belongs to the program, not to the model, and is the same for all in that respect.

    An adapter has ``prepare()``, which builds the library's own data object (not timed),
    ``fit()``, and ``recommend(n) -> (served, n)`` or ``predict() -> (N,)``.
    """

    def __init__(self, kind: Any, task: Task, options: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):  # a library that refuses the toy shows itself below
            self.adapter = kind(Task.toy(), options)
            self.adapter.prepare()
            self.adapter.fit()
            self.answer(TIMED)
        self.adapter = kind(task, options)
        self.adapter.prepare()
        gc.collect()
        self.start_mb = memory_mb("VmRSS")

    def run(self) -> dict[str, float]:
        """Fit, then answer for everybody; seconds of each and the peak over the start."""
        self.adapter.model = None  # the last round's model is not this round's memory
        gc.collect()
        forget_peak()
        began = time.perf_counter()
        self.adapter.fit()
        fitted = time.perf_counter()
        self.answer(TIMED)
        done = time.perf_counter()
        peak = max(0.0, memory_mb("VmHWM") - self.start_mb)
        return {"fit": fitted - began, "recommend": done - fitted, "memory": peak}

    def learn(self) -> dict[str, bool]:
        """Fit without the clock: for a trial whose answer alone counts."""
        self.adapter.fit()
        return {"fitted": True}

    def answer(self, n: int) -> np.ndarray:
        if hasattr(self.adapter, "predict"):
            return np.asarray(self.adapter.predict())
        return np.asarray(self.adapter.recommend(n))

    def save(self, path: str) -> dict[str, str]:
        np.save(path, self.answer(JUDGED))
        return {"saved": path}


def serve(make: Callable[[], Any]) -> None:
    """Make a runner, say that it is ready, then answer each line of commands until there is none."""
    out = os.fdopen(os.dup(1), "w")  # answers go here; what a library prints goes to stderr
    os.dup2(2, 1)
    try:
        runner = make()
        print(json.dumps({"ready": True}), file=out, flush=True)
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            print(json.dumps(getattr(runner, command)(*arguments)), file=out, flush=True)
    except Exception as error:  # the comparison shows the reason instead of stopping
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}), file=out, flush=True)


def main(split: str, library: str, model: str, options: str) -> None:
    def make() -> Runner:
        adapters = importlib.import_module(f"adapters.{library.replace('-', '_')}")
        return Runner(getattr(adapters, model), Task.read(split), json.loads(options))

    serve(make)


if __name__ == "__main__":
    main(*sys.argv[1:])
