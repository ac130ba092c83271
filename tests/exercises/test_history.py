"""The history as a value: merging, and JSON that is read back or refused with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.exercises.history import Attempt, BadProgress, HintSeen, History, from_json, now, to_json

times = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "+00:00")
names = st.sampled_from(["a.x", "a.y", "b.x"])
histories = st.builds(
    History,
    st.frozensets(st.builds(Attempt, names, st.booleans(), st.integers(0, 99), times), max_size=6),
    st.dictionaries(st.tuples(names, st.integers(1, 3)), times, max_size=6).map(
        lambda seen: frozenset(HintSeen(name, number, at) for (name, number), at in seen.items())
    ),
)
T = [f"2026-11-21T10:00:0{n}.000000+00:00" for n in range(10)]


@given(histories, histories, histories)
def test_merging_is_a_union(a, b, c):
    assert a.merged(a) == a == a.merged(History())
    assert a.merged(b) == b.merged(a)
    assert a.merged(b).merged(c) == a.merged(b.merged(c))


@given(histories)
def test_json_comes_back_as_it_went(history):
    assert from_json(to_json(history)) == history
    assert to_json(from_json(to_json(history))) == to_json(history)


@given(histories)
def test_what_is_forgotten_is_gone_and_the_rest_stays(history):
    left = history.without(["a.x"])
    assert not any(row.exercise == "a.x" for row in (*left.attempts, *left.hints))
    assert left.merged(history) == history


def test_of_a_hint_seen_twice_the_first_time_counts():
    late, early = (History(hints=frozenset([HintSeen("a.x", 1, at)])) for at in (T[5], T[2]))
    assert late.merged(early) == early


def test_tries_end_with_the_first_pass():
    rows = [(False, T[3]), (False, T[1]), (True, T[5]), (False, T[7]), (True, T[8])]
    history = History(frozenset(Attempt("a.x", passed, 3, at) for passed, at in rows))
    assert history.tries("a.x") == 3 and history.is_done("a.x")
    assert history.tries("a.y") == 0 and not history.is_done("a.y")
    undone = History(frozenset(a for a in history.attempts if not a.passed))
    assert undone.tries("a.x") == 3 and not undone.is_done("a.x")


def test_now_sorts_as_text():
    moments = [now() for _ in range(50)]
    assert moments == sorted(moments) and len({len(moment) for moment in moments}) == 1


def body(**changes):
    attempt = {"exercise": "a.x", "passed": True, "cases": 3, "at": T[0]}
    hint = {"exercise": "a.x", "number": 1, "at": T[0]}
    whole = {"format": "recsys_course progress", "version": 1, "attempts": [attempt], "hints": [hint]}
    for place, value in changes.items():
        kind, _, field = place.partition("_")
        if field:
            whole[kind][0][field] = value
        else:
            whole[kind] = value
    return json.dumps(whole)


def test_a_time_of_another_zone_becomes_utc():
    got = from_json(body(attempts_at="2026-11-21T11:00:00+01:00"))
    assert {a.at for a in got.attempts} == {T[0]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: Expecting value"),
        ('{"format":\n"recsys_course progress",}', "line 2, column 26"),
        ("[" * 100_000, "no JSON that can be read"),
        ("9" * 5_000, "no JSON that can be read"),
        ("[]", "format: expected 'recsys_course progress'"),
        ("{}", "format: expected"),
        (body(format="other"), "format: expected"),
        (body(version=2), "version: 2; this version of the course reads 1"),
        (body(version=None), "version: None"),
        (body(attempts=None), "attempts: expected a list"),
        (body(hints={}), "hints: expected a list"),
        (body(attempts=["a.x"]), "attempts[0]: expected the fields exercise, passed, cases, at"),
        (body(hints=[{"exercise": "a.x"}]), "hints[0]: expected the fields exercise, number, at"),
        (body(hints_extra=1), "hints[0]: expected the fields"),
        (body(attempts_exercise="a"), 'attempts[0].exercise: "a"; expected an id such as'),
        (body(attempts_exercise="a.x\u0000"), "attempts[0].exercise"),
        (body(attempts_exercise=3), "attempts[0].exercise: 3"),
        (body(attempts_passed=1), "attempts[0].passed: 1; expected true or false"),
        (body(attempts_cases=-1), "attempts[0].cases: -1; expected a count"),
        (body(attempts_cases=True), "attempts[0].cases: true"),
        (body(attempts_cases=10**30), "attempts[0].cases"),
        (body(hints_number="1"), 'hints[0].number: "1"; expected a count'),
        (body(hints_at="yesterday"), 'hints[0].at: "yesterday"; expected a time with its zone'),
        (body(hints_at="2026-11-21T10:00:00"), "hints[0].at"),
        (body(hints_at="0001-01-01T00:00:00+14:00"), "hints[0].at"),
        (body(hints_at=5), "hints[0].at: 5"),
    ],
)
def test_anything_else_is_refused_with_its_place(text, said):
    with pytest.raises(BadProgress) as refusal:
        from_json(text)
    assert said in str(refusal.value)
