"""Two toy exercises, and what a failed check says."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_course.checks.engine import Case, CheckFailed, Slip, check


@check(
    by_hand=[Case((np.array([1.0, 3.0]),), 2.0, "(1 + 3) / 2")],
    at_random=lambda rng: (rng.normal(size=rng.integers(2, 5)),),
    rng=np.random.default_rng,
    slips=[Slip("divide by the number", (" / len(x)", ""))],
    then="the median.",
)
def average(x):
    return float(x.sum() / len(x))


@check(
    by_hand=[Case(([2.0, 1.0], 1), ([1.0], [2.0]), "in order 1, 2; the first one, and the rest")],
    at_random=lambda rng: ([rng.random() for _ in range(rng.randrange(1, 5))], 1),
    slips=[],
    then="the median.",
)
def parted(values, n):
    return sorted(values)[:n], sorted(values)[n:]


def message(answer, of=average) -> list[str]:
    """The message of a failed check, line by line."""
    with pytest.raises(CheckFailed) as failure:
        of(answer)
    return str(failure.value).splitlines()


def said(answer, of=average) -> str:
    """The same as one line, wherever it was wrapped."""
    return " ".join(" ".join(message(answer, of)).split())
