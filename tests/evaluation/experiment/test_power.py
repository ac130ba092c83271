"""Sizes of tests: by hand, against simulation, and back and forth."""

import numpy as np
import pytest
from chance import within
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from recsys_course.evaluation.experiment import (
    means_detectable,
    means_power,
    means_sample_size,
    rates_detectable,
    rates_power,
    rates_sample_size,
)

rates = st.floats(0.01, 0.6)
lifts = st.floats(0.01, 0.3)


def test_rates_by_hand():
    """10 % to 11 %: (1.960 sqrt(2 x 0.105 x 0.895) + 0.842 sqrt(0.09 + 0.0979))^2 / 0.01^2."""
    top = 1.959964 * np.sqrt(2 * 0.105 * 0.895) + 0.841621 * np.sqrt(0.1 * 0.9 + 0.11 * 0.89)
    assert rates_sample_size(0.10, 0.11) == int(np.ceil(top**2 / 0.0001)) == 14751


def test_means_by_hand():
    """sd 2, effect 0.1: 2 x 4 x (1.960 + 0.842)^2 / 0.01."""
    assert means_sample_size(0.1, 2.0) == int(np.ceil(8 * (1.959964 + 0.841621) ** 2 / 0.01)) == 6280


@given(rates, lifts, st.floats(0.01, 0.1), st.floats(0.6, 0.99))
def test_the_size_has_the_power_and_one_user_less_has_not(p, lift, alpha, power):
    n = rates_sample_size(p, p + lift, alpha, power)
    assert rates_power(p, p + lift, n, alpha=alpha) >= power - 1e-9
    if n > 50:  # below, the other tail counts as well
        assert rates_power(p, p + lift, n - 1, alpha=alpha) < power + 1e-4


@given(st.floats(0.05, 2), st.floats(0.5, 3), st.floats(0.6, 0.99))
def test_means_back_and_forth(effect, sd, power):
    n = means_sample_size(effect, sd, power=power)
    assert means_power(effect, sd, n) >= power - 1e-9
    assert means_detectable(sd, n, power=power) <= effect * (1 + 1e-9)
    assert means_sample_size(means_detectable(sd, 1000, power=power), sd, power=power) in (1000, 1001)


@given(rates, st.integers(500, 10**6))
def test_the_detectable_rate_is_detected(p, n):
    effect = rates_detectable(p, n)
    assert rates_power(p, p + effect, n) == pytest.approx(0.8, abs=1e-6)


def test_power_without_an_effect_is_alpha():
    assert rates_power(0.2, 0.2, 500, 900, alpha=0.03) == pytest.approx(0.03)
    assert means_power(0.0, 1.0, 50) == pytest.approx(0.05)


def test_direction_does_not_matter_and_more_users_help():
    assert rates_sample_size(0.1, 0.12) == rates_sample_size(0.12, 0.1)
    assert means_power(-0.3, 1, 100) == pytest.approx(means_power(0.3, 1, 100))
    assert rates_power(0.1, 0.12, 1000, 1000) > rates_power(0.1, 0.12, 1800, 200)


def test_rates_that_never_vary():
    assert rates_power(0.0, 0.0, 10) == 0 and rates_power(0.0, 1.0, 10) == 1


@pytest.mark.parametrize(("p_a", "p_b", "n_a", "n_b"), [(0.1, 0.13, 1500, 1500), (0.3, 0.36, 600, 1800)])
def test_power_of_rates_by_simulation(p_a, p_b, n_a, n_b):
    rng, repeats = np.random.default_rng(0), 20_000
    x_a, x_b = rng.binomial(n_a, p_a, size=repeats), rng.binomial(n_b, p_b, size=repeats)
    pooled = (x_a + x_b) / (n_a + n_b)
    z = (x_b / n_b - x_a / n_a) / np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    found = (np.abs(z) > norm.ppf(0.975)).mean()
    assert within(found, rates_power(p_a, p_b, n_a, n_b), repeats, slack=0.005)


def test_power_of_means_by_simulation():
    rng, repeats, n_a, n_b = np.random.default_rng(1), 4000, 300, 600
    a = rng.exponential(size=(repeats, n_a)).mean(axis=1)  # mean 1, sd 1
    b = 0.15 + rng.exponential(size=(repeats, n_b)).mean(axis=1)
    z = (b - a) / np.sqrt(1 / n_a + 1 / n_b)
    found = (np.abs(z) > norm.ppf(0.975)).mean()
    assert within(found, means_power(0.15, 1.0, n_a, n_b), repeats, slack=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rates_sample_size(1.2, 0.1), "p_a: 1.2; expected a rate in 0..1"),
        (lambda: rates_sample_size(0.1, -0.1), "p_b: -0.1; expected a rate"),
        (lambda: rates_sample_size(0.1, 0.1), "p_b: 0.1, as p_a"),
        (lambda: rates_sample_size(0.1, 0.2, power=1), "power: 1; expected a number between 0 and 1"),
        (lambda: rates_sample_size(0.1, 0.2, power=0), "power: 0; expected"),
        (lambda: rates_sample_size(0.1, 0.2, alpha=0), "alpha: 0; expected"),
        (lambda: rates_sample_size(float("nan"), 0.2), "p_a: nan; expected a rate"),
        (lambda: rates_power(0.1, 0.2, 0), "n_a: 0; expected a whole number, at least 1"),
        (lambda: rates_power(0.1, 0.2, 10, 0), "n_b: 0; expected"),
        (lambda: rates_power(0.1, 0.2, -5), "n_a: -5; expected"),
        (lambda: rates_power(0.1, 0.2, 10.5), "n_a: 10.5; expected a whole number"),
        (lambda: rates_detectable(0.1, 2), "n: 2; expected more"),
        (lambda: rates_detectable(0.1, 100, power=1), "power: 1; expected"),
        (lambda: means_sample_size(0, 1), "effect: 0; expected a difference other than 0"),
        (lambda: means_sample_size(float("inf"), 1), "effect: inf"),
        (lambda: means_sample_size(1, 0), "sd: 0; expected a number above 0"),
        (lambda: means_power(1, -1, 10), "sd: -1; expected"),
        (lambda: means_power(1, 1, 10, 0), "n_b: 0"),
        (lambda: means_detectable(1, 0), "n: 0; expected"),
        (lambda: means_detectable(1, 10, alpha=1.5), "alpha: 1.5; expected"),
    ],
)
def test_bad_plans_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_no_number_of_users_can_find_is_said():
    with pytest.raises(ValueError, match=r"power: 0\.03; expected more than alpha, which is 0\.05"):
        rates_detectable(0.1, 1000, power=0.03)
    with pytest.raises(ValueError, match="p_a: 1; expected a rate that can rise"):
        rates_detectable(1, 1000)
