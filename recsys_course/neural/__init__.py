"""Deep recommenders: two towers, SASRec, and models of clicks over features."""

from recsys_course.neural.attention import SASRecNet, attention, causal_mask
from recsys_course.neural.batches import Batch, Examples, Histories, Windows
from recsys_course.neural.recommender import SequenceRecommender, TorchRecommender
from recsys_course.neural.sasrec import SASRec
from recsys_course.neural.tables import ItemVectors, n_parameters, share_of_embeddings

__all__ = [
    "Batch", "Examples", "Histories", "ItemVectors", "SASRec", "SASRecNet", "SequenceRecommender",
    "TorchRecommender", "Windows", "attention", "causal_mask", "n_parameters", "share_of_embeddings",
]  # fmt: skip
