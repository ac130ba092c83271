"""Our SASRec beside RecBole's: same events, same sizes, same judge, in one run.

    python benchmarks/sequential.py --data ml-100k

writes its part of benchmarks/results/sequential.json. The last event of each user is the test, the one
before it says when to stop; the two libraries take turns, an epoch each, so that a slow minute hits both.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from contest import Failed, Worker
from environments import ENVS, HERE, OURS, environment
from record import circumstances
from rows import Entry
from tqdm import tqdm

from recsys_course.data import load
from recsys_course.evaluation.significance import paired_bootstrap

SIZES = {
    "small": {"n_factors": 32, "n_layers": 2, "n_heads": 1, "n_hidden": 64, "max_length": 20,
              "dropout": 0.2, "learning_rate": 2e-3, "targets_per_step": 512},
    "recbole": {"n_factors": 64, "n_layers": 2, "n_heads": 2, "n_hidden": 256, "max_length": 50,
                "dropout": 0.5, "learning_rate": 1e-3, "targets_per_step": 2048},
}  # fmt: skip
LIBRARIES = {OURS: "recsys_course_sequence", "recbole": "recbole"}
PROTOCOL = {
    "split": "leave last out: the last event of each user is the test, the last but one the validation; "
    "users with three events or more; the histories that are asked end right before",
    "judge": "nDCG@10, all items compete but those in the history",
    "stop": "the epoch with the best validation value counts; a library stops after `patience` epochs "
    "without a better one, or after `epochs`, or when its epochs have taken `minutes`",
    "epoch": "each training event is a target once: RecBole makes a row of every prefix, ours answers all "
    "places of a window in one pass; seconds without judging; ours has no dropout on attention weights",
    "order": "an epoch each in turn; medians over the epochs after the first",
    "losses": "softmax over all items, Adam",
}  # fmt: skip


class Player:
    """One library in its process, with its epochs so far and the lists of its best one."""

    def __init__(self, library: str, log: Path, options: dict[str, Any], limit: float) -> None:
        home = environment(library, ENVS)
        entry = Entry(library, LIBRARIES[library], options)
        self.versions, self.library, self.folder = home.versions, library, log.parent
        self.epochs: list[dict[str, float]] = []
        self.best, self.lists, self.error, self.parameters = -1, np.empty(0), home.error, 0
        self.worker = None if home.error else SequenceWorker(entry, home, log, limit)

    def turn(self, truth: np.ndarray) -> None:
        """An epoch, and what its lists for both parts are worth."""
        try:
            if self.worker is None:
                return
            if not self.epochs:
                self.worker.hear()
            done = self.worker.ask("epoch")
            path = str(self.folder / f"{self.library}.npy")
            self.parameters = self.worker.ask("lists", 2, path)["parameters"]
            done["validation"] = float(gains(np.load(path), truth[:, 0]).mean())
            self.worker.ask("lists", 1, path)
            lists = np.load(path)
            done["test"] = float(gains(lists, truth[:, 1]).mean())
            self.epochs.append(done)
            if self.best < 0 or done["validation"] > self.epochs[self.best]["validation"]:
                self.best, self.lists = len(self.epochs) - 1, lists
        except Failed as failure:
            self.error = str(failure)

    def over(self, how: Any) -> bool:
        spent = sum(epoch["wall"] for epoch in self.epochs) / 60
        waited = len(self.epochs) - 1 - self.best
        return bool(
            self.error or len(self.epochs) >= how.epochs or spent > how.minutes or waited >= how.patience
        )

    def result(self) -> dict[str, Any]:
        about = {"library": self.library, "versions": self.versions, "parameters": self.parameters}
        if self.error or not self.epochs:
            return about | {"error": self.error}
        later = self.epochs[1:] or self.epochs
        return about | {
            "wall_s_per_epoch": float(np.median([epoch["wall"] for epoch in later])),
            "cpu_s_per_epoch": float(np.median([epoch["cpu"] for epoch in later])),
            "best_epoch": self.best, "ndcg@10": self.epochs[self.best]["test"], "epochs": self.epochs,
        }  # fmt: skip


class SequenceWorker(Worker):
    """A worker that trains step by step."""

    SCRIPT = "sequence_worker.py"


def gains(lists: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(U, 10) lists, (U,) the one event that is looked for -> (U,) nDCG@10."""
    hit = lists == targets[:, None]
    return (hit / np.log2(np.arange(2, lists.shape[1] + 2))).sum(axis=1)


def events(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Users with three events or more, user after user, in time; items numbered without gaps."""
    log = load(name).log
    order = np.lexsort((np.arange(len(log)), log.times, log.users))
    users, items = log.users[order], log.items[order]
    kept = np.bincount(users, minlength=log.n_users)[users] >= 3
    _, users = np.unique(users[kept], return_inverse=True)
    _, items = np.unique(items[kept], return_inverse=True)
    return users, items, int(items.max()) + 1


def contest(name: str, sizes: dict[str, Any], how: Any) -> dict[str, Any]:
    users, items, n_items = events(name)
    ends = np.cumsum(np.bincount(users))
    truth = np.column_stack([items[ends - 2], items[ends - 1]])
    options = sizes | {"seed": how.seed, "n_threads": how.threads}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.npz"
        np.savez(log, users=users, items=items, n_items=n_items)
        players = [Player(library, log, options, how.limit) for library in LIBRARIES]
        try:
            with tqdm(desc=f"{name}, epochs of both", unit="epoch") as bar:
                while waiting := [player for player in players if not player.over(how)]:
                    for player in waiting:
                        player.turn(truth)
                        bar.update()
                        bar.set_postfix_str(told(player))
        finally:
            for player in players:
                if player.worker:
                    player.worker.stop()
        found = {player.library: player.result() for player in players}
    settings = {"epochs": how.epochs, "minutes": how.minutes, "patience": how.patience}
    facts = {"users": len(ends), "items": n_items, "events": len(users), "settings": settings}
    return facts | {"options": options, "libraries": found, "against": difference(players, truth)}


def told(player: Player) -> str:
    return player.error or f"{player.library} {player.epochs[-1]['validation']:.4f}"


def difference(players: list[Player], truth: np.ndarray) -> dict[str, float]:
    """Ours minus theirs on the test, user by user, with an interval."""
    if any(player.error for player in players):
        return {}
    ours, theirs = (gains(player.lists, truth[:, 1]) for player in players)
    found = paired_bootstrap(ours, theirs)
    return {"ndcg@10": found.difference, "low": found.low, "high": found.high}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=("ml-100k", "ml-1m-positives"), default="ml-100k")
    parser.add_argument("--sizes", choices=SIZES, default="small", help="of both nets")
    parser.add_argument("--epochs", type=int, default=60, help="at most")
    parser.add_argument("--minutes", type=float, default=20, help="for one library's epochs, at most")
    parser.add_argument("--patience", type=int, default=5, help="epochs without a better validation value")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="processors of each library")
    parser.add_argument("--limit", type=float, default=3600, help="seconds to wait for one answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "sequential.json")
    how = parser.parse_args(arguments)
    for name in ("epochs", "minutes", "patience", "threads"):
        if getattr(how, name) < 1:
            parser.error(f"--{name} {getattr(how, name)}: expected at least 1")
    report = json.loads(how.out.read_text()) if how.out.exists() else {"rows": {}}
    row = contest(how.data, SIZES[how.sizes], how) | circumstances()
    report = {"protocol": PROTOCOL, "rows": report["rows"] | {f"{how.data}, {how.sizes}": row}}
    how.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {how.out}")


if __name__ == "__main__":
    main()
