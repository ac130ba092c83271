"""After how many requests a distilled student has paid for itself."""

from __future__ import annotations

import math
from random import Random

from recsys_course.checks.engine import Case, Slip, check


def a_plan(rng: Random) -> tuple[int, int, int, int, int, int]:
    """Prices in millionths; now and then the student is no cheaper."""
    student = rng.choice([1, 5, 40])
    return (
        student + rng.choice([0, 1, 7, 100, 1400]),
        student,
        rng.choice([0, 100, 2500]),
        rng.choice([0, 5_000, 20_000]),
        rng.choice([10, 1000]),
        rng.choice([1, 7, 30]),
    )


@check(
    by_hand=[
        Case(
            (1400, 20, 50_000, 20_000_000, 100_000, 7),
            (65_218, 876_000_000),
            "50,000 lists at 1400 and the training: 90 million. A request saves 1380: 90,000,000 / 1380 = "
            "65,217.4, so 65,218. A week saves 966 million, less the 90",
        ),
        Case(
            (100, 100, 10, 0, 1000, 7),
            (math.inf, -1000),
            "the student is no cheaper: never, and the ten lists are lost",
        ),
        Case(
            (50, 10, 4, 200, 10, 1),
            (10, 0),
            "400 to begin with, 40 saved each: 10 requests; a day has just 10",
        ),
        Case((50, 10, 0, 0, 10, 1), (0, 400), "nothing to pay first: it is cheaper from the start"),
        Case((5, 9, 0, 0, 10, 1), (math.inf, -40), "a dearer student never pays, whatever it cost to make"),
    ],
    at_random=a_plan,
    slips=[
        Slip(
            "the teacher's lists cost money, too: n_labels calls before the first request is served",
            ("n_labels * teacher + training", "training"),
        ),
        Slip("you forgot what the training costs", ("n_labels * teacher + training", "n_labels * teacher")),
        Slip(
            "the lists are made by the teacher, at its price",
            ("n_labels * teacher", "n_labels * student"),
        ),
        Slip(
            "you divided by the teacher's price: a request saves teacher - student, the student is not free",
            ("saved = teacher - student", "saved = teacher"),
        ),
        Slip(
            "you rounded down: there the student has not paid for itself yet; round up",
            ("math.ceil(first / saved)", "first // saved"),
        ),
        Slip(
            "a student that is no cheaper never breaks even: answer math.inf",
            ("if saved > 0 else math.inf", "if saved else 0"),
        ),
        Slip(
            "your saving forgets what was paid first",
            ("saved * per_day * days - first", "saved * per_day * days"),
        ),
        Slip(
            "the first costs are paid once in the life of the student, not once a day",
            ("saved * per_day * days - first", "(saved * per_day - first) * days"),
        ),
    ],
    then="the catalogue changes, so the student lives a week, not a month: what happens to both numbers?",
)
def break_even(
    teacher: int, student: int, n_labels: int, training: int, per_day: int, days: int
) -> tuple[float, int]:
    """Price of a request, lists, training; requests a day, days -> requests to break even, saved."""
    first = n_labels * teacher + training
    saved = teacher - student
    return math.ceil(first / saved) if saved > 0 else math.inf, saved * per_day * days - first
