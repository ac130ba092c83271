"""cornac: models in Cython and numpy, scores of one user at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from cornac import models
from cornac.data import Dataset

from adapters.common import Adapter, best


class _Model(Adapter):
    def prepare(self) -> None:
        task = self.task
        same_user, same_item = ({code: code for code in range(n)} for n in (task.n_users, task.n_items))
        triples = task.users.astype(np.int64), task.items.astype(np.int64), task.values.astype(float)
        self.R = task.matrix()
        self.data = Dataset(task.n_users, task.n_items, same_user, same_item, triples)

    def make(self) -> Any:
        """A seed would hold cornac to one thread, so none is given."""
        return getattr(models, type(self).__name__)(verbose=False, **self.options)

    def fit(self) -> None:
        self.model = self.make().fit(self.data)


class _Ranker(_Model):
    def recommend(self, n: int) -> np.ndarray:
        def scores(users: np.ndarray) -> np.ndarray:
            return np.stack([np.ravel(self.model.score(user)) for user in users])

        return best(scores, self.task.served, self.R, n)


class BPR(_Ranker):
    pass


class EASE(_Ranker):
    pass


class MF(_Model):
    def predict(self) -> np.ndarray:
        pairs = zip(self.task.test_users, self.task.test_items, strict=True)
        return np.array([self.model.rate(user, item) for user, item in pairs])
