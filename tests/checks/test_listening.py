"""Who listens is told every result, and can do no harm."""

from __future__ import annotations

import pytest

from recsys_course import checks
from recsys_course.checks.engine import CheckFailed, listeners

who = checks.collaborative_filtering.who_can_score


@pytest.fixture
def heard():
    """What a listener has been told so far; nobody else listens meanwhile."""
    told: list[tuple] = []
    before = listeners[:]
    listeners[:] = [lambda *result: told.append(result)]
    yield told
    listeners[:] = before


def test_a_listener_hears_id_verdict_and_passing_cases(heard):
    who(who.reference)
    with pytest.raises(CheckFailed):
        who(lambda clicks_at_fit, clicks_now, item_clicks: set())
    with pytest.raises(CheckFailed):
        who(lambda clicks_at_fit, clicks_now, item_clicks: None)
    with pytest.raises(CheckFailed):
        who(lambda: set())
    empty = sum(case.expected == set() for case in who.cases)
    assert 0 < empty < len(who.cases)
    name = "collaborative_filtering.who_can_score"
    assert heard == [(name, True, len(who.cases)), (name, False, empty), (name, False, 0), (name, False, 0)]


def test_an_interrupted_check_is_heard_as_failed(heard):
    def answer(clicks_at_fit, clicks_now, item_clicks):
        raise KeyboardInterrupt

    with pytest.raises(CheckFailed, match="stopped in case 1"):
        who(answer)
    assert heard == [("collaborative_filtering.who_can_score", False, 0)]


def test_a_listener_that_raises_costs_one_line_on_stderr_and_nothing_else(heard, capsys):
    def full(*result):
        raise OSError("no space\nleft on device")

    listeners[:] = [full, *listeners, full]
    who(who.reference)
    said = capsys.readouterr()
    assert said.out.startswith("who_can_score: all 24 cases pass")
    assert said.err == "(this result was not recorded: OSError: no space left on device)\n"
    assert len(heard) == 1  # the next one is still told
    with pytest.raises(CheckFailed, match="not yet") as failure:
        who(lambda clicks_at_fit, clicks_now, item_clicks: set())
    assert failure.value.__context__ is None


def test_a_listener_may_leave_while_it_is_told(heard):
    def once(*result):
        listeners.remove(once)

    listeners.insert(0, once)
    who(who.reference)
    who(who.reference)
    assert len(heard) == 2 and once not in listeners
