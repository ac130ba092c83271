"""How good is it? One protocol for every model."""

from recsys_course.evaluation.protocol import RANKING, RATING, compare, evaluate

__all__ = ["RANKING", "RATING", "compare", "evaluate"]
