"""What a learner is told, case by case, on toy exercises."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from toys import average, message, parted, said

from recsys_course.checks import collaborative_filtering
from recsys_course.checks.engine import CheckFailed

mf = collaborative_filtering.mf_gradient


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
        "    returned  4.0",
        "    expected  2.0",
        "why: (1 + 3) / 2",
        "usual slip: divide by the number",
    ]


# ---- nothing to check yet


@pytest.mark.parametrize("nothing", [None, ...])
def test_what_is_not_written_is_said_kindly(nothing):
    assert said(lambda x: nothing) == (
        f"average: not written yet: it returns {nothing!r}. Write your answer in the cell above, "
        "run that cell, then check again. If it is written, the `return` is missing."
    )


def test_not_implemented_is_not_written():
    def answer(x):
        raise NotImplementedError

    assert said(answer) == (
        "average: not written yet. Put your answer in the place of the NotImplementedError, then check again."
    )


def test_none_in_one_branch_shows_the_case():
    told = message(lambda x: x.mean() if len(x) == 3 else None)
    assert "    returned  None" in told
    assert "that is nothing: None; expected a number" in told


def test_what_cannot_be_called_is_said():
    assert message(3.0) == [
        "average: give the check the function itself, without calling it; it got a number: 3.0"
    ]


@pytest.mark.parametrize(
    ("answer", "takes"),
    [
        (lambda: ([], []), "no argument"),
        (lambda values: ([], []), "1 argument: values"),
        (lambda values, n, extra: ([], []), "3 arguments: values, n, extra"),
        (lambda values, n, *, key: ([], []), "3 arguments: values, n, key"),
    ],
)
def test_wrong_number_of_parameters_is_said(answer, takes):
    told = said(answer, of=parted)
    assert told == f"parted: your function takes {takes}; it is called with 2 arguments: values, n"


def test_options_of_the_learners_own_and_any_names_are_welcome(capsys):
    parted(lambda a, b, reverse=False: (sorted(a)[:b], sorted(a)[b:]))
    parted(lambda *both: (sorted(both[0])[: both[1]], sorted(both[0])[both[1] :]))
    average(np.mean)
    average(functools.partial(np.mean, axis=0))
    assert capsys.readouterr().out.count("cases pass") == 4


def test_functions_in_c_without_a_signature_are_called():
    assert "not yet" in message(max)[0]


# ---- errors of the learner's own


def test_error_of_the_learner_shows_the_line_of_the_answer_not_ours():
    def helper(x):
        return x[99]

    def answer(x):
        return helper(x)

    told = message(answer)
    assert told[3].startswith("raised IndexError: index 99 is out of bounds")
    assert told[4].endswith("of your cell: return x[99]")
    assert told[5] == "    expected  2.0"
    assert not any("recsys_course" in line or "engine" in line for line in told)


def test_error_without_a_text_and_exit_are_shown_too():
    def gives_up(x):
        raise ValueError

    def leaves(x):
        raise SystemExit(1)

    assert "raised ValueError" in message(gives_up)
    assert "raised SystemExit: 1" in message(leaves)


def test_error_below_a_decorator_shows_the_line_of_the_function():
    def answer(x):
        return x / "stars"

    wrapped = functools.wraps(answer)(lambda x: answer(x))
    assert any('of your cell: return x / "stars"' in line for line in message(wrapped))


def test_interrupt_ends_in_a_message_that_shows_where():
    def answer(x):
        if len(x) > 2:
            raise KeyboardInterrupt
        return x.mean()

    told = message(answer)
    n = 1 + next(n for n, case in enumerate(average.cases) if len(case.args[0]) > 2)
    assert told[0] == f"average: stopped in case {n} of 21. Is there a loop that never ends?"
    assert told[1].endswith("of your cell: raise KeyboardInterrupt")
    assert told[2] == "called with" and told[3].startswith("    x = [")


def test_interrupt_while_the_message_is_made():
    class Slow:
        def __repr__(self):
            raise KeyboardInterrupt

    assert message(lambda x: Slow()) == ["average: stopped before all was compared; check again"]


def test_failure_carries_no_other_exception():
    with pytest.raises(CheckFailed) as failure:
        average(lambda x: 1 / 0)
    assert failure.value.__cause__ is None and failure.value.__context__ is None


def test_ipython_prints_the_message_alone():
    error = CheckFailed("one\ntwo")
    assert error._render_traceback_() == ["one", "two"]


# ---- wrong values


def test_values_alike_in_four_digits_are_shown_in_full():
    told = message(lambda x: x.mean() + 1e-5)
    assert told[3:5] == ["    returned  2.00001", "    expected  2.0"]


def test_another_kind_of_value_is_said():
    assert "that is an array of shape (1,); expected a number" in message(lambda x: x.mean()[None])
    assert "that is 2 values; expected a number" in message(lambda x: (x.mean(), 0))
    assert "that is 1 value; expected 2 values" in message(lambda values, n: (values,), of=parted)


def test_which_of_several_values_is_wrong_is_said():
    told = message(lambda values, n: ([1.0], [1.0]) if n == 1 else None, of=parted)
    assert "wrong: value 2 of 2" in told
    told = message(lambda values, n: [[5.0], np.array([1.0])], of=parted)
    assert not any(line.startswith("wrong") for line in told)  # all are, and one sees it


def test_several_wrong_values_are_counted_out():
    told = message(lambda *args: (mf.reference(*args)[0], 9.0, 9.0, *mf.reference(*args)[3:]), of=mf)
    assert "wrong: values 2 and 3 of 5" in told
    told = message(lambda *args: (*mf.reference(*args)[:2], 9.0, 9.0, 9.0), of=mf)
    assert "wrong: values 3, 4 and 5 of 5" in told


def test_a_long_value_is_cut():
    told = message(lambda values, n: (list(range(10_000)), []), of=parted)
    (line,) = [line for line in told if line.startswith("    returned")]
    assert len(line) < 500 and line.endswith("... (58,896 characters)")


def test_first_failure_shown_is_by_hand_else_the_smallest_at_random():
    told = message(lambda x: x.mean() if x[0] == 1.0 else 0.0)
    assert told[2].count(",") == 1  # two numbers, the least that is drawn


def test_a_right_value_with_a_changed_argument_is_told_so():
    def answer(values, n):
        values.sort()
        return values[:n], values[n:]

    told = message(answer, of=parted)
    assert "returned what was expected" in told
    assert "changed its argument values: work on a copy, the caller still needs it" in told


def test_an_argument_changed_by_less_than_the_tolerance_is_changed():
    def answer(x):
        mean = x.mean()
        x += 1e-9
        return mean

    assert any("changed its argument x" in line for line in message(answer))


def test_an_answer_that_depends_on_earlier_calls_is_told_so():
    def answer(values, n, seen=[]):  # noqa: B006  (the slip itself)
        seen += values
        return sorted(seen)[:n], sorted(seen)[n:]

    def chance(x):
        return float(rng.random())

    rng = np.random.default_rng(0)
    assert "called once more with the same arguments" in said(answer, of=parted)
    assert "called once more" in said(chance)
    assert "called once more" not in said(lambda x: 0.0)
    assert "called once more" not in said(lambda x: object())  # never equal, never the same
