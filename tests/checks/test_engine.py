"""The engine on a toy exercise: what a learner is told, case by case."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from recsys_course import checks
from recsys_course.checks._engine import Case, CheckFailed, Slip, check, same, show


@check(
    by_hand=[Case((np.array([1.0, 3.0]),), 2.0, "(1 + 3) / 2")],
    at_random=lambda rng: (rng.normal(size=rng.integers(2, 5)),),
    slips=[Slip("divide by the number", (" / len(x)", ""))],
    then="the median.",
)
def average(x):
    return float(x.sum() / len(x))


def message(answer, of=average) -> list[str]:
    with pytest.raises(CheckFailed) as failure:
        of(answer)
    return str(failure.value).splitlines()


def test_right_answer_prints_how_many_cases_and_what_next(capsys):
    average(lambda x: x.mean())
    assert capsys.readouterr().out == (
        "average: all 21 cases pass (1 by hand, 20 at random).\nNext: the median.\n"
    )


def test_wrong_answer_is_told_call_answer_expectation_reason_and_slip():
    assert message(lambda x: x.sum()) == [
        "average: not yet; 0 of 21 cases pass. The first that fails:",
        "called with",
        "    x = [1., 3.]",
        "    returned  4.",
        "    expected  2.",
        "why: (1 + 3) / 2",
        "usual slip: divide by the number",
    ]


def test_no_answer():
    assert message(lambda x: None) == ["average returned None: write your answer above, and return it"]
    assert message(3.0) == ["average: expected your function; got 3.0, which cannot be called"]


def test_none_in_one_branch_shows_the_case():
    assert "    returned  None" in message(lambda x: x.mean() if len(x) == 3 else None)


def test_error_of_the_learner_shows_the_line_of_the_answer_not_ours():
    def helper(x):
        return x[99]

    def answer(x):
        return helper(x)

    told = message(answer)
    assert told[3].startswith("raised IndexError: index 99 is out of bounds")
    assert told[4].endswith("of your cell: return x[99]")


def test_wrong_number_of_arguments_is_an_error_without_a_line():
    told = message(lambda: 1.0)
    assert told[3].startswith("raised TypeError: ") and "takes 0 positional arguments" in told[3]
    assert told[4] == "why: (1 + 3) / 2"


def test_values_alike_in_four_digits_are_shown_in_full():
    told = message(lambda x: x.mean() + 1e-5)
    assert told[3:5] == ["    returned  2.00001", "    expected  2."]


def test_another_kind_of_value_is_said():
    assert "that is an array of shape (1,); expected a number" in message(lambda x: x.mean()[None])
    assert "that is 2 values; expected a number" in message(lambda x: (x.mean(), 0))


def test_first_failure_shown_is_by_hand_else_the_smallest_at_random():
    told = message(lambda x: x.mean() if x[0] == 1.0 else 0.0)
    assert told[2].count(",") == 1  # two numbers, the least that is drawn


def test_ipython_prints_the_message_alone():
    error = CheckFailed("one\ntwo")
    assert error._render_traceback_() == ["one", "two"]


def test_failure_carries_no_other_exception():
    with pytest.raises(CheckFailed) as failure:
        average(lambda x: 1 / 0)
    assert failure.value.__cause__ is None and failure.value.__context__ is None


def test_slip_refuses_text_that_is_not_there_once():
    with pytest.raises(ValueError, match="occurs 0 times; expected once"):
        Slip("", ("no such text", "")).applied_to(average.reference)
    with pytest.raises(ValueError, match="occurs 3 times; expected once"):
        Slip("", ("x", "y")).applied_to(lambda_free)


def lambda_free(x):
    return x + 1 if x else 0


@pytest.mark.parametrize(
    ("got", "expected", "equal"),
    [
        (1.0 + 1e-9, 1.0, True),
        (1.001, 1.0, False),
        ([1, 2], np.array([1.0, 2.0]), True),
        (np.array([[1.0]]), 1.0, False),
        ("1.0", 1.0, False),
        (None, np.nan, False),
        ([[1], [1, 2]], np.ones((2, 2)), False),
        ([1.0, np.ones(2)], (1.0, np.ones(2)), True),
        ((1.0,), (1.0, 2.0), False),
        ({"a": 1.0}, {"a": 1.0 + 1e-9}, True),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0}, False),
        ({"a"}, {"a"}, True),
        (["a"], {"a"}, False),
        (np.nan, 1.0, False),
    ],
)
def test_same(got, expected, equal):
    assert same(got, expected) is equal


def test_show():
    assert show(np.array([[1.0, np.nan]])) == "[[ 1., nan]]"
    assert show((1, 0.123456)) == "(1, 0.1235)"
    assert show({(0, 1): 2 / 3}) == "{(0, 1): 0.6667}"
    assert show({"b", "a"}) == "{'a', 'b'}"
    assert show(set()) == "set()"


def test_unknown_chapter_names_the_known_ones():
    with pytest.raises(AttributeError, match=r"'cooking'; expected one of collaborative_filtering"):
        _ = checks.cooking


def test_checks_load_neither_torch_nor_numba():
    code = (
        "import sys; from recsys_course import checks; checks.collaborative_filtering; "
        "sys.exit(bool({'torch', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
