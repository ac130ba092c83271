"""What must hold of every check: the reference passes, every slip is named, nothing wrong passes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from every_check import CHECKS, IDS

from recsys_course import checks
from recsys_course.checks import CHAPTERS
from recsys_course.checks.engine import Check, CheckFailed, Slip
from recsys_course.checks.engine.values import same

each_check = pytest.mark.parametrize("check", CHECKS, ids=IDS)


def message_of(check: Check, answer: Any) -> str:
    """The message of a failed check on one line; fails when the answer passes."""
    with pytest.raises(CheckFailed) as failure:
        check(answer)
    return " ".join(str(failure.value).split())


@each_check
def test_reference_passes_and_is_told_what_next(check, capsys):
    check(check.reference)
    first, *then = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"{check.name}: all {len(check.by_hand) + 20} cases pass ({len(check.by_hand)} by hand"
    )
    assert then[0].startswith("Next: ")
    assert max(map(len, [first, *then])) <= 95  # no scroll bar on the page


@each_check
def test_by_hand_cases_are_those_of_the_reference(check):
    assert len(check.by_hand) >= 2
    for case in check.by_hand:
        assert case.why, "a case by hand says how it was worked out"
    replace(check, n_random=0)(check.reference)  # raises if a number by hand is wrong


SLIPS = [(check, slip) for check in CHECKS for slip in check.slips]


@pytest.mark.parametrize(("check", "slip"), SLIPS, ids=[f"{c.name}-{s.message[:30]}" for c, s in SLIPS])
def test_slip_is_named(check: Check, slip: Slip):
    assert message_of(check, slip.applied_to(check.reference)).endswith(f"usual slip: {slip.message}")


@each_check
def test_five_slips_or_more_with_messages_of_their_own(check):
    assert len({slip.message for slip in check.slips}) == len(check.slips) >= 5


@each_check
def test_answer_wrong_in_nobodys_way_is_accused_of_no_slip(check):
    def odd(*args):
        return _shifted(check.reference(*args))

    assert "usual slip" not in message_of(check, odd)


def _shifted(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(_shifted, value))
    if isinstance(value, dict):
        return {key: v + 0.123 for key, v in value.items()} or {(0, 0): 0.123}
    return value | {"oracle"} if isinstance(value, set) else value + 0.123


# ---- wrong answers that any exercise may get


def _wrong_shape(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[:-1]
    if isinstance(value, dict | set):
        return list(value)
    return [value] if isinstance(value, list) else np.asarray(value)[None]


def _zeros(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_zeros, value))
    return type(value)() if isinstance(value, dict | set | list) else np.zeros_like(value)


def _transposed(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return value[::-1]
    return value.T if isinstance(value, np.ndarray) and value.ndim == 2 else [value]


GENERIC = {"wrong shape": _wrong_shape, "zeros": _zeros, "transposed": _transposed, "text": str}
SAME_ANYWAY = {("similarity", "transposed"): "the matrix is symmetric"}


@each_check
@pytest.mark.parametrize("wrong", GENERIC)
def test_generic_wrong_answer_fails(check, wrong):
    def answer(*args):
        return GENERIC[wrong](check.reference(*args))

    if (check.name, wrong) in SAME_ANYWAY:
        check(answer)
    else:
        message_of(check, answer)


@each_check
def test_answer_that_raises_is_shown_its_line(check):
    def answer(*args):
        return args[0] / "stars"

    message = message_of(check, answer)
    assert "raised TypeError" in message
    assert 'of your cell: return args[0] / "stars"' in message


@each_check
def test_stub_with_not_implemented_is_not_written(check):
    def answer(*args):
        raise NotImplementedError

    assert message_of(check, answer).startswith(f"{check.name}: not written yet.")


@each_check
def test_one_parameter_too_many_is_said(check):
    scope: dict[str, Any] = {}
    exec(f"def answer({', '.join([*check.parameters, 'one_more'])}): ...", scope)
    n = len(check.parameters)
    assert f"your function takes {n + 1} arguments" in message_of(check, scope["answer"])


MUTABLE = [c for c in CHECKS if any(isinstance(a, np.ndarray | list | dict) for a in c.cases[0].args)]


@pytest.mark.parametrize("check", MUTABLE, ids=[check.name for check in MUTABLE])
def test_answer_that_changes_its_arguments_fails_and_harms_nothing(check):
    def answer(*args):
        value = deepcopy(check.reference(*args))
        for a in args:
            if isinstance(a, np.ndarray):
                a[...] = ~a if a.dtype == bool else a + 1
            elif isinstance(a, list):
                a.append([99])
            elif isinstance(a, dict):
                a[99] = 1.0
        return value

    before = deepcopy([case.args for case in check.cases])
    message = message_of(check, answer)
    assert "returned what was expected changed its argument" in message
    assert same([case.args for case in check.cases], before, 0)
    check(check.reference)


@each_check
def test_a_check_knows_its_chapter_and_its_name(check):
    chapter, _, name = check.id.partition(".")
    assert chapter in CHAPTERS and getattr(getattr(checks, chapter), name) is check
