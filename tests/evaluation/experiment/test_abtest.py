"""Results of A/B tests: by hand, against scipy, and over many draws."""

import numpy as np
import pytest
from chance import within
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys_course.evaluation.experiment import (
    compare_means,
    compare_rates,
    compare_ratios,
    ratio_with_variance,
    sample_ratio_mismatch,
)

counts = st.integers(5, 500)


# ---- rates


def test_rates_by_hand():
    """100 and 130 of 1000: pooled 0.115, z = 0.03 / sqrt(0.115 x 0.885 x 0.002) = 2.103."""
    got = compare_rates(100, 1000, 130, 1000)
    z = 0.03 / np.sqrt(0.115 * 0.885 * 0.002)
    half = 1.959964 * np.sqrt(0.1 * 0.9 / 1000 + 0.13 * 0.87 / 1000)
    assert z == pytest.approx(2.103, abs=0.0005)
    assert got.p == pytest.approx(2 * stats.norm.sf(z))
    assert (got.low, got.high) == pytest.approx((0.03 - half, 0.03 + half), abs=1e-8)
    assert got.lift == pytest.approx(0.3)


@given(counts, counts, counts, counts)
def test_p_of_rates_is_that_of_the_chi_square_test(x_a, rest_a, x_b, rest_b):
    expected = stats.chi2_contingency([[x_a, rest_a], [x_b, rest_b]], correction=False).pvalue
    assert compare_rates(x_a, x_a + rest_a, x_b, x_b + rest_b).p == pytest.approx(expected)


@given(counts, counts, counts, counts)
def test_turning_the_arms_round_turns_the_sign(x_a, rest_a, x_b, rest_b):
    one = compare_rates(x_a, x_a + rest_a, x_b, x_b + rest_b)
    other = compare_rates(x_b, x_b + rest_b, x_a, x_a + rest_a)
    assert (one.difference, one.low, one.p) == pytest.approx((-other.difference, -other.high, other.p))


def test_nobody_or_everybody():
    assert compare_rates(0, 10, 0, 20).p == 1
    assert compare_rates(10, 10, 20, 20).p == 1
    assert np.isnan(compare_rates(0, 10, 5, 10).lift)
    assert compare_rates(0, 50, 50, 50).p < 1e-10


# ---- means


@pytest.mark.parametrize(("n_a", "n_b"), [(2, 3), (40, 25)])
def test_means_are_scipys_welch_test(n_a, n_b):
    rng = np.random.default_rng(n_a)
    a, b = rng.normal(1, 1, n_a), rng.normal(1.4, 3, n_b)
    got, expected = compare_means(a, b, level=0.9), stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval(0.9)
    assert got.p == pytest.approx(expected.pvalue)
    assert (got.low, got.high) == pytest.approx((interval.low, interval.high))
    assert (got.control, got.treatment) == pytest.approx((a.mean(), b.mean()))


def test_means_that_never_vary():
    assert compare_means([1, 1], [1, 1]).p == 1
    assert compare_means([1, 1], [2, 2]).p == 0
    assert np.isnan(compare_means([-1, 1], [2, 3]).lift)  # no lift over a control of 0


def test_lift_by_hand():
    """Means 2 and 3, variances of the means 0.5 and 1: 0.5 +- q sqrt(1/4 + 9 x 0.5/16)."""
    got = compare_means([1, 3], [2, 4])
    assert got.lift == pytest.approx(0.5)
    variance = 1 / 2**2 + 3**2 * 1 / 2**4
    q = stats.t.ppf(0.975, 2)
    assert got.lift_high - got.lift == pytest.approx(q * np.sqrt(variance))
    assert got.lift - got.lift_low == pytest.approx(q * np.sqrt(variance))


def test_lift_interval_is_a_little_wider_than_dividing_by_the_control():
    """Who divides the interval by the control forgets that the control is an estimate, too."""
    got = compare_rates(1000, 10_000, 1300, 10_000)
    naive = (got.high - got.low) / got.control
    assert naive < got.lift_high - got.lift_low < 1.3 * naive


# ---- ratios


def test_ratio_by_hand():
    """Clicks 1, 2, 3 of views 2, 4, 3: R = 2/3; x - R v = -1/3, -2/3, 1; variance 7/9; over 3 x 9."""
    ratio, variance = ratio_with_variance([1, 2, 3], [2, 4, 3])
    assert (ratio, variance) == pytest.approx((2 / 3, 7 / 9 / (3 * 9)))


def test_ratio_of_one_view_each_is_a_mean():
    x = np.random.default_rng(0).random(50)
    ratio, variance = ratio_with_variance(x, np.ones(50))
    assert (ratio, variance) == pytest.approx((x.mean(), x.var(ddof=1) / 50))


def users(rng, n, effect=0.0):
    """Clicks and views; a user's views are alike, since each user has a rate of their own."""
    views = 1 + rng.poisson(rng.gamma(1.0, 8.0, size=n))
    return rng.binomial(views, np.clip(rng.beta(2, 8, size=n) + effect, 0, 1)), views


def test_ratio_variance_is_that_of_many_draws():
    rng = np.random.default_rng(0)
    ratios, variances = np.array([ratio_with_variance(*users(rng, 400)) for _ in range(3000)]).T
    error = np.sqrt(2 / 3000)  # relative error of a variance of normal draws
    assert variances.mean() == pytest.approx(ratios.var(), rel=4 * error + 0.02)


def test_ratio_bootstrap_by_users():
    x, v = users(np.random.default_rng(3), 500)
    rng = np.random.default_rng(0)
    rows = rng.integers(500, size=(4000, 500))
    boot = x[rows].sum(axis=1) / v[rows].sum(axis=1)
    assert ratio_with_variance(x, v)[1] == pytest.approx(boot.var(), rel=4 * np.sqrt(2 / 4000) + 0.03)


def test_views_as_units_alarm_far_too_often():
    rng, repeats, naive, right = np.random.default_rng(1), 1000, 0, 0
    for _ in range(repeats):
        (x_a, v_a), (x_b, v_b) = users(rng, 300), users(rng, 300)
        naive += compare_rates(x_a.sum(), v_a.sum(), x_b.sum(), v_b.sum()).p < 0.05
        right += compare_ratios(x_a, v_a, x_b, v_b).p < 0.05
    assert within(right / repeats, 0.05, repeats, slack=0.005)
    assert naive / repeats > 0.15


# ---- sample ratio


@given(st.lists(st.integers(1, 2000), min_size=2, max_size=5))
def test_mismatch_is_scipys(n):
    got, expected = sample_ratio_mismatch(n), stats.chisquare(n)
    assert (got.chi2, got.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_mismatch_with_planned_shares():
    """9,000 planned of 10,000: (80^2 / 9000 + 80^2 / 1000) = 7.11."""
    got = sample_ratio_mismatch([8920, 1080], [0.9, 0.1])
    assert got.chi2 == pytest.approx(6400 / 9000 + 6400 / 1000)
    assert got.p == pytest.approx(stats.chi2.sf(got.chi2, 1))


def test_mismatch_false_alarms():
    rng, repeats = np.random.default_rng(0), 4000
    n = rng.multinomial(5000, [0.5, 0.3, 0.2], size=repeats)
    alarms = np.mean([sample_ratio_mismatch(row, [0.5, 0.3, 0.2]).p < 0.05 for row in n])
    assert within(alarms, 0.05, repeats, slack=0.003)


# ---- over many draws


def test_false_alarms_and_coverage_of_rates():
    rng, repeats, n = np.random.default_rng(0), 3000, 800
    x = rng.binomial(n, [0.1, 0.1, 0.13], size=(repeats, 3))
    null = [compare_rates(a, n, b, n) for a, b, _ in x]
    real = [compare_rates(a, n, c, n) for a, _, c in x]
    assert within(np.mean([e.p < 0.05 for e in null]), 0.05, repeats, slack=0.005)
    assert within(np.mean([e.low <= 0.03 <= e.high for e in real]), 0.95, repeats, slack=0.005)
    assert within(np.mean([e.lift_low <= 0.3 <= e.lift_high for e in real]), 0.95, repeats, slack=0.01)


def test_false_alarms_and_coverage_of_skewed_means_and_their_lift():
    rng, repeats = np.random.default_rng(0), 2000
    got = [
        (compare_means(a, b), compare_means(a, 1.2 * b))
        for a, b in (rng.exponential(size=(2, 200)) for _ in range(repeats))
    ]
    assert within(np.mean([e.p < 0.05 for e, _ in got]), 0.05, repeats, slack=0.005)
    assert within(np.mean([e.low <= 0.2 <= e.high for _, e in got]), 0.95, repeats, slack=0.005)
    assert within(np.mean([e.lift_low <= 0.2 <= e.lift_high for _, e in got]), 0.95, repeats, slack=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_rates(1, 0, 1, 10), "n_a: 0; expected a whole number, at least 1"),
        (lambda: compare_rates(1, 10, 0, 0), "n_b: 0; expected"),
        (lambda: compare_rates(-1, 10, 1, 10), "x_a: -1; expected a whole number, at least 0"),
        (lambda: compare_rates(1, 10, 11, 10), "x_b: 11; expected at most n_b, which is 10"),
        (lambda: compare_rates(0.5, 10, 1, 10), "x_a: 0.5; expected a whole number"),
        (lambda: compare_rates(1, 10, 1, 10, level=95), "level: 95; expected a number between 0 and 1"),
        (lambda: compare_means([], [1, 2]), "a: 0 units; expected at least 2"),
        (lambda: compare_means([1, 2], [1]), "b: 1 units; expected at least 2"),
        (lambda: compare_means([1, np.nan], [1, 2]), "a: NaN or infinite"),
        (lambda: compare_means([[1, 2]], [1, 2]), r"a: shape \(1, 2\); expected a row"),
        (lambda: compare_means([1, 2], [1, 2], level=1), "level: 1; expected"),
        (lambda: compare_ratios([1, 2], [1, 2, 3], [1, 2], [1, 2]), "x_a, v_a: 2 and 3 users"),
        (lambda: compare_ratios([1, 2], [1, 2], [1, 2], [0, 0]), "v_b: sum 0, least 0; expected"),
        (lambda: compare_ratios([1, 2], [-1, 2], [1, 2], [1, 2]), "v_a: sum 1, least -1; expected"),
        (lambda: sample_ratio_mismatch([10]), r"counts: \[10\]; expected two arms"),
        (lambda: sample_ratio_mismatch([]), r"counts: \[\]; expected two arms"),
        (lambda: sample_ratio_mismatch([0, 0]), "and a user"),
        (lambda: sample_ratio_mismatch([5, -1]), "counts: -1; expected a whole number, at least 0"),
        (lambda: sample_ratio_mismatch([5, 5], [0.5, 0.6]), "shares: .* expected 2 shares"),
        (lambda: sample_ratio_mismatch([5, 5], [1.0, 0.0]), "shares: .* above 0"),
        (lambda: sample_ratio_mismatch([5, 5], [1.0]), "expected 2 shares"),
    ],
)
def test_bad_arms_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_equal_numbers_differ_by_nothing_however_their_means_are_rounded():
    effect = compare_means([1 / 3] * 100, [1 / 3] * 70)
    assert (effect.difference, effect.low, effect.high, effect.p) == (0, 0, 0, 1)
