"""One model of one library in its own process, and its rounds."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from environments import HERE, OURS, Environment
from rows import Entry

from recsys_course.data import Split
from recsys_course.metrics import ndcg, recall, rmse

# implicit asks for one BLAS thread, because it runs BLAS inside its own threads.
WISHES = {"implicit": {"OPENBLAS_NUM_THREADS": "1"}}


class Failed(RuntimeError):
    """A worker could not do what it was asked; the message is its own."""


class Worker:
    """A process that keeps one model of one library and answers commands."""

    SCRIPT = "worker.py"

    def __init__(self, entry: Entry, home: Environment, split: Path, limit: float) -> None:
        keep = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
        command = [
            str(home.python),
            self.SCRIPT,
            str(split),
            entry.library,
            entry.model,
            json.dumps(entry.options),
        ]
        self.limit, self.answers = limit, queue.Queue[str]()
        self.process = subprocess.Popen(
            command, cwd=HERE, env=keep | WISHES.get(entry.library, {}), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.answers.put(line)
        self.answers.put("")

    def hear(self) -> dict[str, Any]:
        try:
            line = self.answers.get(timeout=self.limit)
        except queue.Empty:
            raise Failed(f"no answer within {self.limit:.0f} s") from None
        answer = json.loads(line or '{"error": "the process ended without an answer"}')
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def ask(self, *command: Any) -> dict[str, Any]:
        if self.process.stdin is None or self.process.poll() is not None:
            raise Failed("the process has ended")
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Contestant:
    """An entry of a row with its worker, its rounds so far and, if it failed, the reason."""

    def __init__(self, entry: Entry, home: Environment, split: Path, limit: float) -> None:
        self.entry, self.home, self.split, self.limit = entry, home, split, limit
        self.rounds: list[dict[str, float]] = []
        self.error, self.worker, self.spent = home.error, None, 0.0
        if not self.error and entry.library == OURS:  # compiled loops come from the cache afterwards
            self.attempt(self.warm_up)
            self.close()
        self.attempt(self.warm_up)

    def attempt(self, step: Callable[[], Any]) -> Any:
        """Do a step unless an earlier one failed; a failure is kept, not raised."""
        if self.error:
            return None
        try:
            return step()
        except (Failed, OSError) as failure:
            self.error = str(failure)
            return None

    def warm_up(self) -> None:
        self.worker = Worker(self.entry, self.home, self.split, self.limit)
        self.worker.hear()
        self.worker.ask("run")

    def take_turn(self, patience: float) -> None:
        if self.rounds and self.spent > patience:
            return
        answer = self.attempt(lambda: self.worker.ask("run"))
        if answer:
            self.rounds.append(answer)
            self.spent += answer["fit"] + answer["recommend"]

    def close(self) -> None:
        if self.worker:
            self.worker.stop()

    def result(self, split: Split, path: Path) -> dict[str, Any]:
        about = {"library": self.entry.library, "label": self.entry.label, "options": self.entry.options}
        self.attempt(lambda: self.worker.ask("save", str(path)))
        if self.error or not self.rounds:
            return about | {"error": self.error}
        median = {key: float(np.median([r[key] for r in self.rounds])) for key in self.rounds[0]}
        return about | median | {"reps": len(self.rounds)} | accuracy(np.load(path), split)


def accuracy(answer: np.ndarray, split: Split, served: np.ndarray | None = None) -> dict[str, float]:
    """(N,) stars -> rmse; (served, 20) lists -> ndcg@10, recall@20."""
    if answer.ndim == 1:
        return {"rmse": rmse(split.test.values, answer)}
    relevant = split.test.to_csr()[np.unique(split.train.users) if served is None else served]
    return {"ndcg@10": ndcg(answer, relevant, 10), "recall@20": recall(answer, relevant, 20)}
