"""The checks of the chapter Evaluation offline, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "precision_recall", "f1", "mrr", "mean_average_precision", "auc",
    "gauc", "intra_list_diversity", "novelty", "calibration_error", "sampled_rank",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
