"""The checks of the chapter Distilling a language model into a recommender, in the order of its exercises.

Each exercise has a module: the reference, named as the function to write, under its check.
"""

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.chapter import load_check

EXERCISES = (
    "prompt_budget", "parse_ranking", "average_orders", "place_effect", "serving_cost", "break_even",
    "rankings_to_targets", "project_to_ids", "cold_vectors",
)  # fmt: skip


def __getattr__(name: str) -> Check:
    """A check, imported on first use."""
    return load_check(__name__, EXERCISES, name)


def __dir__() -> list[str]:
    return ["EXERCISES", *EXERCISES]
