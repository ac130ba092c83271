"""The checks of the chapter Hybrid recommenders, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "normalize_scores", "effective_weights", "rrf", "cascade", "weighted_hybrid", "adaptive_blend",
    "blend_weight", "out_of_fold", "linucb",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
