"""Which models stand beside each other, and with which options.

Within a row factors and passes are equal; everything else is each library's default, unless
a comment says why not. Where one name means different things to different libraries (the k of
neighbours) or decides all (the step of BPR), every library tries the same values on a
validation part of the training side and runs with its own best.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from environments import OURS


@dataclass(frozen=True)
class Entry:
    """One model of one library; ``model`` names a class of its adapter module.

    ``tries`` maps one option to the values that it is tried with before the row begins.
    """

    library: str
    model: str
    options: dict[str, Any]
    note: str = ""
    tries: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def candidates(self) -> list[Entry]:
        """The entry with each value that it is to be tried with."""
        return [
            replace(self, options=self.options | {name: value}, tries={})
            for name, values in self.tries.items()
            for value in values
        ]

    @property
    def label(self) -> str:
        return f"{self.library} ({self.note})" if self.note else self.library


@dataclass(frozen=True)
class Row:
    title: str
    task: Literal["ranking", "rating"]
    entries: tuple[Entry, ...]


def ranker(name: str, tries: dict[str, tuple[Any, ...]] | None = None, **options: Any) -> Entry:
    return Entry(OURS, "Ranker", {"name": name} | options, tries=tries or {})


def predictor(name: str, **options: Any) -> Entry:
    return Entry(OURS, "Predictor", {"name": name} | options)


NEIGHBOURS = (20, 50, 100, 200)
STEPS = (0.005, 0.01, 0.02, 0.05, 0.1)
K = 20  # neighbours of the rating predictors, which all look among those who rated

ROWS: dict[str, Row] = {
    "item-knn": Row("ItemKNN, cosine, best of 4 k", "ranking", (
        ranker("item-knn", {"k": NEIGHBOURS}, shrinkage=0.0),
        Entry("implicit", "ItemKNN", {}, tries={"k": NEIGHBOURS}),
        Entry("rectools", "ItemKNN", {}, tries={"k": NEIGHBOURS}),
        Entry("lenskit", "ItemKNN", {"feedback": "implicit"}, tries={"max_nbrs": NEIGHBOURS}),
    )),
    "user-knn": Row("UserKNN, cosine, best of 4 k", "ranking", (
        ranker("user-knn", {"k": NEIGHBOURS}, shrinkage=0.0),
        Entry("implicit", "UserKNN", {}, "transposed, scored by scipy", {"k": NEIGHBOURS}),
        Entry("lenskit", "UserKNN", {"feedback": "implicit"}, tries={"max_nbrs": NEIGHBOURS}),
    )),
    "implicit-als-cg": Row("Implicit ALS, 64 factors, 15 sweeps, conjugate gradient", "ranking", (
        ranker("implicit-als", n_factors=64, n_epochs=15, solver="cg"),
        Entry("implicit", "ALS", {"factors": 64, "iterations": 15, "use_cg": True}),
    )),
    "implicit-als-cholesky": Row("Implicit ALS, 64 factors, 15 sweeps, Cholesky", "ranking", (
        ranker("implicit-als", n_factors=64, n_epochs=15, solver="cholesky"),
        Entry("implicit", "ALS", {"factors": 64, "iterations": 15, "use_cg": False}),
    )),
    "bpr": Row("BPR, 64 factors, 100 passes, best of 5 steps", "ranking", (
        ranker("bpr", {"learning_rate": STEPS}, n_factors=64, n_epochs=100),
        Entry("implicit", "BPR", {"factors": 64, "iterations": 100}, tries={"learning_rate": STEPS}),
        Entry("cornac", "BPR", {"k": 64, "max_iter": 100}, tries={"learning_rate": STEPS}),
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
