"""Which models stand beside each other, and with which options.

Within a row factors, passes and neighbours are equal; everything else is each library's
default, unless a comment says why not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from environments import OURS


@dataclass(frozen=True)
class Entry:
    """One model of one library; ``model`` names a class of its adapter module."""

    library: str
    model: str
    options: dict[str, Any]
    note: str = ""

    @property
    def label(self) -> str:
        return f"{self.library} ({self.note})" if self.note else self.library


@dataclass(frozen=True)
class Row:
    title: str
    task: Literal["ranking", "rating"]
    entries: tuple[Entry, ...]


def ranker(name: str, **options: Any) -> Entry:
    return Entry(OURS, "Ranker", {"name": name} | options)


def predictor(name: str, **options: Any) -> Entry:
    return Entry(OURS, "Predictor", {"name": name} | options)


K = 20  # neighbours, in every neighbourhood row

ROWS: dict[str, Row] = {
    "item-knn": Row("ItemKNN, cosine, 20 neighbours", "ranking", (
        ranker("item-knn", k=K, shrinkage=0.0),
        Entry("implicit", "ItemKNN", {"k": K}),
        Entry("rectools", "ItemKNN", {"k": K}),
        Entry("lenskit", "ItemKNN", {"max_nbrs": K, "feedback": "implicit"}),
    )),
    "user-knn": Row("UserKNN, cosine, 20 neighbours", "ranking", (
        ranker("user-knn", k=K, shrinkage=0.0),
        Entry("implicit", "UserKNN", {"k": K}, "transposed, scored by scipy"),
        Entry("lenskit", "UserKNN", {"max_nbrs": K, "feedback": "implicit"}),
    )),
    "implicit-als-cg": Row("Implicit ALS, 64 factors, 15 sweeps, conjugate gradient", "ranking", (
        ranker("implicit-als", n_factors=64, n_epochs=15, solver="cg"),
        Entry("implicit", "ALS", {"factors": 64, "iterations": 15, "use_cg": True}),
    )),
    "implicit-als-cholesky": Row("Implicit ALS, 64 factors, 15 sweeps, Cholesky", "ranking", (
        ranker("implicit-als", n_factors=64, n_epochs=15, solver="cholesky"),
        Entry("implicit", "ALS", {"factors": 64, "iterations": 15, "use_cg": False}),
    )),
    # cornac's default step has not arrived after its 100 passes, and implicit's default is the best
    # of those tried for it; cornac therefore appears twice, the second time at its best of three.
    "bpr": Row("BPR, 64 factors", "ranking", (
        ranker("bpr", n_factors=64),
        Entry("implicit", "BPR", {"factors": 64}),
        Entry("cornac", "BPR", {"k": 64}),
        Entry("cornac", "BPR", {"k": 64, "learning_rate": 0.05}, "learning rate 0.05"),
    )),
    # posB=False is the closed form of the paper; cornac's default drops its negative weights.
    "ease": Row("EASE, penalty 500", "ranking", (
        ranker("ease", reg=500.0),
        Entry("rectools", "EASE", {"regularization": 500.0}),
        Entry("cornac", "EASE", {"lamb": 500, "posB": False}),
        Entry("lenskit", "EASE", {"regularization": 500.0}),
    )),
    "funk-svd": Row("Biased factors by SGD, 100 factors, 20 passes", "rating", (
        predictor("funk-svd", n_factors=100, n_epochs=20),
        Entry("surprise", "SVD", {"n_factors": 100, "n_epochs": 20}),
        Entry("cornac", "MF", {"k": 100, "max_iter": 20}),
        Entry("lenskit", "FunkSVD", {}, "factor by factor, its defaults"),
    )),
    "als": Row("Biased factors by ALS, 50 factors, 10 sweeps", "rating", (
        predictor("als", n_factors=50, n_epochs=10),
        Entry("lenskit", "BiasedMF", {"embedding_size": 50, "epochs": 10}),
    )),
    "svdpp": Row("SVD++, 20 factors, 20 passes", "rating", (
        predictor("svdpp", n_factors=20, n_epochs=20),
        Entry("surprise", "SVDpp", {"n_factors": 20, "n_epochs": 20}),
    )),
    "item-knn-rating": Row("ItemKNN on stars, 20 neighbours", "rating", (
        predictor("item-knn-rating", k=K),
        Entry("lenskit", "ItemKNNRating", {"max_nbrs": K}),
    )),
    "user-knn-rating": Row("UserKNN on stars, 20 neighbours", "rating", (
        predictor("user-knn-rating", k=K),
        Entry("lenskit", "UserKNNRating", {"max_nbrs": K}),
    )),
}  # fmt: skip
