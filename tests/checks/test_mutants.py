"""A check is as good as the wrong answers it refuses: small changes of the reference, a hundred each."""

from __future__ import annotations

import pytest
from endings import few
from every_check import CHECKS, IDS
from mutants import WANTED, changed, described, sites, survives, trial
from survivors import SURVIVORS

from recsys_course.checks.engine import Case, check


def squeezed(text: str) -> str:
    """Without blanks and parentheses, which ``ast.unparse`` sets as its Python version likes."""
    return "".join(sign for sign in text if sign not in "() ")


@pytest.mark.parametrize("check", CHECKS, ids=IDS)
def test_every_mutant_fails_or_is_known_to_change_nothing(check):
    result = trial(check)
    assert result.tried >= WANTED
    known = SURVIVORS.get(check.name, {})
    assert set(map(squeezed, result.survivors)) == set(map(squeezed, known))
    assert all(known.values())


def test_survivors_are_listed_for_exercises_that_exist():
    assert set(SURVIVORS) <= {check.name for check in CHECKS}


# ---- the maker of mutants


def toy(*cases: Case):
    @check(by_hand=cases, at_random=lambda rng: (), slips=[], then="")
    def half_of_last(values):
        return values[-1] / 2

    object.__setattr__(half_of_last, "n_random", 0)
    return half_of_last


def test_a_check_with_too_few_cases_lets_mutants_through():
    strong = toy(Case(([1.0, 6.0, 8.0],), 4.0), Case(([5.0],), 2.5))
    weak = toy(Case(([0.0],), 0.0))
    assert trial(strong).survivors == []
    assert "return values[-1] / 2 -> return values[-1] * 2" in trial(weak).survivors


def test_changes_are_of_operators_constants_axes_and_indices():
    plain = "def f(R, u, k):\n    return R[u, k] - R.sum(axis=0)[:k]"
    singles = {described(plain, changed(plain, [site])).split("-> return ")[1] for site in sites(plain)}
    assert {
        "R[u, k] + R.sum(axis=0)[:k]",
        "R[k, u] - R.sum(axis=0)[:k]",
        "R[u - 1, k] - R.sum(axis=0)[:k]",
        "R[u, k] - R.sum(axis=1)[:k]",
        "R[u, k] - R.sum(axis=0)[k:]",
        "R[u, k] - R.sum(axis=0)[:k + 1]",
        "R.sum(axis=0)[:k] - R[u, k]",
    } <= singles


def test_two_changes_one_within_the_other_are_both_made():
    plain = "def f(a, b):\n    return a - b / 2"
    both = {changed(plain, pair) for pair in zip(sites(plain), sites(plain)[::-1], strict=True)}
    assert "def f(a, b):\n    return a + b * 2" in {
        changed(plain, [one, other]) for one in sites(plain) for other in sites(plain)
    }
    assert all(text.startswith("def f(a, b):\n    return ") for text in both)


@pytest.mark.parametrize(
    "loop", ["while True: pass", "for _ in iter(int, 1): pass", "[0 for _ in iter(int, 1)]"]
)
def test_a_mutant_that_never_ends_is_stopped_and_has_failed(loop):
    strong = toy(Case(([6.0],), 3.0))
    assert not survives(strong, f"def half_of_last(values):\n    {loop}\n    return values[-1] / 2")


def test_bounding_the_loops_changes_nothing_else():
    strong = toy(Case(([6.0],), 3.0))
    loop = "    n = 0\n    while n < 3:\n        n += 1\n    else:\n        n += 4\n"
    answer = "    return sum(v for v in values) / 2 + n - 7"
    assert survives(strong, f"def half_of_last(values):\n{loop}{answer}")
    assert list(few("abc")) == ["a", "b", "c"]
