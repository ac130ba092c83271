"""The outer shape of a log, by hand."""

import numpy as np
import pytest

from recsys_course.data.world.marginals import lorenz, marginals, seconds_between
from recsys_course.interactions import Interactions


@pytest.fixture
def log():
    """User 0: items 0, 0, 1 at 10, 4014, 4; user 2: item 1 at 5; user 1 and item 2 have nothing."""
    return Interactions(
        np.array([0, 0, 0, 2]), np.array([0, 0, 1, 1]), 3, 3, times=np.array([10, 4_014, 4, 5])
    )


def test_by_hand(log):
    got = marginals(log)
    assert (got["events"], got["users"], got["items"]) == (4, 2, 2)
    assert got["density"] == 3 / 4  # pairs (0, 0), (0, 1), (2, 1) of 2 x 2
    assert got["repeat_share"] == 1 / 4
    assert got["activity"]["1.0"] == 3
    assert got["user_gini"] == pytest.approx(1 / 4)  # counts 1 and 3: |1 - 3| / (2 * 2)
    assert got["item_gini"] == 0  # both have 2
    assert sorted(seconds_between(log)) == [6, 4_004]
    assert got["gap_under_hour"] == 1 / 2
    assert (got["gaps"][0], got["gaps"][100]) == (6, 4_004)


def test_lorenz_curve_goes_from_nothing_to_all_below_the_diagonal():
    curve = lorenz(np.array([1, 3]))
    assert (curve[0], curve[50], curve[100]) == (0, 0.25, 1)
    np.testing.assert_allclose(lorenz(np.full(7, 5)), np.linspace(0, 1, 101))


def test_without_a_clock_there_are_no_gaps(log):
    timeless = Interactions(log.users, log.items, 3, 3)
    assert marginals(timeless)["gaps"] is None


def test_an_empty_log_is_refused():
    with pytest.raises(ValueError, match="no events"):
        marginals(Interactions(np.array([], int), np.array([], int), 2, 2))
