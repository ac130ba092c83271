"""The references against loops, and against expectations over everything that could have been logged."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from every_check import drawn

from recsys_course.checks import evaluation_from_logs as logs

N_SEEDS = 5


def platform(seed: int, n: int = 2, n_actions: int = 3) -> tuple[np.ndarray, ...]:
    """(N, A) each: the logging policy, the target, the expected rewards."""
    rng = np.random.default_rng(seed)
    logging, target = rng.dirichlet(np.ones(n_actions), size=(2, n))
    return logging, target, rng.normal(1, 2, size=(n, n_actions))


def expectation(
    estimate: Callable[..., float], logging: np.ndarray, truth: np.ndarray, propensities: np.ndarray
) -> float:
    """The mean of ``estimate(rewards, actions, propensities)`` over all logs, each with its chance."""
    lines, total = np.arange(len(truth)), 0.0
    for actions in product(range(truth.shape[1]), repeat=len(truth)):
        taken = (lines, np.array(actions))
        total += logging[taken].prod() * estimate(truth[taken], taken[1], propensities[taken])
    return total


# ---- ips


def test_ips_is_the_formula_as_loops():
    for rewards, actions, propensities, policy in drawn(logs.ips):
        total = 0.0
        for n, action in enumerate(actions):
            total += policy[n][action] / propensities[n] * rewards[n]
        assert logs.ips.reference(rewards, actions, propensities, policy) == pytest.approx(
            total / len(rewards)
        )


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_ips_is_unbiased(seed):
    logging, target, truth = platform(seed)
    value = (target * truth).sum(axis=1).mean()
    assert expectation(lambda *log: logs.ips.reference(*log, target), logging, truth, logging) == (
        pytest.approx(value)
    )


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_ips_misses_what_the_old_policy_never_did(seed):
    logging, target, truth = platform(seed)
    logging[:, 0] = 0
    logging /= logging.sum(axis=1, keepdims=True)
    safe = np.where(logging > 0, logging, 1.0)  # never looked at: such a log has the chance 0
    got = expectation(lambda *log: logs.ips.reference(*log, target), logging, truth, safe)
    assert got == pytest.approx((target * truth)[:, 1:].sum(axis=1).mean())


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_ips_with_propensities_twice_as_large_is_half_the_value(seed):
    logging, target, truth = platform(seed)
    got = expectation(lambda *log: logs.ips.reference(*log, target), logging, truth, 2 * logging)
    assert got == pytest.approx((target * truth).sum(axis=1).mean() / 2)


# ---- effective sample size


def test_effective_sample_size_lies_between_1_and_n_and_does_not_know_the_scale():
    size = logs.effective_sample_size.reference
    for (weights,) in drawn(logs.effective_sample_size):
        got = size(weights)
        if not weights.any():
            assert got == 0
            continue
        assert 1 - 1e-9 <= got <= np.count_nonzero(weights) + 1e-9
        assert got == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
        assert got == pytest.approx(size(7 * weights))
        assert size(np.full(len(weights), weights.max())) == pytest.approx(len(weights))


def test_effective_sample_size_is_the_variance_of_a_weighted_mean():
    for (weights,) in drawn(logs.effective_sample_size):
        if weights.any():
            share = weights / weights.sum()
            variance = share @ (4.0 * np.eye(len(share))) @ share  # of rewards with variance 4
            assert 4.0 / variance == pytest.approx(logs.effective_sample_size.reference(weights))


# ---- clipped


def test_clipped_ips_is_the_formula_as_loops():
    for rewards, propensities, target, clip in drawn(logs.clipped_ips):
        total, cut = 0.0, 0
        for r, p, pi in zip(rewards, propensities, target, strict=True):
            total += (clip if pi / p > clip else pi / p) * r
            cut += pi / p > clip
        got = logs.clipped_ips.reference(rewards, propensities, target, clip)
        assert got == pytest.approx((total / len(rewards), cut / len(rewards)))


def test_clipped_ips_grows_with_the_limit_up_to_ips_where_no_reward_is_negative():
    for rewards, actions, propensities, policy in drawn(logs.ips):
        r, target = np.abs(rewards), policy[np.arange(len(actions)), actions]
        got = [logs.clipped_ips.reference(r, propensities, target, clip)[0] for clip in (0.5, 1, 2, 1e9)]
        assert got == sorted(got)
        assert got[-1] == pytest.approx(logs.ips.reference(r, actions, propensities, policy))


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_the_bias_of_clipping_is_what_was_cut(seed):
    logging, target, truth = platform(seed)
    weights, clip = target / logging, 1.5

    def clipped(rewards, actions, propensities):
        chosen = target[np.arange(len(actions)), actions]
        return logs.clipped_ips.reference(rewards, propensities, chosen, clip)[0]

    bias = expectation(clipped, logging, truth, logging) - (target * truth).sum(axis=1).mean()
    cut = (logging * np.maximum(weights - clip, 0) * truth).sum(axis=1).mean()
    assert cut != 0 and bias == pytest.approx(-cut)


# ---- self-normalised


def test_snips_is_a_weighted_mean():
    compared = 0
    for rewards, propensities, target in drawn(logs.snips):
        got = logs.snips.reference(rewards, propensities, target)
        if not target.any():
            assert np.isnan(got)
            continue
        assert got == pytest.approx(np.average(rewards, weights=target / propensities))
        assert rewards.min() - 1e-9 <= got <= rewards.max() + 1e-9
        compared += 1
    assert compared >= 10


def test_snips_of_a_constant_is_that_constant_and_follows_a_shift_and_not_a_common_factor():
    snips = logs.snips.reference
    for rewards, propensities, target in drawn(logs.snips):
        if target.any():
            assert snips(np.full(len(rewards), -3.7), propensities, target) == pytest.approx(-3.7)
            got = snips(rewards, propensities, target)
            assert snips(rewards + 5, propensities, target) == pytest.approx(got + 5)
            assert snips(rewards, propensities / 3, target) == pytest.approx(got)


def test_snips_of_the_logging_policy_is_the_mean_reward():
    for rewards, propensities, _ in drawn(logs.snips):
        assert logs.snips.reference(rewards, propensities, propensities) == pytest.approx(rewards.mean())


# ---- doubly robust


def test_doubly_robust_is_the_formula_as_loops():
    for rewards, actions, propensities, policy, predicted in drawn(logs.doubly_robust):
        total = 0.0
        for n, action in enumerate(actions):
            total += sum(policy[n][a] * predicted[n][a] for a in range(policy.shape[1]))
            total += policy[n][action] * (rewards[n] - predicted[n][action]) / propensities[n]
        got = logs.doubly_robust.reference(rewards, actions, propensities, policy, predicted)
        assert got == pytest.approx(total / len(rewards))


def test_doubly_robust_without_a_model_is_ips():
    for *log, predicted in drawn(logs.doubly_robust):
        got = logs.doubly_robust.reference(*log, np.zeros(predicted.shape))
        assert got == pytest.approx(logs.ips.reference(*log))


@pytest.mark.parametrize("seed", range(N_SEEDS))
@pytest.mark.parametrize("right", ["propensities", "model", "neither"])
def test_doubly_robust_needs_one_of_two_to_be_right(seed, right):
    logging, target, truth = platform(seed)
    other_logging, _, other_truth = platform(seed + 100)
    propensities = logging if right == "propensities" else other_logging
    predicted = truth if right == "model" else other_truth
    got = expectation(
        lambda *log: logs.doubly_robust.reference(*log, target, predicted), logging, truth, propensities
    )
    value = (target * truth).sum(axis=1).mean()
    assert bool(np.isclose(got, value)) is (right != "neither")


# ---- position bias


def test_position_bias_is_the_formula_as_loops():
    for pairs, positions, clicks, n_positions in drawn(logs.position_bias):
        shown, clicked = np.zeros((2, n_positions, n_positions + 1))
        for k, place, click in zip(pairs, positions, clicks, strict=True):
            shown[k, place] += 1
            clicked[k, place] += click
        expected = [1.0]
        for k in range(1, n_positions):
            known = clicked[k, k] > 0 and shown[k, k + 1] > 0
            above, below = (clicked[k, place] / max(shown[k, place], 1) for place in (k, k + 1))
            expected.append(expected[-1] * below / above if known else np.nan)
        got = logs.position_bias.reference(pairs, positions, clicks, n_positions)
        np.testing.assert_allclose(got, expected)


def test_position_bias_finds_the_curve_whatever_the_items():
    """Every pair of items at both places 1,000 times, clicked exactly as often as the model says."""
    seen, liked = np.array([1.0, 0.5, 0.4, 0.1]), np.array([0.8, 0.4, 0.2, 0.1])
    rows = [
        (k, place, float(n < round(1000 * seen[place - 1] * liked[item])))
        for k in (1, 2, 3) for item in (k - 1, k) for place in (k, k + 1) for n in range(1000)
    ]  # fmt: skip
    pairs, positions, clicks = (np.array(column) for column in zip(*rows, strict=True))
    np.testing.assert_allclose(logs.position_bias.reference(pairs, positions, clicks, 4), seen)
    pooled = np.array([clicks[positions == place].mean() for place in (1, 2, 3, 4)])
    assert (pooled / pooled[0] < seen - 0.05)[1:].any()  # good items stand at the top: too steep


# ---- what the random cases hold


def test_random_cases_cover_what_the_text_speaks_of():
    assert any((r < 0).any() for r, *_ in drawn(logs.ips))
    assert any((policy == 1).any() for *_, policy in drawn(logs.ips))  # sure of one action
    assert any((policy[np.arange(len(a)), a] == 0).any() for _, a, _, policy in drawn(logs.ips))
    assert all(policy.shape[0] != policy.shape[1] for *_, policy in drawn(logs.ips))
    assert all((p > 0).all() and (p <= 1).all() for _, _, p, _ in drawn(logs.ips))
    assert {bool(w.any()) for (w,) in drawn(logs.effective_sample_size)} == {True, False}
    assert {bool(target.any()) for *_, target in drawn(logs.snips)} == {True, False}
    shares = [case.expected[1] for case in logs.clipped_ips.cases]
    assert min(shares) == 0 and max(shares) > 0.5
    curves = [case.expected for case in logs.position_bias.cases[4:]]
    assert sum(np.isnan(curve).any() for curve in curves) >= 3
    assert sum(not np.isnan(curve).any() for curve in curves) >= 5
