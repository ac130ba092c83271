"""Gradual pruning: fast at first, when much is superfluous, slow at the end."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def moment(rng: Random) -> tuple[int, int, int, float]:
    """A step before, within or after the stretch in which pruning goes on."""
    start = rng.randrange(0, 50)
    end = start + rng.choice([7, 20, 80])
    return rng.randrange(0, end + 20), start, end, rng.choice([0.5, 0.8, 0.95])


@check(
    by_hand=[
        Case((60, 10, 110, 0.8), 0.7, "half of the way: 1 - (1/2)^3 = 7/8 of 0.8"),
        Case((10, 10, 110, 0.8), 0.0, "it has not begun"),
        Case((4, 10, 110, 0.8), 0.0, "before the start nothing is pruned"),
        Case((110, 10, 110, 0.8), 0.8, "the end: all of it"),
        Case((500, 10, 110, 0.8), 0.8, "after the end it stays as it is"),
        Case((35, 10, 110, 0.64), 0.37, "a quarter of the way: 1 - (3/4)^3 = 37/64 of 0.64"),
    ],
    at_random=moment,
    slips=[
        Slip(
            "this is linear: the remaining part shrinks with the third power",
            ("1 - (1 - done) ** 3", "done"),
        ),
        Slip(
            "this is slow first and fast at the end: the other way round", ("1 - (1 - done) ** 3", "done**3")
        ),
        Slip(
            "after the end the sparsity must stay at the final one",
            ("min(max((", "(max((("),
            (", 0.0), 1.0)", "), 0.0))"),
        ),
        Slip(
            "before the start it is 0, never negative",
            ("max((step - start) / (end - start), 0.0)", "(step - start) / (end - start)"),
        ),
        Slip("count the steps from the start of pruning, not from 0", ("(step - start)", "step")),
        Slip("the way from start to end is end - start steps long", ("(end - start)", "end")),
        Slip(
            "you gave the share that stays: sparsity is the share of zeros",
            ("final * (1 - (1 - done) ** 3)", "1 - final * (1 - (1 - done) ** 3)"),
        ),
        Slip(
            "it ends at 1: the final sparsity is missing",
            ("final * (1 - (1 - done) ** 3)", "1 - (1 - done) ** 3"),
        ),
    ],
    then="how many steps of the way does it take to prune the first half? And the last tenth?",
)
def sparsity_schedule(step: int, start: int, end: int, final: float) -> float:
    """The share of zeros at ``step``: 0 until ``start``, ``final`` from ``end`` on, cubic between."""
    done = min(max((step - start) / (end - start), 0.0), 1.0)
    return final * (1 - (1 - done) ** 3)
