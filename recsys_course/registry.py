"""Every model under its command-line name; a model's module is imported when it is asked for."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["ranking", "rating", "both"]
DataKind = Literal["stars", "positives"]
FEATURES = "item_features"  # the field of models that go by what items are


@dataclass(frozen=True)
class ModelInfo:
    """One line of the catalogue of models.

    Args:
        where: "module:Class" inside the package.
        kind: what the model can do: order items, predict stars, or both.
        about: one line for a reader. chapter: the chapter that explains it.
        defaults: parameters that the command line sets, by kind of data ("stars" or
            "positives"), where the constructor's own are not the choice for it.
        features: it cannot do without ``item_features``.
    """

    where: str
    kind: Kind
    about: str
    chapter: int
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    features: bool = False

    def load(self) -> type:
        """The class; its module is imported now."""
        module, name = self.where.split(":")
        return getattr(import_module(f"recsys_course.{module}"), name)

    def does(self, task: str) -> bool:
        """Can the model do the task, "ranking" or "rating"?"""
        return self.kind in (task, "both")


MODELS: dict[str, ModelInfo] = {
    "popularity": ModelInfo("baselines:Popularity", "ranking", "what most users met, the same for all", 3),
    "recent-popularity": ModelInfo("baselines:RecentPopularity", "ranking", "what most users met lately", 1),
    "random": ModelInfo("baselines:Random", "ranking", "chance, the floor under every comparison", 3),
    "damped-means": ModelInfo("baselines:DampedMeans", "both", "mean of all, of the item, of the user", 3),
    "item-knn": ModelInfo("neighbors:ItemKNN", "ranking", "what resembles the user's history", 3),
    "user-knn": ModelInfo("neighbors:UserKNN", "ranking", "what similar users met", 3),
    "swing": ModelInfo("neighbors:Swing", "ranking", "items that pairs of otherwise unlike users share", 3),
    "incremental": ModelInfo(
        "neighbors:IncrementalItemKNN", "ranking", "item-knn, updated event by event", 3
    ),
    "item-knn-rating": ModelInfo(
        "neighbors:ItemKNNRating", "rating", "the user's stars for similar items", 3
    ),
    "user-knn-rating": ModelInfo("neighbors:UserKNNRating", "rating", "similar users' stars for the item", 3),
    "funk-svd": ModelInfo("factorization:FunkSVD", "both", "factors and biases by gradient descent", 3),
    "svdpp": ModelInfo("factorization:SVDpp", "both", "funk-svd plus factors of what was rated", 3),
    "als": ModelInfo("factorization:ALS", "both", "factors of stars by alternating least squares", 3),
    "implicit-als": ModelInfo(
        "factorization:ImplicitALS", "ranking", "factors of positives with confidence", 3
    ),
    "bpr": ModelInfo("factorization:BPR", "ranking", "factors that order pairs of items", 3),
    "fm": ModelInfo("factorization:FM", "both", "factorization machine: pairs of any features", 3),
    "ease": ModelInfo("linear:EASE", "ranking", "item weights in one closed form", 3),
    "slim": ModelInfo("linear:SLIM", "ranking", "sparse item weights, one regression an item", 3),
    "content-knn": ModelInfo(
        "content:ContentKNN", "ranking", "what is described like the user's history", 4, features=True
    ),
    "content-profile": ModelInfo(
        "content:ContentProfile", "ranking", "what lies near the mean of the history", 4, features=True
    ),
    "item2vec": ModelInfo("content:Item2Vec", "ranking", "item vectors from what is met in one session", 4),
    "mlp": ModelInfo("neural:MLPRecommender", "ranking", "layers over the vectors of user and item", 7),
    "two-towers": ModelInfo(
        "neural:TwoTowers", "ranking", "a vector of the user times one of the item, softmax in the batch", 7
    ),
    "sasrec": ModelInfo("neural:SASRec", "ranking", "the next item from those before it, by attention", 7),
}


def model_info(name: str) -> ModelInfo:
    """The entry of ``MODELS``; ValueError names the nearest when there is none."""
    if name not in MODELS:
        hint = did_you_mean(str(name).replace("_", "-"), MODELS) or ";"
        raise ValueError(f"no model {name!r}{hint} known: {', '.join(MODELS)}")
    return MODELS[name]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "; did you mean NEAREST?", or "" where nothing known is near."""
    near = get_close_matches(name.lower(), list(known), n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else ""


def make_model(name: str, items: pd.DataFrame | None = None, **params: Any) -> Any:
    """A model by its command-line name, unfitted.

    Args:
        name: one of ``MODELS``.
        items: the item table of the dataset. A model that cannot do without ``item_features``, and to
            which none are given, takes TF-IDF of its texts; the others do not look at it.
        params: fields of its class; the others keep their defaults.

    Raises:
        ValueError: no model of that name, no such field (the message lists those there are), or
            neither features nor texts to make them from. TypeError: a value of another type than the field.
    """
    params = with_features(name, items, params)
    cls = model_info(name).load()
    types = parameters(name)
    for key, value in params.items():
        if key not in types:
            fields = ", ".join(types) or "none"
            raise ValueError(f"{name} has no parameter {key!r}; it has: {fields}")
        if not _fits(value, types[key]):
            raise TypeError(f"{name}: {key}={value!r}; expected {_type_name(types[key])}")
    return cls(**params)


def with_features(name: str, items: pd.DataFrame | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with features from the items' texts where the model needs them and has none.

    Raises:
        ValueError: as :func:`make_model`.
    """
    if not model_info(name).features or params.get(FEATURES) is not None:
        return dict(params)
    if items is None:
        raise ValueError(
            f"{name}: no {FEATURES} and no items; expected items=dataset.items, a table with texts, "
            f"or {FEATURES}=, (items, features) numbers"
        )
    from recsys_course.content import text_features

    try:
        return dict(params) | {FEATURES: text_features(items)}
    except ValueError as error:
        raise ValueError(f"{name}: no {FEATURES}, and none can be made: {error}") from error


def parameters(name: str) -> dict[str, Any]:
    """Names and types of what a model can be given, in the order of its signature."""
    cls = model_info(name).load()
    hints = typing.get_type_hints(cls)
    fields = sorted(dataclasses.fields(cls), key=lambda f: bool(f.kw_only))  # as in the signature
    return {f.name: hints[f.name] for f in fields if f.init}


def _type_name(kind: Any) -> str:
    """A type in words: "int", "int | None", "Literal['a', 'b']"."""
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _fits(value: Any, kind: Any) -> bool:
    """Is a value of a field's type? An int will do for a float; what is not plain is let through."""
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return value in options
    if origin in (typing.Union, UnionType):
        return any(_fits(value, option) for option in options)
    if isinstance(value, bool) and kind in (int, float):
        return False
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind) if kind in (int, bool, str, NoneType) else True
