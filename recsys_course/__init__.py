"""Recommender systems as a course: every algorithm of the book, readable and tested.

>>> from recsys_course import load, ItemKNN
>>> data = load("ml-100k").log
>>> ItemKNN(k=50).fit(data).recommend([0, 1], n=5)   # doctest: +SKIP

Names are imported on first use, so that ``import recsys_course`` stays light and the
classical chapters never load torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Interactions": "interactions", "Dataset": "interactions", "IdMap": "ids", "UnknownId": "ids",
    "from_frame": "tables", "from_csv": "tables",
    "load": "data", "DATASETS": "data", "DatasetError": "data", "Split": "data", "split_by_time": "data",
    "leave_last_out": "data", "split_random": "data", "split_random_per_user": "data",
    "split_cold_users": "data", "split_cold_items": "data", "split_twice": "data",
    "MODELS": "registry", "make_model": "registry", "evaluate": "evaluation", "compare": "evaluation",
    "judge": "evaluation", "Protocol": "evaluation", "Report": "evaluation",
    "ItemKNN": "neighbors", "UserKNN": "neighbors", "Swing": "neighbors", "IncrementalItemKNN": "neighbors",
    "ItemKNNRating": "neighbors", "UserKNNRating": "neighbors", "EASE": "linear", "SLIM": "linear",
    "FunkSVD": "factorization", "SVDpp": "factorization", "ALS": "factorization",
    "ImplicitALS": "factorization", "BPR": "factorization", "FM": "factorization",
    "ContentKNN": "content", "ContentProfile": "content", "Item2Vec": "content", "ItemSearch": "content",
    "texts_of": "content",
    "Recommender": "base", "RatingPredictor": "base", "NotFitted": "base", "Diverged": "base",
    "Weighted": "hybrid", "Switching": "hybrid", "Mixed": "hybrid", "Cascade": "hybrid", "Stacking": "hybrid",
    "FeatureCombination": "hybrid", "FeatureAugmentation": "hybrid", "MetaLevel": "hybrid",
    "AdaptiveHybrid": "hybrid", "explain": "hybrid",
    "FusionRecommender": "multimodal", "LateFusion": "multimodal", "ContrastiveAlignment": "multimodal",
    "MultiTask": "multimodal", "fuse": "multimodal",
    "SASRec": "neural", "TwoTowers": "neural", "MLPRecommender": "neural", "WideDeep": "neural",
    "DeepFM": "neural", "TorchRecommender": "neural",
    "Popularity": "baselines", "RecentPopularity": "baselines", "Random": "baselines",
    "DampedMeans": "baselines",
}  # fmt: skip

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'recsys_course' has no attribute {name!r}")
    return getattr(import_module(f"recsys_course.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
