"""LensKit: components in a pipeline that answers one user at a time."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from lenskit import batch
from lenskit.als import BiasedMFScorer, ImplicitMFScorer
from lenskit.data import ItemListCollection, UserIDKey, from_interactions_df
from lenskit.funksvd import FunkSVDScorer
from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions

from adapters.common import Adapter

ONE_PROCESS = 1  # starting more of them costs more than they save at this size


class _Model(Adapter):
    scorer: ClassVar[Any]
    rates: ClassVar[bool] = False

    def prepare(self) -> None:
        task = self.task
        table = {"user_id": task.users, "item_id": task.items}
        if self.rates:
            table["rating"] = task.values
        self.data = from_interactions_df(pd.DataFrame(table))
        asked = pd.DataFrame({"user_id": task.test_users, "item_id": task.test_items})
        self.asked = ItemListCollection.from_df(asked, UserIDKey)

    def fit(self) -> None:
        self.model = topn_pipeline(self.scorer(**self.options), predicts_ratings=self.rates)
        self.model.train(self.data, TrainingOptions(rng=0))


class _Ranker(_Model):
    def recommend(self, n: int) -> np.ndarray:
        answers = batch.recommend(self.model, self.task.served.tolist(), n=n, n_jobs=ONE_PROCESS)
        lists = np.full((len(self.task.served), n), -1)
        for row, user in enumerate(self.task.served.tolist()):
            items = answers.lookup(user).ids()
            lists[row, : len(items)] = items
        return lists


class _Predictor(_Model):
    rates = True

    def predict(self) -> np.ndarray:
        answers = batch.predict(self.model, self.asked, n_jobs=ONE_PROCESS)
        table = answers.to_df().set_index(["user_id", "item_id"])["score"]
        return table.loc[list(zip(self.task.test_users, self.task.test_items, strict=True))].to_numpy()


class ItemKNN(_Ranker):
    scorer = ItemKNNScorer


class UserKNN(_Ranker):
    scorer = UserKNNScorer


class EASE(_Ranker):
    scorer = EASEScorer


class ALS(_Ranker):
    scorer = ImplicitMFScorer


class BiasedMF(_Predictor):
    scorer = BiasedMFScorer


class FunkSVD(_Predictor):
    scorer = FunkSVDScorer


class ItemKNNRating(_Predictor):
    scorer = ItemKNNScorer


class UserKNNRating(_Predictor):
    scorer = UserKNNScorer
