"""A shared supply, whose truth Erlang's formula gives, and the test by blocks of time on it."""

import numpy as np
import pytest
from chance import within

from recsys_course.evaluation.experiment import (
    SharedSupply,
    assign_blocks,
    block_of,
    compare_means,
    switchback_effect,
)

MARKET = SharedSupply(arrivals=40, units=10, busy_hours=0.5, want=(0.5, 0.65))


def everyone(arm):
    return lambda hours: np.full(len(hours), arm)


# ---- the market


@pytest.mark.parametrize(("units", "load", "blocked"), [(1, 1.0, 1 / 2), (2, 1.0, 1 / 5), (2, 2.0, 2 / 5)])
def test_erlang_by_hand(units, load, blocked):
    """Two units, load 1: (1/2) / (1 + 1 + 1/2) = 1/5."""
    assert SharedSupply(arrivals=load, units=units, busy_hours=1).blocked(1.0) == pytest.approx(blocked)


def test_erlang_is_the_sum_of_the_formula():
    load, terms = 40 * 0.5 * 0.5, [1.0]
    for k in range(1, 11):
        terms.append(terms[-1] * load / k)
    assert MARKET.blocked(0.5) == pytest.approx(terms[-1] / sum(terms))


@pytest.mark.parametrize("arm", [0, 1])
def test_orders_in_the_simulation_are_those_of_the_formula(arm):
    """Hours as units: their means vary by more than single customers would."""
    visits = MARKET.run(2000, everyone(arm), seed=arm)
    per_block = np.bincount(visits.hours.astype(int) // 10, visits.ordered) / np.bincount(
        visits.hours.astype(int) // 10
    )
    error = per_block.std(ddof=1) / np.sqrt(len(per_block))
    assert abs(visits.ordered.mean() - MARKET.orders(MARKET.want[arm])) < 4 * error


def test_arrivals_are_poisson():
    counts = [len(MARKET.run(10, everyone(0), seed=seed).hours) for seed in range(200)]
    assert np.mean(counts) == pytest.approx(400, abs=4 * np.sqrt(400 / 200))
    assert np.var(counts) == pytest.approx(400, rel=4 * np.sqrt(2 / 200))


def test_no_unit_serves_two_at_once():
    market = SharedSupply(arrivals=50, units=1, busy_hours=1000.0, want=(1.0, 1.0))
    assert market.run(1, everyone(0)).ordered.sum() <= 1
    plenty = SharedSupply(arrivals=50, units=10_000, want=(1.0, 1.0))
    assert plenty.run(1, everyone(0)).ordered.all()


def test_with_plenty_of_supply_the_split_by_user_is_right():
    plenty = SharedSupply(arrivals=40, units=1000, want=(0.5, 0.65))
    assert plenty.user_split_effect == pytest.approx(plenty.true_effect) == pytest.approx(0.15)


# ---- blocks


def test_one_of_every_two_blocks_is_treated_by_a_fair_coin():
    arms = np.array([assign_blocks(20, seed) for seed in range(400)])
    assert (arms.reshape(400, 10, 2).sum(axis=2) == 1).all()
    assert within(arms[:, 0].mean(), 0.5, 400)


def test_blocks_by_hand():
    assert block_of([0, 0.9, 1.0, 2.5], 1.0).tolist() == [0, 0, 1, 2]


def test_effect_by_hand():
    """Blocks of 2 h with burn-in 1 h: means 1 and 2 of control, 4 and 5 of treatment."""
    times = [0.5, 1.0, 3.0, 3.9, 5.5, 7.0, 7.5]
    values = [99, 1, 4, 4, 2, 4, 6]
    got = switchback_effect(times, values, [0, 1, 0, 1], length=2, burn_in=1)
    assert (got.control, got.treatment, got.difference) == (1.5, 4.5, 3)
    assert got.p == pytest.approx(compare_means([1, 2], [4, 5]).p)


# ---- what a split by user sees, and a split by time


def by_user(seed):
    rng = np.random.default_rng([seed, 1])
    visits = MARKET.run(80, lambda hours: rng.integers(2, size=len(hours)), seed=seed)
    return compare_means(visits.ordered[visits.arms == 0], visits.ordered[visits.arms == 1])


def by_time(seed, length=4.0, burn_in=1.0, market=MARKET):
    arms = assign_blocks(20, seed)
    visits = market.run(20 * length, lambda hours: arms[block_of(hours, length)], seed=seed)
    return switchback_effect(visits.hours, visits.ordered, arms, length, burn_in)


@pytest.fixture(scope="module")
def estimates():
    return {
        name: np.array([test(seed).difference for seed in range(150)])
        for name, test in (("user", by_user), ("time", by_time))
    }


def test_split_by_user_measures_what_the_formula_says_and_that_is_not_the_truth(estimates):
    error = estimates["user"].std() / np.sqrt(150)
    assert abs(estimates["user"].mean() - MARKET.user_split_effect) < 4 * error
    assert MARKET.user_split_effect > 2 * MARKET.true_effect
    assert estimates["user"].mean() - 4 * error > 1.8 * MARKET.true_effect


def test_switchback_is_near_the_truth(estimates):
    error = estimates["time"].std() / np.sqrt(150)
    assert abs(estimates["time"].mean() - MARKET.true_effect) < 4 * error
    assert 4 * error < (MARKET.user_split_effect - MARKET.true_effect) / 2  # so this could have failed


def test_switchback_false_alarms_and_coverage():
    nothing = SharedSupply(arrivals=40, units=10, busy_hours=0.5, want=(0.5, 0.5))
    alarms = np.mean([by_time(seed, market=nothing).p < 0.05 for seed in range(300)])
    assert within(alarms, 0.05, 300)
    got = [by_time(seed) for seed in range(300)]
    assert within(np.mean([e.low <= MARKET.true_effect <= e.high for e in got]), 0.95, 300)


def test_visits_as_units_in_a_switchback_alarm_too_often():
    """Blocks differ by chance, and their visits with them: the interval must be that of blocks."""
    rng, repeats, naive, right = np.random.default_rng(0), 300, 0, 0
    for seed in range(repeats):
        arms = assign_blocks(20, seed)
        block = np.repeat(np.arange(20), 50)
        values = rng.normal(size=20)[block] + rng.normal(size=1000)
        naive += compare_means(values[arms[block] == 0], values[arms[block] == 1]).p < 0.05
        right += switchback_effect(block + 0.5, values, arms, 1.0).p < 0.05
    assert within(right / repeats, 0.05, repeats, slack=0.01) and naive / repeats > 0.4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SharedSupply(arrivals=0), "arrivals: 0; expected a number above 0"),
        (lambda: SharedSupply(units=0), "units: 0; expected a whole number, at least 1"),
        (lambda: SharedSupply(busy_hours=-1), "busy_hours: -1"),
        (lambda: SharedSupply(want=(0.5, 1.5)), r"want\[1\]: 1.5; expected a rate"),
        (lambda: MARKET.run(0, everyone(0)), "hours: 0; expected"),
        (lambda: MARKET.run(1, everyone(2)), "arm_of: gave .* each 0 or 1"),
        (lambda: MARKET.run(1, lambda hours: [0]), r"arm_of: gave shape \(1,\)"),
        (lambda: assign_blocks(2), "n_blocks: 2; expected a whole number, at least 4"),
        (lambda: assign_blocks(5), "n_blocks: 5; expected an even number"),
        (lambda: block_of([1, 2], 0), "length: 0; expected"),
        (lambda: block_of([-1, 2], 1), "times: -1; expected times since the start"),
        (lambda: switchback_effect([1, 2], [1], [0, 1], 1), "times, values: shapes"),
        (lambda: switchback_effect([0, 1, 2], [1, 1, 1], [0, 1], 1), "an event in block 2; expected blocks"),
        (lambda: switchback_effect([0, 1], [1, 1], [0, 1, 1, 0], 1), "no event counts in block 2"),
        (lambda: switchback_effect([0, 1], [1, 1], [0, 1], 1, burn_in=1), "burn_in: 1; expected 0 or more"),
        (lambda: switchback_effect([0, 1], [1, 1], [0, 0], 1), "b: 0 units; expected at least 2"),
        (lambda: switchback_effect([0, 1], [1, 1], [0, 2], 1), "arms: .*each 0 or 1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_time_or_value_that_is_no_number_is_named():
    with pytest.raises(ValueError, match="times: NaN or infinite"):
        switchback_effect([0, np.nan], [1, 1], [0, 1], 1)
    with pytest.raises(ValueError, match="values: NaN or infinite"):
        switchback_effect([0, 1], [1, np.nan], [0, 1], 1)
