"""The course's own models, by their registered names: options are {"name": ..., parameters}."""

from __future__ import annotations

import numpy as np

from adapters.common import Adapter
from recsys_course import Interactions
from recsys_course.registry import make_model, model_info


class Ranker(Adapter):
    def prepare(self) -> None:
        task = self.task
        model_info(self.options["name"]).load()  # imports count as start, as in the other adapters
        self.data = Interactions(task.users, task.items, task.n_users, task.n_items, task.values)

    def fit(self) -> None:
        self.model = make_model(**self.options).fit(self.data)

    def recommend(self, n: int) -> np.ndarray:
        return self.model.recommend(self.task.served, n)


class Predictor(Adapter):
    prepare, fit = Ranker.prepare, Ranker.fit

    def predict(self) -> np.ndarray:
        return self.model.predict(self.task.test_users, self.task.test_items)
