"""How an answer is checked: cases by hand, cases at random, and the usual slips by name.

``values`` compares and shows values, ``cases`` holds a case, a slip and what one call gave,
``report`` writes what the learner reads, ``checking`` joins them, ``listening`` tells others how it
went. None of them imports numpy: a check in plain Python runs where numpy comes late or never.
"""

from recsys_course.checks.engine.cases import Case, Slip
from recsys_course.checks.engine.checking import Check, CheckFailed, check
from recsys_course.checks.engine.listening import listeners

__all__ = ["Case", "Check", "CheckFailed", "Slip", "check", "listeners"]
