"""The checks of the chapter Model compression, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "table_bytes", "quotient_remainder", "magnitude_mask", "sparsity_schedule", "drop_neurons",
    "quantize", "round_trip_per_channel", "straight_through", "low_rank_layer", "product_codes",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
