"""Surprise: rating predictors in Cython, one thread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import surprise

from adapters.common import Adapter


class _Predictor(Adapter):
    def prepare(self) -> None:
        task = self.task
        table = pd.DataFrame({"user": task.users, "item": task.items, "rating": task.values})
        scale = surprise.Reader(rating_scale=(task.values.min(), task.values.max()))
        self.train = surprise.Dataset.load_from_df(table, scale).build_full_trainset()
        unknown = [0.0] * len(task.test_users)  # the true stars stay outside
        self.asked = list(zip(task.test_users.tolist(), task.test_items.tolist(), unknown, strict=True))

    def fit(self) -> None:
        self.model = getattr(surprise, type(self).__name__)(random_state=0, **self.options)
        self.model.fit(self.train)

    def predict(self) -> np.ndarray:
        return np.array([answer.est for answer in self.model.test(self.asked)])


class SVD(_Predictor):
    pass


class SVDpp(_Predictor):
    pass
