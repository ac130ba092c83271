"""How good is it? One protocol for every model."""

from recsys_course.evaluation.comparing import compare, evaluate
from recsys_course.evaluation.intervals import over_users
from recsys_course.evaluation.judging import judge
from recsys_course.evaluation.measuring import RANKING, RATING
from recsys_course.evaluation.protocol import Protocol
from recsys_course.evaluation.report import Report
from recsys_course.evaluation.store import StoreError

__all__ = [
    "RANKING",
    "RATING",
    "Protocol",
    "Report",
    "StoreError",
    "compare",
    "evaluate",
    "judge",
    "over_users",
]
