"""The course's SASRec, stopped after every epoch so that somebody may look."""

from __future__ import annotations

import queue
import threading
from copy import deepcopy
from typing import Any

import numpy as np

from recsys_course import Interactions
from recsys_course.neural import SASRec as Model
from recsys_course.neural import n_parameters


class SASRec:
    """Trains in a thread of its own, which waits after each epoch until the next is asked for."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int, options: dict[str, Any]) -> None:
        own = options["max_length"] - options["max_length"] // 2 + 1  # targets of a window, at most
        sizes = {name: value for name, value in options.items() if name != "targets_per_step"}
        self.model = Model(**sizes, n_epochs=10_000, batch_size=max(1, options["targets_per_step"] // own))
        size = np.bincount(users)
        last = (
            np.arange(len(users)) >= (np.cumsum(size) - 2)[users]
        )  # the two that are held out, as RecBole does
        times = np.arange(len(users), dtype=np.float64)
        self.log = Interactions(users, items, int(users.max()) + 1, n_items, times=times).take(~last)
        self.go, self.done = queue.Queue[bool](), queue.Queue[Exception | None]()
        self.thread = threading.Thread(target=self._train, daemon=True)

    def _train(self) -> None:
        self.go.get()
        try:
            self.model.train_with(self.log, None, validate=self._stopped)
        except Exception as error:  # told by epoch()
            self.done.put(error)

    def _stopped(self, model: Any, module: Any) -> float:
        self.module = module
        self.done.put(None)
        self.go.get()
        return 0.0

    def epoch(self) -> None:
        """One pass; the first also builds the net and the batches."""
        if not self.thread.is_alive():
            self.thread.start()
        self.go.put(True)
        if trouble := self.done.get():
            raise trouble

    def scores(self, histories: list[np.ndarray]) -> np.ndarray:
        """(B, I) scores of what comes after each history."""
        return self.model.with_module(deepcopy(self.module)).score_histories(histories)

    def n_parameters(self) -> int:
        return sum(n_parameters(self.module).values())
