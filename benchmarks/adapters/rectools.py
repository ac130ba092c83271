"""RecTools: tables in, tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, ImplicitItemKNNWrapperModel

from adapters.common import Adapter


class _Ranker(Adapter):
    def prepare(self) -> None:
        task = self.task
        table = pd.DataFrame(
            {Columns.User: task.users, Columns.Item: task.items, Columns.Weight: task.values}
        )
        self.data = Dataset.construct(table.assign(**{Columns.Datetime: "2020-01-01"}))

    def recommend(self, n: int) -> np.ndarray:
        served = self.task.served
        table = self.model.recommend(served, self.data, k=n, filter_viewed=True)
        lists = np.full((len(served), n), -1)
        row = np.searchsorted(served, table[Columns.User].to_numpy())
        lists[row, table[Columns.Rank].to_numpy() - 1] = table[Columns.Item]
        return lists


class EASE(_Ranker):
    def fit(self) -> None:
        self.model = EASEModel(**self.options).fit(self.data)


class ItemKNN(_Ranker):
    """RecTools wraps the neighbours of implicit."""

    def fit(self) -> None:
        from implicit.nearest_neighbours import CosineRecommender

        wrapped = CosineRecommender(K=self.options["k"] + 1)
        self.model = ImplicitItemKNNWrapperModel(wrapped).fit(self.data)
