"""Paired tests: against scipy, all sign patterns, and simulated draws."""

from itertools import product

import numpy as np
import pytest
from chance import within
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys_course.evaluation.significance import (
    against_baseline,
    benjamini_hochberg,
    holm,
    paired_bootstrap,
    paired_t,
    permutation_test,
)

TESTS = [paired_t, paired_bootstrap, permutation_test]
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def pairs(n: int, seed: int, effect: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    user = rng.beta(2, 5, size=n)  # easy and hard users
    return user + effect + 0.1 * rng.normal(size=n), user + 0.1 * rng.normal(size=n)


# ---- t


@pytest.mark.parametrize("n", [2, 5, 40])
def test_t_is_scipys(n):
    a, b = pairs(n, seed=n, effect=0.03)
    got, expected = paired_t(a, b, level=0.9), stats.ttest_rel(a, b)
    interval = expected.confidence_interval(0.9)
    assert (got.p, got.n) == (pytest.approx(expected.pvalue), n)
    assert (got.low, got.high) == pytest.approx((interval.low, interval.high))
    assert got.difference == pytest.approx(a.mean() - b.mean())


def test_t_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t = 2 sqrt 3 on 2 degrees of freedom."""
    got = paired_t([2, 4, 6], [1, 2, 3])
    assert got.p == pytest.approx(2 * stats.t.sf(2 * np.sqrt(3), 2))
    assert got.difference == 2


@pytest.mark.parametrize("test", TESTS)
def test_equal_models_do_not_differ(test):
    a = np.arange(5.0)
    got = test(a, a)
    assert (got.difference, got.p) == (0, 1)


def test_constant_difference_is_certain_to_t():
    got = paired_t([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    assert (got.low, got.high, got.p) == (1, 1, 0)


# ---- sign flips


@pytest.mark.parametrize("n", [2, 3, 8])
def test_permutation_tries_all_signs(n):
    a, b = pairs(n, seed=n, effect=0.05)
    d = a - b
    far = [abs(np.dot(signs, d)) >= abs(d.sum()) - 1e-12 for signs in product([1, -1], repeat=n)]
    assert permutation_test(a, b).p == pytest.approx(np.mean(far), abs=1e-15)


@pytest.mark.parametrize("n", [7, 12])
def test_permutation_is_scipys(n):
    a, b = pairs(n, seed=n, effect=0.05)
    expected = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", n_resamples=2**n
    )
    assert permutation_test(a, b).p == pytest.approx(expected.pvalue)


def test_random_signs_come_near_the_exact_p():
    a, b = pairs(14, seed=3, effect=0.05)
    exact, n = permutation_test(a, b, n_resamples=2**14).p, 4000
    assert within(permutation_test(a, b, n_resamples=n, seed=1).p, exact, n, slack=1 / n)


def test_p_of_random_draws_is_never_zero():
    a, b = np.full(100, 5.0) + np.arange(100) / 1000, np.zeros(100)
    assert permutation_test(a, b, n_resamples=199).p == 1 / 200
    assert paired_bootstrap(a, b, n_resamples=199).p == 1 / 200


def test_permutation_has_no_interval():
    got = permutation_test(*pairs(9, seed=0))
    assert np.isnan(got.low) and np.isnan(got.high)


# ---- bootstrap


def test_bootstrap_is_the_loop_over_the_same_draws():
    a, b = pairs(30, seed=2, effect=0.04)
    d, rng = a - b, np.random.default_rng(7)
    means = np.array([d[rows].mean() for rows in rng.integers(30, size=(500, 30))])
    got = paired_bootstrap(a, b, n_resamples=500, level=0.8, seed=7)
    assert (got.low, got.high) == pytest.approx(tuple(np.quantile(means, [0.1, 0.9])))
    assert got.p == pytest.approx((1 + (np.abs(means - d.mean()) >= abs(d.mean())).sum()) / 501)


def test_bootstrap_meets_t_on_many_users():
    a, b = pairs(2000, seed=5, effect=0.006)
    boot, t = paired_bootstrap(a, b, n_resamples=20_000), paired_t(a, b)
    width = t.high - t.low
    assert abs(boot.low - t.low) < 0.03 * width and abs(boot.high - t.high) < 0.03 * width
    assert within(boot.p, t.p, 20_000, slack=0.002)


def test_batches_draw_all_resamples(monkeypatch):
    a, b = pairs(30, seed=2)
    at_random, exact = permutation_test(a, b, n_resamples=1000).p, permutation_test(a[:9], b[:9]).p
    monkeypatch.setattr("recsys_course.evaluation.significance.CELLS_AT_ONCE", 90)  # 3 at a time
    assert permutation_test(a, b, n_resamples=1000).p == at_random
    assert permutation_test(a[:9], b[:9]).p == exact


# ---- users that cannot be judged


@pytest.mark.parametrize("test", TESTS)
def test_nan_leaves_out_the_pair(test):
    a, b = pairs(12, seed=1, effect=0.1)
    holes_a, holes_b = np.insert(a, 3, np.nan), np.insert(b, 3, 0.4)
    holes_a, holes_b = np.append(holes_a, 0.9), np.append(holes_b, np.nan)
    got, expected = vars(test(holes_a, holes_b)), vars(test(a, b))
    assert got == pytest.approx(expected, nan_ok=True)
    assert got["n"] == 12


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1.0, 2.0], [1.0], r"a, b: shapes \(2,\) and \(1,\)"),
        ([[1.0, 2.0]], [[1.0, 3.0]], "one value each per user"),
        ([1.0, np.inf], [1.0, 2.0], "infinite"),
        ([1.0, np.nan], [1.0, 2.0], "1 pairs without NaN; expected at least 2"),
        ([], [], "0 pairs"),
    ],
)
def test_bad_pairs_are_refused(test, a, b, message):
    with pytest.raises(ValueError, match=message):
        test(a, b)


def test_bad_options_are_refused():
    a, b = pairs(5, seed=0)
    with pytest.raises(ValueError, match="level: 1; expected"):
        paired_t(a, b, level=1)
    with pytest.raises(ValueError, match="level: 95; expected"):
        paired_bootstrap(a, b, level=95)
    for test in (paired_bootstrap, permutation_test):
        with pytest.raises(ValueError, match="n_resamples: 0; expected at least 1"):
            test(a, b, n_resamples=0)


# ---- many comparisons


def test_holm_by_hand():
    """0.01 x 3, then 0.02 x 2, then 0.03 x 1, which may not fall below what came before."""
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


def test_benjamini_hochberg_by_hand():
    """0.01 x 3/1, 0.02 x 3/2, 0.5 x 3/3; none above what comes after."""
    assert benjamini_hochberg([0.5, 0.01, 0.02]) == pytest.approx([0.5, 0.03, 0.03])


@given(p_values)
def test_benjamini_hochberg_is_scipys(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(p_values, st.floats(0.001, 0.999))
def test_holm_rejects_as_its_steps_do(p, alpha):
    """Walk from the smallest p: stop at the first above alpha / (tests left)."""
    rejected = set()
    for done, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - done) > alpha:
            break
        rejected.add(i)
    assert set(np.flatnonzero(holm(p) <= alpha)) == rejected


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[0.5, 1.2], [-0.1], [np.nan], [[0.1]]])
def test_bad_p_values_are_refused(adjust, p):
    with pytest.raises(ValueError, match=r"expected a row of numbers in 0\.\.1"):
        adjust(p)


def test_no_p_values_no_adjusted_ones():
    assert len(holm([])) == len(benjamini_hochberg([])) == 0


def test_any_false_alarm_comes_with_chance_alpha_after_holm_and_more_often_before():
    rng, repeats, models = np.random.default_rng(0), 2000, 8
    p = 2 * stats.norm.sf(np.abs(rng.normal(size=(repeats, models))))  # no model differs
    raw = (p.min(axis=1) <= 0.05).mean()
    corrected = np.mean([holm(row).min() <= 0.05 for row in p])
    assert within(raw, 1 - 0.95**models, repeats)
    assert within(corrected, 1 - (1 - 0.05 / models) ** models, repeats)


def test_against_a_baseline():
    rng = np.random.default_rng(0)
    base = rng.random(200)
    values = {"ours": base + 0.05 + 0.1 * rng.normal(size=200), "old": base, "same": base.copy()}
    table = against_baseline(values, "old")
    assert list(table.index) == ["ours", "same"]
    assert table.loc["ours", "p"] == paired_t(values["ours"], base).p
    assert table.loc["ours", "difference"] > 0
    assert table["p_holm"].tolist() == pytest.approx(holm(table["p"]).tolist())
    assert table.loc["ours", "p_holm"] == pytest.approx(2 * table.loc["ours", "p"])
    boot = against_baseline(values, "old", test=paired_bootstrap)
    assert boot.loc["ours", "low"] == paired_bootstrap(values["ours"], base).low


def test_against_a_baseline_that_is_not_there():
    with pytest.raises(ValueError, match="baseline: 'new'; expected one of a, b"):
        against_baseline({"a": [1.0, 2.0], "b": [1.0, 2.0]}, "new")
    with pytest.raises(ValueError, match="only the baseline"):
        against_baseline({"a": [1.0, 2.0]}, "a")


# ---- over many draws


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_false_alarms_and_coverage_over_many_draws(test):
    """Skewed differences with mean 0.1: the interval holds it, and centred ones seldom alarm."""
    repeats, alarms, covered = 600, 0, 0
    options = {} if test is paired_t else {"n_resamples": 400}
    for seed in range(repeats):
        d = np.random.default_rng(seed).exponential(size=100)  # mean 1
        alarms += test(d, np.ones(100), **options).p <= 0.05
        got = test(d, np.full(100, 0.9), **options)
        covered += got.low <= 0.1 <= got.high
    assert within(alarms / repeats, 0.05, repeats, slack=0.01)  # N = 100 is not yet normal
    if test is not permutation_test:
        assert within(covered / repeats, 0.95, repeats, slack=0.01)


def test_rounding_is_no_difference():
    paired = paired_t([0.1 + 0.2] * 5, [0.3] * 5)
    assert (paired.difference, paired.p) == (0, 1)
    assert (
        permutation_test([0.1, 0.2, 0.0, 0.7], [0.0, 0.0, 0.3, 0.7]).p == 1
    )  # the mean difference is exactly 0
