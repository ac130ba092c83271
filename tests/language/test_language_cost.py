"""Tokens, seconds and money: by hand, added up, and refused."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.language import Prices, ServerBudget, Usage, serving_cost

usages = st.builds(Usage, *[st.integers(0, 10**9)] * 3, st.floats(0, 1e6), *[st.integers(0, 99)] * 2)


def test_usage_adds_up_field_by_field():
    total = Usage(1, 20, 3, 0.5, 0, 1) + Usage(2, 30, 4, 1.5, 1, 0)
    assert total == Usage(3, 50, 7, 2.0, 1, 1)
    assert sum([Usage(1), Usage(1, retries=1)]) == Usage(2, retries=1)
    assert sum([]) == 0
    with pytest.raises(TypeError):
        Usage() + 3


@given(usages, usages)
def test_the_cost_of_two_is_the_sum_of_their_costs(one, other):
    prices = Prices(0.15, 0.6)
    assert prices.cost(one + other) == pytest.approx(prices.cost(one) + prices.cost(other))
    assert one + Usage() == one


def test_prices_by_hand():
    assert Prices(2.0, 8.0).cost(Usage(1, 500_000, 250_000)) == pytest.approx(1 + 2)
    assert Prices(0, 0).cost(Usage(9, 9, 9)) == 0
    for name in ("prompt", "completion"):
        with pytest.raises(ValueError, match=f"^{name}: -1; expected a price of at least 0"):
            dataclasses.replace(Prices(1, 1), **{name: -1})


def test_a_day_of_traffic_by_hand():
    """10 a second: 864,000 a day; each reads 1,000 tokens for 0.001 and writes 50 for 0.0002."""
    prices = Prices(1.0, 4.0)
    assert serving_cost(10, 1000, 50, prices) == pytest.approx(864_000 * (0.001 + 0.0002))
    assert serving_cost(10, 1000, 50, prices, cached=0.75) == pytest.approx(864_000 * 0.0012 / 4)
    assert serving_cost(10, 1000, 50, prices, cached=1) == serving_cost(0, 1000, 50, prices) == 0


@given(st.floats(0.1, 1e3), st.integers(0, 5000), st.integers(0, 500))
def test_a_day_is_the_cost_of_its_calls(rate, prompt, completion):
    prices = Prices(0.3, 1.2)
    one = prices.cost(Usage(1, prompt, completion))
    assert serving_cost(rate, prompt, completion, prices) == pytest.approx(86_400 * rate * one)


def test_machines_by_hand():
    """A request takes 1000 / 5000 + 50 / 500 = 0.3 s; 10 a second are 3 machines' time, 5 at 60 %."""
    budget = ServerBudget(prompt_speed=5000, completion_speed=500, price_per_hour=2, load=0.6)
    assert budget.seconds(1000, 50) == pytest.approx(0.3)
    assert budget.machines(10, 1000, 50) == 5
    assert budget.machines(10.01, 1000, 50) == 6
    assert budget.per_day(10, 1000, 50) == 5 * 24 * 2
    assert budget.machines(0, 1000, 50) == 0
    assert ServerBudget(1, 1, 1, load=0.3).machines(0.1, 2, 1) == 1  # not 2 for a rounding error


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: serving_cost(-1, 1, 1, Prices(1, 1)),
            "requests_per_second: -1; expected a rate of at least 0",
        ),
        (lambda: serving_cost(1, -1, 1, Prices(1, 1)), "prompt_tokens: -1; expected"),
        (lambda: serving_cost(1, 1, -1, Prices(1, 1)), "completion_tokens: -1; expected"),
        (lambda: serving_cost(1, 1, 1, Prices(1, 1), 1.1), r"cached: 1.1; expected a share in \[0, 1\]"),
        (lambda: ServerBudget(0, 1, 1), "prompt_speed: 0; expected tokens a second, more than 0"),
        (lambda: ServerBudget(1, 0, 1), "completion_speed: 0; expected"),
        (lambda: ServerBudget(1, 1, -1), "price_per_hour: -1; expected"),
        (lambda: ServerBudget(1, 1, 1, 0), r"load: 0; expected a share in \(0, 1\]"),
        (lambda: ServerBudget(1, 1, 1).machines(1, 1, -2), "completion_tokens: -2; expected"),
    ],
)
def test_what_makes_no_sense_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
