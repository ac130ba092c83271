"""Options that a library has to choose: the same values for all, tried on a validation part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from contest import Failed, Worker, accuracy
from environments import Environment
from record import SEED, write_split
from rows import Entry

from recsys_course.data import Split, split_random

AT_MOST = 1000  # users who get lists in a trial; some libraries take a minute for all


class Validation:
    """A tenth of the training side held back, written where the workers find it."""

    def __init__(self, train_side: Split, folder: Path) -> None:
        self.path, self.answer = folder / "validation.npz", folder / "trial.npy"
        self.split = split_random(train_side.train.binary(), 0.1, seed=SEED)
        able = np.intersect1d(self.split.train.users, self.split.test.users)
        chosen = np.random.default_rng(SEED).permutation(able)[:AT_MOST]
        self.served = np.sort(chosen)
        write_split(self.split, False, self.path, self.served)

    def best(self, entry: Entry, home: Environment, limit: float) -> tuple[Entry, list[dict[str, Any]]]:
        """The entry with its best options, and what each trial gave; a trial that fails is kept as such."""
        trials: list[dict[str, Any]] = []
        chosen, most = replace(entry, tries={}), -1.0
        for candidate in entry.candidates() if not home.error else ():
            try:
                gain = self._trial(candidate, home, limit)
            except (Failed, OSError) as failure:
                trials.append({"options": candidate.options, "error": str(failure)})
                continue
            trials.append({"options": candidate.options, "ndcg@10": gain})
            if gain > most:
                chosen, most = candidate, gain
        return chosen, trials

    def _trial(self, entry: Entry, home: Environment, limit: float) -> float:
        worker = Worker(entry, home, self.path, limit)
        try:
            worker.hear()
            worker.ask("learn")
            worker.ask("save", str(self.answer))
        finally:
            worker.stop()
        return accuracy(np.load(self.answer), self.split, self.served)["ndcg@10"]
