"""The references against something else: the package, loops, the likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recsys_course.checks import evaluation_from_logs as logs
from recsys_course.evaluation import offpolicy


def drawn(check: Any) -> list[tuple[Any, ...]]:
    """The arguments of the random cases."""
    return [case.args for case in check.cases[len(check.by_hand) :]]


def test_effective_sample_size_is_the_packages():
    without = 0
    for p, t in drawn(logs.effective_sample_size):
        expected = offpolicy.effective_sample_size(np.array(t) / np.array(p))
        assert logs.effective_sample_size.reference(p, t) == pytest.approx(expected)
        without += expected == 0
    assert without >= 1


def test_ips_is_the_packages():
    for args in drawn(logs.ips):
        expected = offpolicy.ips(*args)
        assert logs.ips.reference(*args) == pytest.approx((expected.value, expected.standard_error))


def test_snips_is_the_packages_but_for_the_degree_of_freedom():
    without = 0
    for r, p, t in drawn(logs.snips):
        got = logs.snips.reference(r, p, t)
        if not any(t):
            assert np.isnan(got).all()
            without += 1
            continue
        expected, n = offpolicy.self_normalised_ips(r, p, t), len(r)
        assert got[0] == pytest.approx(expected.value)
        assert got[1] == pytest.approx(expected.standard_error * np.sqrt((n - 1) / n))
    assert without >= 1


def test_clipped_ips_is_the_packages_and_value_and_loss_add_up_to_ips():
    cut = 0
    for r, p, t, clip in drawn(logs.clipped_ips):
        value, lost = logs.clipped_ips.reference(r, p, t, clip)
        assert value == pytest.approx(offpolicy.clipped_ips(r, p, t, clip).value)
        assert value + lost == pytest.approx(offpolicy.ips(r, p, t).value)
        cut += lost > 0
    assert 5 <= cut < 20


def test_doubly_robust_is_the_packages():
    for r, p, a, target, model in drawn(logs.doubly_robust):
        lines = np.arange(len(r))
        sides = target[lines, a], model[lines, a], (target * model).sum(axis=1)
        if sides[0].any():
            expected = offpolicy.doubly_robust(r, p, *sides).value
            assert logs.doubly_robust.reference(r, p, a, target, model) == pytest.approx(expected)


def likelihood(positions, items, clicks, theta, gamma):
    chance = theta[positions] * gamma[items]
    with np.errstate(divide="ignore"):
        return np.log(np.where(clicks == 1, chance, 1 - chance)).sum()


def test_position_bias_never_lowers_the_likelihood():
    raised = 0
    for args in drawn(logs.position_bias):
        theta, gamma = logs.position_bias.reference(*args)
        before, after = likelihood(*args), likelihood(*args[:3], theta, gamma)
        assert after >= before - 1e-9
        raised += after > before + 1e-6
    assert raised >= 15


def test_rounds_of_position_bias_end_where_the_packages_em_ends():
    rng = np.random.default_rng(0)
    table = np.array([rng.permutation(3) for _ in range(2000)])  # (S, K) items
    theta, gamma = np.array([0.9, 0.5, 0.3]), np.array([0.6, 0.4, 0.2])
    clicked = (rng.random(table.shape) < theta * gamma[table]).astype(float)
    t, g = np.full(3, 0.5), np.full(3, 0.5)
    for _ in range(500):
        t, g = logs.position_bias.reference(np.tile(np.arange(3), 2000), table.ravel(), clicked.ravel(), t, g)
    package = offpolicy.examination_by_em(table, clicked, n_iterations=500, tolerance=0)
    np.testing.assert_allclose(t / t[0], package.curve, rtol=1e-6)
