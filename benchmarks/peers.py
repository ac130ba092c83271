"""Our models beside the libraries people would use: same split, same run, same evaluator.

Every model gets a process of its own in its library's environment. In each row the
processes take turns (A B C A B C ...), so that a slow minute of the machine hits all.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from environments import ENVS, HERE, OURS, PEERS, Environment, environment
from record import SPLITS, circumstances, described, write_split
from rows import ROWS, Entry, Row
from tqdm import tqdm
from verdict import judged

from recsys_course.data import Split
from recsys_course.metrics import ndcg, recall, rmse

# implicit asks for one BLAS thread, because it runs BLAS inside its own threads.
WISHES = {"implicit": {"OPENBLAS_NUM_THREADS": "1"}}
PROTOCOL = {
    "order": "one warm-up each, then the models of a row take turns; medians over the rounds",
    "timed": "fit, and top-10 lists for all users with training events (or all test predictions); "
    "building the library's own data object is not timed",
    "memory": "peak resident memory of a round over that of the process before its first fit, data loaded",
    "threads": "each library's default on all processors; implicit with one BLAS thread, as it asks",
    "accuracy": "all items compete, what was seen is left out; ndcg@10 and recall@20 over users with "
    "training and test events, any test event is relevant; rmse over all test ratings",
    "ratio": "ours / lowest of the peers; below 1 is in our favour",
    "verdict": "yes: fit + recommend takes less time than any peer, at an accuracy (3 decimals) no peer exceeds",
}
EXAMPLES = """examples:
  python benchmarks/peers.py                             all rows on ml-100k, 5 rounds
  python benchmarks/peers.py --data ml-1m-positives --patience 300
  python benchmarks/peers.py --rows item-knn ease --reps 9 --out another-folder"""


class Failed(RuntimeError):
    """A worker could not do what it was asked; the message is its own."""


class Worker:
    """A process that keeps one model of one library and answers commands."""

    def __init__(self, entry: Entry, home: Environment, split: Path, limit: float) -> None:
        keep = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
        command = [
            str(home.python),
            "worker.py",
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

    def ask(self, *command: str) -> dict[str, Any]:
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

    def attempt(self, step: Any) -> Any:
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


def accuracy(answer: np.ndarray, split: Split) -> dict[str, float]:
    """(N,) stars -> rmse; (served, 20) lists -> ndcg@10, recall@20."""
    if answer.ndim == 1:
        return {"rmse": rmse(split.test.values, answer)}
    relevant = split.test.to_csr()[np.unique(split.train.users)]
    return {"ndcg@10": ndcg(answer, relevant, 10), "recall@20": recall(answer, relevant, 20)}


def run_row(row: Row, homes: dict[str, Environment], split: Split, folder: Path, how: Any) -> dict[str, Any]:
    """All rounds of one row."""
    data = folder / f"{row.task}.npz"
    write_split(split, row.task == "rating", data)
    known = [entry for entry in row.entries if entry.library in homes]
    with tqdm(total=len(known) * (how.reps + 1), desc=row.title, unit="run") as bar:
        contestants: list[Contestant] = []
        try:
            for entry in known:
                contestants.append(Contestant(entry, homes[entry.library], data, how.limit))
                bar.update()
            for _ in range(how.reps):
                for contestant in contestants:
                    bar.set_postfix_str(contestant.entry.label)
                    contestant.take_turn(how.patience)
                    bar.update()
            results = [c.result(split, folder / "answer.npy") for c in contestants]
        finally:
            for contestant in contestants:
                contestant.close()
    return {"title": row.title, "task": row.task, "results": results} | judged(results, row.task)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=SPLITS, default="ml-100k", help="data and split")
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, metavar="ROW", help=f"of {', '.join(ROWS)}; default all"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=list(PEERS), help="libraries to stand beside"
    )
    parser.add_argument("--reps", type=int, default=5, help="timed rounds after the warm-up")
    parser.add_argument(
        "--patience", type=float, default=120, help="seconds after which a model takes no more turns"
    )
    parser.add_argument("--limit", type=float, default=900, help="seconds to wait for one answer")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for peers-DATA.json")
    parser.add_argument("--envs", type=Path, default=ENVS, help="folder of the libraries' environments")
    how = parser.parse_args(arguments)
    if how.reps < 1:
        parser.error(f"--reps {how.reps}: expected at least 1")
    split = SPLITS[how.data][0]()
    stars = len(np.unique(split.train.values)) > 1 and not how.data.startswith("ml-1m-positives")
    chosen = how.rows or [name for name, row in ROWS.items() if stars or row.task == "ranking"]
    if wrong := [name for name in chosen if ROWS[name].task == "rating" and not stars]:
        parser.error(f"--rows {' '.join(wrong)}: {how.data} holds no stars to predict")
    libraries = {entry.library for name in chosen for entry in ROWS[name].entries} & {OURS, *how.peers}
    homes = {}
    for library in tqdm(sorted(libraries), desc="environments"):
        homes[library] = environment(library, how.envs)
    with tempfile.TemporaryDirectory() as folder:
        rows = {name: run_row(ROWS[name], homes, split, Path(folder), how) for name in chosen}
    libraries_used = {n: h.versions if not h.error else {"error": h.error} for n, h in homes.items()}
    report = circumstances() | {
        "protocol": PROTOCOL | {"reps": how.reps, "patience_s": how.patience},
        "data": described(how.data, split), "libraries": libraries_used, "rows": rows,
    }  # fmt: skip
    how.out.mkdir(parents=True, exist_ok=True)
    path = how.out / f"peers-{how.data}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
