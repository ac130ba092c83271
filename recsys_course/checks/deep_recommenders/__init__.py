"""The checks of the chapter Deep recommenders, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "sequence_targets",
    "parameter_share",
    "fm_interaction",
    "layer_norm",
    "causal_mask",
    "causal_attention",
    "next_item_loss",
    "in_batch_gradient",
    "stream_log_q",
)


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
