"""The population stability index: by hand, against scipy's divergences, and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from recsys_course.drift import psi


def test_psi_by_hand():
    # halves become 3/4 and 1/4: (1/4) ln(3/2) + (-1/4) ln(1/2) = (1/4) ln 3
    assert psi([0, 0, 1, 1], [0, 0, 0, 1], n_bins=2) == pytest.approx(np.log(3) / 4)


def test_psi_is_both_divergences_added():
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=5000), rng.normal(0.5, 1, size=4000)
    edges = np.quantile(old, np.arange(1, 10) / 10)
    e, a = (np.bincount(np.searchsorted(edges, x, "right"), minlength=10) / len(x) for x in (old, new))
    assert psi(old, new) == pytest.approx(entropy(e, a) + entropy(a, e))
    assert 0 < psi(old, rng.normal(size=5000)) < 0.02 < psi(old, new)


def test_psi_sees_what_goes_missing_and_what_leaves_the_range():
    old = np.arange(100.0)
    assert psi(old, old) == 0
    assert psi(old, np.where(old < 50, np.nan, old)) > 1
    assert psi(old, np.where(old >= 90, np.nan, old)) > 1  # missing is not "large"
    assert psi(old, old + 1000) > 1
    assert psi(np.full(5, np.nan), np.full(3, np.nan)) == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([], [1.0]), "expected: shape (0,)"),
        (([1.0], []), "actual: shape (0,)"),
        (([1.0], [1.0], 1), "n_bins: 1; expected at least 2"),
        (([1.0], [1.0], 10, 0.0), "floor: 0.0"),
    ],
)
def test_psi_refuses(args, message):
    with pytest.raises(ValueError) as error:
        psi(*args)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [([0] * 95 + [1] * 5, [1] * 100), ([0] * 100, [100] * 100), ([5] * 95 + [1] * 5, [9] * 100)],
)
def test_psi_sees_a_value_that_moves_although_one_value_fills_most_bins(expected, actual):
    assert psi(expected, actual) > 1
    assert psi(expected, expected) == 0
