"""implicit: neighbours, ALS and BPR in Cython with OpenMP."""

from __future__ import annotations

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender

from adapters.common import Adapter, best


class _Ranker(Adapter):
    def prepare(self) -> None:
        self.R = self.task.matrix()  # (U, I)
        self.served_R = self.R[self.task.served]

    def recommend(self, n: int) -> np.ndarray:
        return self.model.recommend(self.task.served, self.served_R, N=n)[0]


class ItemKNN(_Ranker):
    def fit(self) -> None:
        self.model = CosineRecommender(K=self.options["k"] + 1)  # an item counts among its own K
        self.model.fit(self.R, show_progress=False)


class UserKNN(_Ranker):
    """Item neighbours of the transposed matrix; the weighted sum is then one sparse product."""

    def fit(self) -> None:
        self.model = CosineRecommender(K=self.options["k"] + 1)
        self.model.fit(self.R.T.tocsr(), show_progress=False)

    def recommend(self, n: int) -> np.ndarray:
        S = self.model.similarity  # (U, U); the user's own row adds to seen items only
        return best(lambda users: (S[users] @ self.R).toarray(), self.task.served, self.R, n)


class ALS(_Ranker):
    def fit(self) -> None:
        self.model = AlternatingLeastSquares(random_state=0, **self.options)
        self.model.fit(self.R, show_progress=False)


class BPR(_Ranker):
    def fit(self) -> None:
        self.model = BayesianPersonalizedRanking(random_state=0, **self.options)
        self.model.fit(self.R, show_progress=False)
