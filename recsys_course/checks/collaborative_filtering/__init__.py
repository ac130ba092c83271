"""The checks of the chapter Collaborative filtering, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "cosine", "pearson", "jaccard", "top_n", "split_by_time",
    "similarity", "user_knn", "item_knn", "item_cf", "who_can_score", "ndcg",
    "mf_gradient", "sgd_step", "als_half_step", "bpr_gradient", "ease",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
