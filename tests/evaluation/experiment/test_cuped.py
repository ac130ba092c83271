"""CUPED: theta, variance taken out, and an estimate that stays where it was."""

import numpy as np
import pytest
from chance import within
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from recsys_course.evaluation.experiment import adjust, compare_means, cuped, slope


def arm(rng, n, rho, effect=0.0):
    """y in the test and x before it, standard normal with correlation rho."""
    x = rng.normal(size=n)
    return effect + rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n), x


def test_by_hand():
    """x = 0, 1, 2 and y = 1, 2, 6: Cov = 5/2, Var = 1, theta 5/2; y' = 1 + 5/2, 2, 6 - 5/2."""
    y, x = [1, 2, 6], [0, 1, 2]
    assert slope(y, x) == pytest.approx(5 / 2)
    assert adjust(y, x) == pytest.approx([3.5, 2, 3.5])


def test_arms_by_hand():
    """Both arms have slope 2 within; x is higher by 1 in b, which explains 2 of the difference 5."""
    got = cuped([0, 2, 4], [0, 1, 2], [5, 7, 9], [1, 2, 3])
    assert got.theta == pytest.approx(2)
    assert got.effect.difference == pytest.approx(5 - 2 * 1)
    assert got.variance_reduction == pytest.approx(1)


@given(st.integers(0, 1000))
def test_theta_is_the_slope_of_the_regression(seed):
    y, x = arm(np.random.default_rng(seed), 30, 0.5)
    assert slope(y, x) == pytest.approx(linregress(x, y).slope)
    assert adjust(y, x).mean() == pytest.approx(y.mean())


@given(st.integers(0, 1000), st.floats(-0.95, 0.95))
def test_variance_falls_by_rho_squared_of_the_sample(seed, rho):
    """An identity, not an approximation: within the sample theta is least squares."""
    y, x = arm(np.random.default_rng(seed), 40, rho)
    r = np.corrcoef(x, y)[0, 1]
    assert adjust(y, x).var() == pytest.approx((1 - r**2) * y.var())


@given(st.integers(0, 1000))
def test_difference_is_the_coefficient_of_the_arm_in_a_regression(seed):
    rng = np.random.default_rng(seed)
    (y_a, x_a), (y_b, x_b) = arm(rng, 20, 0.6), arm(rng, 30, 0.6, effect=0.5)
    design = np.column_stack([np.ones(50), np.r_[np.zeros(20), np.ones(30)], np.r_[x_a, x_b]])
    coefficients = np.linalg.lstsq(design, np.r_[y_a, y_b])[0]
    got = cuped(y_a, x_a, y_b, x_b)
    assert (got.effect.difference, got.theta) == pytest.approx((coefficients[1], coefficients[2]))


def test_unit_and_zero_point_of_the_covariate_do_not_matter():
    rng = np.random.default_rng(0)
    (y_a, x_a), (y_b, x_b) = arm(rng, 50, 0.6), arm(rng, 50, 0.6)
    one, other = cuped(y_a, x_a, y_b, x_b), cuped(y_a, 3 - 100 * x_a, y_b, 3 - 100 * x_b)
    assert vars(one.effect) == pytest.approx(vars(other.effect))


def test_an_effect_does_not_enter_the_variance_reduction():
    rng = np.random.default_rng(0)
    (y_a, x_a), (y_b, x_b) = arm(rng, 200, 0.7), arm(rng, 200, 0.7)
    small, large = cuped(y_a, x_a, y_b, x_b), cuped(y_a, x_a, y_b + 100, x_b)
    assert large.variance_reduction == pytest.approx(small.variance_reduction)
    assert large.theta == pytest.approx(small.theta)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_over_many_draws(rho):
    """False alarms near alpha, no bias, coverage, and the variance of the estimate itself."""
    rng, repeats, n, effect = np.random.default_rng(0), 1500, 100, 0.3
    plain, adjusted, covered, alarms = [], [], 0, 0
    for _ in range(repeats):
        (y_a, x_a), (y_b, x_b) = arm(rng, n, rho), arm(rng, n, rho)
        alarms += cuped(y_a, x_a, y_b, x_b).effect.p < 0.05
        got = cuped(y_a, x_a, y_b + effect, x_b).effect
        plain.append(compare_means(y_a, y_b + effect).difference)
        adjusted.append(got.difference)
        covered += got.low <= effect <= got.high
    ratio = np.var(adjusted) / np.var(plain)
    assert ratio == pytest.approx(1 - rho**2, rel=4 * np.sqrt(2 / repeats) + 2 / n)
    assert abs(np.mean(adjusted) - effect) < 4 * np.std(adjusted) / np.sqrt(repeats)
    assert within(alarms / repeats, 0.05, repeats, slack=0.005)
    assert within(covered / repeats, 0.95, repeats, slack=0.005)


def test_a_covariate_from_during_the_test_takes_the_effect_away():
    """x moved by the treatment as y is: what is left of the effect is 1 - theta = 1 - rho."""
    rng, rho, effect = np.random.default_rng(0), 0.8, 0.5
    (y_a, x_a), (y_b, x_b) = arm(rng, 20_000, rho), arm(rng, 20_000, rho)
    got = cuped(y_a, x_a, y_b + effect, x_b + effect).effect
    assert got.difference == pytest.approx(effect * (1 - rho), abs=0.03)
    assert not got.low <= effect <= got.high


def test_a_metric_that_never_varies():
    got = cuped([1, 1, 1], [1, 2, 3], [1, 1, 1], [1, 2, 3])
    assert (got.theta, got.variance_reduction, got.effect.p) == (0, 0, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cuped([1, 2], [1, 2, 3], [1, 2], [1, 2]), "y_a, x_a: 2 and 3 users"),
        (lambda: cuped([1, 2], [1, 2], [1, 2], [1, 2, 3]), "y_b, x_b: 2 and 3 users"),
        (lambda: cuped([1, 2], [1, 1], [1, 2], [4, 4]), "x_a, x_b: the same for all users of an arm"),
        (lambda: cuped([], [], [1, 2], [1, 2]), "y_a: 0 units; expected at least 2"),
        (lambda: cuped([1, 2], [1, np.nan], [1, 2], [1, 2]), "x_a: NaN or infinite"),
        (lambda: slope([1, 2], [3, 3]), "x: the same for all users"),
        (lambda: slope(range(6), [0.1] * 6), "x: the same for all users"),  # whose mean is not exactly 0.1
        (lambda: adjust([1, 2], [3]), "x: 1 units"),
        (lambda: cuped([1, 2], [1, 2], [1, 2], [1, 2], level=0), "level: 0; expected"),
    ],
)
def test_bad_arms_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
