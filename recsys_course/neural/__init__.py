"""Deep recommenders: two towers, SASRec, and models of clicks over features."""

from recsys_course.neural.attention import SASRecNet, attention, causal_mask
from recsys_course.neural.batches import Batch, Events, Histories, Windows
from recsys_course.neural.clicks import ClickModel, DeepFM, WideDeep
from recsys_course.neural.fields import DeepFMNet, WideDeepNet, pair_products
from recsys_course.neural.impressions import ClickBatch, Impressions
from recsys_course.neural.mlp import MLPRecommender, PairNet
from recsys_course.neural.recommender import SequenceRecommender, TorchRecommender
from recsys_course.neural.sasrec import SASRec
from recsys_course.neural.tables import ItemVectors, n_parameters, share_of_embeddings
from recsys_course.neural.towers import TowersNet, TwoTowers
from recsys_course.neural.trainable import Examples, Given, Trainable

__all__ = [
    "Batch", "ClickBatch", "ClickModel", "DeepFM", "DeepFMNet", "Events", "Examples", "Given",
    "Histories", "Impressions", "ItemVectors", "MLPRecommender", "PairNet", "SASRec", "SASRecNet",
    "SequenceRecommender", "TorchRecommender", "TowersNet", "Trainable", "TwoTowers", "WideDeep",
    "WideDeepNet", "Windows", "attention", "causal_mask", "n_parameters", "pair_products",
    "share_of_embeddings",
]  # fmt: skip
