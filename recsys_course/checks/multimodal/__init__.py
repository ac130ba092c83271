"""The checks of the chapter Several modalities, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "standardize_and_average", "late_fusion", "modality_dropout", "vbpr_score", "gate",
    "attention_fusion", "info_nce", "info_nce_gradient", "mmoe",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
