"""Trains one sequential model inside its library's environment, an epoch at a time, on command.

Started by sequential.py as  python sequence_worker.py LOG.npz LIBRARY ADAPTER '{"n_factors": 32, ...}'
``epoch`` trains once over all events and answers seconds; ``lists HELD PATH`` writes (U, 10) lists of what
comes after each history but its last HELD events, without what the history holds.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import numpy as np
from worker import serve

AT_ONCE = 256


class Runner:
    def __init__(self, path: str, adapter: str, options: dict[str, Any]) -> None:
        log = np.load(path)
        users, items = log["users"], log["items"]  # user after user, in time
        self.histories = np.split(items, np.cumsum(np.bincount(users))[:-1])
        module = importlib.import_module(f"adapters.{adapter}")
        self.model = module.SASRec(users, items, int(log["n_items"]), options)

    def epoch(self) -> dict[str, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        self.model.epoch()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def lists(self, held: int, path: str) -> dict[str, int]:
        kept = []
        for start in range(0, len(self.histories), AT_ONCE):
            histories = [h[: len(h) - held] for h in self.histories[start : start + AT_ONCE]]
            scores = np.array(self.model.scores(histories))
            for row, history in enumerate(histories):
                scores[row, history] = -np.inf
            kept.append(np.argsort(-scores, axis=1, kind="stable")[:, :10])
        np.save(path, np.concatenate(kept))
        return {"parameters": self.model.n_parameters()}


def main(path: str, _library: str, adapter: str, options: str) -> None:
    serve(lambda: Runner(path, adapter, json.loads(options)))


if __name__ == "__main__":
    main(*sys.argv[1:])
