"""The checks of the chapter Content-based recommenders, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "tf_idf", "bm25", "because",
    "pooled_embedding", "rocchio", "ivf_search",
    "sgns_gradient", "glove_gradient",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
