"""The parts of a check: tolerance, oracle, random cases, slips."""

from __future__ import annotations

import numpy as np
import pytest
from toys import average, message

from recsys_course.checks.engine import Case, Slip, check


def test_tolerance_is_the_checks_own():
    options = {"by_hand": average.by_hand, "at_random": average.at_random, "rng": average.rng, "then": ""}
    rough = check(**options, slips=[], tolerance=0.1)(average.reference)
    rough(lambda x: x.mean() + 0.05)
    assert message(lambda x: x.mean() + 0.5, of=rough)
    assert message(lambda x: x.mean() + 0.05)  # the default is fine


def test_random_cases_expect_what_the_oracle_says():
    def oracle(x):
        return sum(x) / len(x)

    def loses_one(x):
        return float(x[1:].sum() / len(x))

    case = Case((np.array([0.0, 4.0]),), 2.0, "4 / 2")
    odd = check(
        by_hand=[case], at_random=average.at_random, rng=average.rng, slips=[], then="", oracle=oracle
    )(loses_one)
    odd(lambda x: x.mean())
    assert "1 of 21 cases pass" in message(loses_one, of=odd)[0]  # a wrong reference is found out


def test_a_reference_that_raises_is_our_error_and_not_the_learners():
    @check(by_hand=[], at_random=lambda rng: (rng.random(),), slips=[], then="")
    def broken(x):
        return x / 0

    with pytest.raises(ZeroDivisionError):
        broken(lambda x: x)


def test_the_same_random_cases_in_every_session():
    again = check(by_hand=average.by_hand, at_random=average.at_random, rng=average.rng, slips=[], then="")(
        average.reference
    )
    assert [repr(case.args) for case in again.cases] == [repr(case.args) for case in average.cases]


def test_slip_refuses_text_that_is_not_there_once():
    with pytest.raises(ValueError, match="occurs 0 times; expected once"):
        Slip("", ("no such text", "")).applied_to(average.reference)
    with pytest.raises(ValueError, match="occurs 3 times; expected once"):
        Slip("", ("x", "y")).applied_to(lambda_free)


def lambda_free(x):
    return x + 1 if x else 0


def test_slip_is_taken_from_the_function_not_from_the_check_above_it():
    @check(
        by_hand=[Case((1,), 2, "the text def in a reason does no harm: 1 + 1")],
        at_random=lambda rng: (rng.randrange(9),),
        slips=[Slip("def of a slip", ("+ 1", "+ 2"))],
        then="",
    )
    def successor(x):
        return x + 1

    assert message(lambda x: x + 2, of=successor)[-1] == "usual slip: def of a slip"
