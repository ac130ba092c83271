"""The estimators on numbers worked out on paper, as loops, and on bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from recsys_course.evaluation.offpolicy import (
    OverlapWarning,
    TablePolicy,
    clipped_ips,
    cross_fitted_means,
    direct_method,
    doubly_robust,
    effective_sample_size,
    estimate_propensities,
    importance_weights,
    ips,
    logistic_propensities,
    self_normalised_ips,
    slate_ips,
)

# Six lines: weights 2, 0.5, 2, 1, 0, 4
R = np.array([1.0, 0, 0, 1, 1, 1])
P = np.array([0.25, 0.5, 0.25, 0.5, 0.5, 0.125])
PI = np.array([0.5, 0.25, 0.5, 0.5, 0.0, 0.5])
Q = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
Q_PI = np.array([0.25, 0.5, 0.5, 0.5, 0.75, 0.5])


def test_the_values_by_hand():
    assert importance_weights(P, PI).tolist() == [2, 0.5, 2, 1, 0, 4]
    assert ips(R, P, PI).value == pytest.approx(7 / 6)  # 2 + 1 + 4 of 6
    assert self_normalised_ips(R, P, PI).value == pytest.approx(7 / 9.5)
    assert clipped_ips(R, P, PI, clip=2).value == pytest.approx(5 / 6)
    assert direct_method(Q_PI).value == pytest.approx(0.5)
    # corrections w (r - q): 1, -0.25, -1, 0.5, 0, 2: together 2.25
    assert doubly_robust(R, P, PI, Q, Q_PI).value == pytest.approx(0.5 + 2.25 / 6)
    assert doubly_robust(R, P, PI, Q, Q_PI, clip=2).value == pytest.approx(0.5 + 1.25 / 6)
    assert doubly_robust(R, P, PI, Q, Q_PI, self_normalised=True).value == pytest.approx(0.5 + 2.25 / 9.5)
    assert effective_sample_size([2, 0.5, 2, 1, 0, 4]) == pytest.approx(9.5**2 / 25.25)
    assert ips(R, P, PI).effective_sample_size == pytest.approx(9.5**2 / 25.25)
    assert clipped_ips(R, P, PI, 2).effective_sample_size == pytest.approx(7.5**2 / 13.25)


def test_errors_and_intervals_are_those_of_a_mean():
    terms = np.array([2.0, 0, 0, 1, 0, 4])
    got = ips(R, P, PI, level=0.9)
    error = np.sqrt(((terms - terms.mean()) ** 2).sum() / 5 / 6)
    assert got.standard_error == pytest.approx(error)
    assert (got.low, got.high) == pytest.approx(norm.interval(0.9, terms.mean(), error))
    assert got.n == 6 and got.covers(7 / 6) and not got.covers(got.high + 1e-9)


def test_the_error_of_snips_is_the_delta_method():
    w, value = importance_weights(P, PI), 7 / 9.5
    by_hand = np.sqrt((w**2 * (R - value) ** 2).sum() / 5 * 6) / w.sum()
    assert self_normalised_ips(R, P, PI).standard_error == pytest.approx(by_hand)


def test_the_error_of_self_normalised_dr_is_that_of_a_jackknife():
    rng = np.random.default_rng(0)
    n = 400
    p, pi, r = rng.uniform(0.2, 1, n), rng.uniform(0, 1, n), rng.random(n)
    q, q_pi = rng.random(n), rng.random(n)

    def value(keep):
        return doubly_robust(r[keep], p[keep], pi[keep], q[keep], q_pi[keep], self_normalised=True).value

    left_out = np.array([value(np.arange(n) != i) for i in range(n)])
    jackknife = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    got = doubly_robust(r, p, pi, q, q_pi, self_normalised=True).standard_error
    assert got == pytest.approx(jackknife, rel=0.01)


lines = st.lists(
    st.tuples(st.floats(0, 5), st.floats(0.05, 1), st.floats(0.01, 1), st.floats(0, 5), st.floats(0, 5)),
    min_size=2,
    max_size=20,
)


@pytest.mark.filterwarnings("ignore::recsys_course.evaluation.offpolicy.OverlapWarning")
@given(lines)
def test_relations_that_hold_on_every_log(rows):
    r, p, pi, q, q_pi = np.array(rows).T
    w = pi / p
    snips = self_normalised_ips(r, p, pi)
    assert r.min() - 1e-9 <= snips.value <= r.max() + 1e-9
    assert snips.value == pytest.approx(self_normalised_ips(r, p / 2, pi).value)  # up to a factor
    clipped = clipped_ips(r, p, pi, clip=2)
    assert clipped.value <= ips(r, p, pi).value + 1e-9
    assert clipped_ips(r, p, pi, clip=w.max()).value == pytest.approx(ips(r, p, pi).value)
    zero = np.zeros_like(r)
    assert doubly_robust(r, p, pi, zero, zero).value == pytest.approx(ips(r, p, pi).value)
    assert doubly_robust(r, p, pi, r, q_pi).value == pytest.approx(direct_method(q_pi).value)
    dr = doubly_robust(r, p, pi, q, q_pi).value
    assert dr == pytest.approx(np.mean([b + v * (y - a) for y, v, a, b in zip(r, w, q, q_pi, strict=True)]))
    assert 1 - 1e-9 <= effective_sample_size(w) <= len(w) + 1e-9


def test_the_logging_policy_itself_is_worth_the_mean():
    for got in (ips(R, P, P), self_normalised_ips(R, P, P), clipped_ips(R, P, P, 1)):
        assert got.value == pytest.approx(R.mean()) and got.effective_sample_size == pytest.approx(6)


def test_slates_add_up_position_by_position():
    r = np.array([[1.0, 0], [0, 1], [1, 1]])
    p = np.array([[0.5, 0.5], [0.25, 0.5], [0.5, 0.25]])
    pi = np.array([[0.25, 0.5], [0.5, 0.25], [0.5, 0.5]])  # weights .5 1 / 2 .5 / 1 2
    got = slate_ips(r, p, pi)
    assert got.value == pytest.approx((0.5 + 0.5 + 1 + 2) / 3)
    assert got.standard_error == pytest.approx(np.std([0.5, 0.5, 3], ddof=1) / np.sqrt(3))
    assert got.effective_sample_size == pytest.approx(min(3.5**2 / 5.25, 3.5**2 / 5.25))
    normed = slate_ips(r, p, pi, self_normalised=True)
    assert normed.value == pytest.approx(1.5 / 3.5 + 2.5 / 3.5)


def test_slates_of_one_position_are_single_actions():
    columns = [c[:, None] for c in (R, P, PI)]
    for normed, single in ((False, ips), (True, self_normalised_ips)):
        one, many = single(R, P, PI), slate_ips(*columns, self_normalised=normed)
        assert (one.value, one.standard_error) == pytest.approx((many.value, many.standard_error))


def test_estimated_propensities_are_smoothed_frequencies():
    actions, contexts = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 0, 0, 1, 1, 1])
    table = estimate_propensities(actions, 3, contexts, smoothing=1)
    np.testing.assert_allclose(table, [[3 / 6, 2 / 6, 1 / 6], [1 / 6, 1 / 6, 4 / 6]])
    np.testing.assert_allclose(estimate_propensities(actions, 4, smoothing=0), [[2 / 6, 1 / 6, 3 / 6, 0]])
    gap = estimate_propensities(np.array([1]), 2, np.array([1]), smoothing=0)
    assert np.isnan(gap[0]).all() and gap[1].tolist() == [0, 1]


def test_logistic_propensities_find_the_policy_that_drew():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 2))
    scores = X @ np.array([[1.0, 0, -1], [0, 1, 0]])
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    actions = (rng.random((len(X), 1)) > true.cumsum(axis=1)).sum(axis=1)
    got = logistic_propensities(X, actions, 4)
    assert got.shape == (20_000, 4) and (got[:, 3] == 0).all()
    np.testing.assert_allclose(got.sum(axis=1), 1)
    # an estimated coefficient errs by about 1 / sqrt(20,000); a chance by a quarter of that a unit of X
    assert np.sqrt(np.mean((got[:, :3] - true) ** 2)) < 0.02


def test_cross_fitted_means_do_not_know_their_own_line():
    actions, rewards = np.array([0, 0, 1, 1, 0]), np.array([1.0, 0, 1, 1, 0])
    table = cross_fitted_means(actions, rewards, 3, damping=2, n_folds=5)
    others = rewards[1:].mean()
    by_hand = [(0 + 2 * others) / (2 + 2), (2 + 2 * others) / (2 + 2), others]
    np.testing.assert_allclose(table[0], by_hand)
    changed = rewards.copy()
    changed[0] = 100
    again = cross_fitted_means(actions, changed, 3, damping=2, n_folds=5)
    np.testing.assert_array_equal(again[0], table[0])
    assert (again[1:] != table[1:]).any()


def test_little_overlap_is_said():
    p, pi = np.full(400, 0.5), np.full(400, 1e-4)
    pi[:5] = 1.0
    for estimator in (ips, self_normalised_ips, clipped_ips):
        with pytest.warns(OverlapWarning, match="effective sample size 5.. of 400 lines"):
            estimator(np.ones(400), p, pi)
    with pytest.warns(OverlapWarning, match="of 400 lines"):
        slate_ips(np.ones((400, 1)), p[:, None], pi[:, None])
    pi[:30] = 1.0
    ips(np.ones(400), p, pi)  # thirty effective lines are enough: no warning


def spoiled(column: np.ndarray, value: float) -> np.ndarray:
    column = column.copy()
    column[2] = value
    return column


@pytest.mark.parametrize("estimator", [ips, self_normalised_ips, clipped_ips])
@pytest.mark.parametrize(
    "arguments, said",
    [
        ((R, spoiled(P, 0), PI), "propensities: 0.0; expected probabilities above 0"),
        ((R, spoiled(P, 1.5), PI), "propensities: 1.5; expected"),
        ((R, spoiled(P, -0.1), PI), "propensities: -0.1; expected"),
        ((R, spoiled(P, np.nan), PI), "propensities: nan; expected finite"),
        ((R, P, spoiled(PI, 1.2)), r"target: 1.2; expected probabilities in 0..1"),
        ((R, P, spoiled(PI, -0.2)), r"target: -0.2; expected"),
        ((R, P, spoiled(PI, np.inf)), "target: inf; expected finite"),
        ((spoiled(R, np.nan), P, PI), "rewards: nan; expected finite"),
        ((R, P[:5], PI), r"propensities: shape \(5,\); expected \(6,\), as rewards has"),
        ((R[:5], P, PI), r"propensities: shape \(6,\); expected \(5,\), as rewards has"),
        ((R, P, PI[:1]), r"target: shape \(1,\); expected \(6,\)"),
        ((R[:, None], P, PI), r"rewards: shape \(6, 1\); expected \(N,\)"),
        (([], [], []), "rewards: an empty log"),
        ((R, P, np.zeros(6)), "target: 0 on every line"),
    ],
)
def test_bad_columns_are_refused_by_name(estimator, arguments, said):
    with pytest.raises(ValueError, match=said):
        estimator(*arguments)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: clipped_ips(R, P, PI, clip=0), "clip: 0; expected"),
        (lambda: clipped_ips(R, P, PI, clip=np.nan), "clip: nan; expected"),
        (lambda: doubly_robust(R, P, PI, Q, Q_PI, clip=-1), "clip: -1; expected"),
        (lambda: doubly_robust(R, P, PI, Q[:3], Q_PI), r"predicted_logged: shape \(3,\)"),
        (lambda: doubly_robust(R, P, PI, Q, spoiled(Q_PI, np.nan)), "predicted_target: nan"),
        (lambda: doubly_robust(R, spoiled(P, 0), PI, Q, Q_PI), "propensities: 0.0"),
        (lambda: direct_method([]), "predicted_target: an empty log"),
        (lambda: ips(R, P, PI, level=95), "level: 95; expected"),
        (lambda: slate_ips(R, P, PI), r"rewards: shape \(6,\); expected \(S, K\)"),
        (lambda: slate_ips(np.ones((2, 2)), np.ones((2, 2)), np.array([[1, 0], [1, 0]])), "at position 2"),
        (lambda: slate_ips(np.ones((2, 2)), np.zeros((2, 2)), np.ones((2, 2))), "propensities: 0.0"),
        (lambda: effective_sample_size([]), "weights: shape"),
        (lambda: effective_sample_size([1, -1]), "weights: -1.0"),
        (lambda: estimate_propensities(np.array([0, 3]), 3), r"actions: 0..3; expected codes in 0..2"),
        (lambda: estimate_propensities(np.array([0.5]), 3), "actions: float64; expected whole"),
        (lambda: estimate_propensities(np.array([0, 1]), 3, np.array([0])), "contexts: shape"),
        (lambda: estimate_propensities(np.array([0]), 3, smoothing=-1), "smoothing: -1"),
        (lambda: logistic_propensities(np.ones((3, 1)), np.array([1, 1, 1]), 2), "actions: only 1"),
        (lambda: logistic_propensities(np.ones((2, 1)), np.array([0, 1, 1]), 2), "features: 2 rows"),
        (lambda: logistic_propensities(np.ones((2, 1)), np.array([0, 1]), 2, reg=0), "reg: 0"),
        (lambda: cross_fitted_means(np.array([0, 1]), R[:2], 2, n_folds=3), "n_folds: 3; expected 2..2"),
        (lambda: cross_fitted_means(np.array([0, 1]), R[:2], 2, damping=0), "damping: 0"),
        (lambda: TablePolicy(np.array([[0.5, 0.6]])), "chances: expected rows"),
        (lambda: TablePolicy.softmax(np.ones((1, 2)), 0), "temperature: 0"),
        (lambda: TablePolicy(np.array([[0.5, 0.5]])).blend(TablePolicy(np.array([[1.0, 0]])), 2), "share: 2"),
    ],
)
def test_bad_options_are_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_one_line_has_a_value_and_no_error():
    got = ips([1.0], [0.5], [0.25])
    assert got.value == 0.5 and np.isnan(got.standard_error) and not got.covers(0.5)
