"""Looking often: the inflation as published, and a p-value that stands any number of looks."""

import numpy as np
import pytest
from chance import at_most, within
from scipy import integrate, stats

from recsys_course.evaluation.experiment import (
    always_valid_p,
    confidence_sequence,
    fixed_p,
    peeking_error,
    simulated_looks,
)


@pytest.mark.parametrize(
    ("looks", "published"),
    [(1, 0.050), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248)],
)
def test_peeking_is_as_bad_as_published(looks, published):
    """Table 2 of Armitage, McPherson & Rowe 1969, for a nominal level of 0.05."""
    assert peeking_error(looks) == pytest.approx(published, abs=0.0006)


@pytest.mark.parametrize("looks", [1, 5, 20])
def test_peeking_by_simulation(looks):
    repeats = 20_000
    d, V = simulated_looks(looks, repeats, seed=looks)
    alarms = (fixed_p(d, V) < 0.05).any(axis=1).mean()
    assert within(alarms, peeking_error(looks), repeats)


def test_peeking_at_another_level():
    d, V = simulated_looks(8, 20_000, seed=0)
    assert within((fixed_p(d, V) < 0.2).any(axis=1).mean(), peeking_error(8, alpha=0.2), 20_000)


def test_simulated_looks_are_those_of_growing_samples():
    """Sums of the same many users: means, variances, and covariances between looks."""
    d, V = simulated_looks(3, 40_000, effect=0.2, sd=2.0, n_per_look=50, seed=0)
    assert list(V) == pytest.approx([8 / 50, 8 / 100, 8 / 150])
    assert d.mean(axis=0) == pytest.approx([0.2] * 3, abs=4 * np.sqrt(V[0] / 40_000))
    expected = np.maximum.outer(np.arange(3), np.arange(3))  # Cov(d_j, d_k) = V of the later
    assert np.cov(d.T) == pytest.approx(V[expected], rel=0.05)


def test_likelihood_ratio_is_the_integral_over_effects():
    d, V, tau = 0.3, 0.02, 0.2

    def weighed(effect):
        return stats.norm.pdf(effect, 0, tau) * stats.norm.pdf(d, effect, np.sqrt(V))

    mixture = integrate.quad(weighed, -3, 3)[0] / stats.norm.pdf(d, 0, np.sqrt(V))
    assert always_valid_p([d], [V], tau)[0] == pytest.approx(1 / mixture)


def test_p_never_rises_and_never_exceeds_one():
    d, V = simulated_looks(30, 50, effect=0.05, seed=1)
    p = always_valid_p(d, V, tau=0.1)
    assert (np.diff(p, axis=1) <= 0).all() and p.max() <= 1 and p.min() > 0


def test_a_huge_effect_does_not_overflow():
    assert always_valid_p([1e6], [1e-6], tau=1.0)[0] == 0


@pytest.mark.parametrize("tau", [0.02, 0.1, 1.0])
def test_always_valid_p_controls_the_error_over_all_looks(tau):
    repeats = 4000
    d, V = simulated_looks(200, repeats, seed=2)
    assert at_most((always_valid_p(d, V, tau)[:, -1] < 0.05).mean(), 0.05, repeats)
    assert (fixed_p(d, V) < 0.05).any(axis=1).mean() > 0.3


def test_always_valid_p_finds_what_is_there_and_pays_for_it():
    d, V = simulated_looks(50, 2000, effect=0.06, seed=3)
    found = always_valid_p(d, V, tau=0.06)[:, -1] < 0.05
    fixed = fixed_p(d, V)[:, -1] < 0.05
    assert 0.5 < found.mean() < fixed.mean()


@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_confidence_sequence_holds_at_all_looks_at_once(effect):
    repeats = 4000
    d, V = simulated_looks(100, repeats, effect=effect, seed=4)
    low, high = confidence_sequence(d, V, tau=0.1)
    missed = ((effect < low) | (effect > high)).any(axis=1).mean()
    assert at_most(missed, 0.05, repeats)
    half = 1.96 * np.sqrt(V)
    assert (np.abs(d - effect) > half).any(axis=1).mean() > 0.3  # the usual interval does not


def test_sequence_and_p_agree():
    d, V = simulated_looks(40, 300, effect=0.08, seed=5)
    low, high = confidence_sequence(d, V, tau=0.1)
    outside = np.maximum.accumulate((low > 0) | (high < 0), axis=1)
    assert (outside == (always_valid_p(d, V, tau=0.1) < 0.05)).all()


def test_fixed_p_by_hand():
    assert fixed_p([0.2], [0.01])[0] == pytest.approx(2 * stats.norm.sf(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: always_valid_p([1, 2], [1, 2, 3], 1), "estimates, variances: shapes"),
        (lambda: always_valid_p(1.0, 1.0, 1), "estimates, variances: shapes"),
        (lambda: always_valid_p([1.0], [0.0], 1), "variances above 0"),
        (lambda: always_valid_p([np.nan], [1.0], 1), "finite estimates"),
        (lambda: always_valid_p([1.0], [1.0], 0), "tau: 0; expected a number above 0"),
        (lambda: confidence_sequence([1.0], [1.0], 1, level=1), "level: 1; expected"),
        (lambda: fixed_p([1.0], [-1.0]), "variances above 0"),
        (lambda: peeking_error(0), "n_looks: 0; expected a whole number, at least 1"),
        (lambda: peeking_error(3, alpha=0), "alpha: 0; expected"),
        (lambda: simulated_looks(0, 1), "n_looks: 0"),
        (lambda: simulated_looks(1, 0), "n_repeats: 0"),
        (lambda: simulated_looks(1, 1, n_per_look=0), "n_per_look: 0"),
        (lambda: simulated_looks(1, 1, sd=0), "sd: 0"),
    ],
)
def test_bad_looks_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
