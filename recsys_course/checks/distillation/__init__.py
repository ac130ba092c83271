"""The checks of the chapter Knowledge distillation, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "soften", "kl_divergence", "soft_cross_entropy", "distillation_loss", "kd_gradient",
    "sigmoid_distillation", "rank_weights", "hint_loss", "relation_loss", "distillation_gain",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
