"""Scores on one scale: by hand, against scipy and scikit-learn, and what never changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from recsys_course.hybrid import normalize_scores, places
from recsys_course.hybrid.scores import normalize_parts, shared, within

NAN, INF = np.nan, np.inf
numbers = st.integers(-20, 20).map(float)
tables = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 7)), elements=numbers)


def test_minmax_by_hand():
    got = normalize_scores([[2.0, 6.0, 4.0], [0.1, 0.9, 0.3]], "minmax")
    np.testing.assert_allclose(got, [[0, 1, 0.5], [0, 1, 0.25]])


def test_zscore_by_hand():
    # mean 5, deviations -3 -1 -1 -1 0 0 2 4, their squares 9 1 1 1 0 0 4 16: 32 / 8 = 4, its root 2
    got = normalize_scores([[2, 4, 4, 4, 5, 5, 7, 9]], "zscore")
    np.testing.assert_allclose(got, [[-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]])


def test_rank_by_hand():
    got = normalize_scores([[10.0, 30, 20, 40, 0], [7, 7, 1, 3, 2]], "rank")
    # places 4 2 3 1 5 -> (5 - place) / 4; the two 7s share places 1 and 2: 1.5
    np.testing.assert_allclose(got, [[0.25, 0.75, 0.5, 1, 0], [0.875, 0.875, 0, 0.5, 0.25]])


def test_none_changes_nothing():
    np.testing.assert_array_equal(normalize_scores([[2.0, -6.0, 0.0]], "none"), [[2, -6, 0]])


@pytest.mark.parametrize("how", ["minmax", "zscore", "rank"])
@pytest.mark.parametrize("row", [[3.0, 3, 3], [0.0, 0, 0], [-2.0, -2, -2], [5.0], [NAN, NAN], [-INF, NAN]])
def test_a_row_without_spread_is_0(how, row):
    np.testing.assert_array_equal(normalize_scores([row], how), [[0] * len(row)])


@pytest.mark.parametrize("how", ["minmax", "zscore"])
def test_rounding_is_no_spread(how):
    same = np.array([[0.1 + 0.2, 0.3, 0.3]])
    assert np.ptp(same) > 0
    assert not normalize_scores(same, how).any()
    assert not normalize_scores(np.float32([[0.1, np.nextafter(np.float32(0.1), np.float32(1))]]), how).any()
    assert normalize_scores([[1.0, 1.0 + 1e-9]], how).any()  # as float64 this is a difference


@pytest.mark.parametrize(
    "how, expected",
    [
        ("minmax", [0, 1, 0, 0.5, 0, 1]),
        ("rank", [0.1, 0.8, 0.4, 0.6, 0.1, 1]),  # NaN and -inf share the places 5 and 6; +inf is above all
        ("none", [2, 6, 2, 4, 2, 6]),
    ],
)
def test_what_is_not_scored_lies_at_the_bottom_and_infinity_at_the_top(how, expected):
    np.testing.assert_allclose(normalize_scores([[NAN, 6, 2, 4, -INF, INF]], how), [expected])
    below = normalize_scores([[NAN, -2, -6, -4, -INF, INF]], how)  # NaN is not 0, which would be the best
    np.testing.assert_allclose(below, [[v - 8 for v in expected] if how == "none" else expected])


def test_zscore_of_a_row_with_gaps_counts_the_known():
    got = normalize_scores([[1.0, 3.0, NAN, -INF]], "zscore")  # mean 2, deviation 1
    np.testing.assert_allclose(got, [[-1, 1, -1, -1]])


def test_over_sets_the_scale_and_the_rest_goes_along():
    scores, new = [[100.0, 2, 6, 4]], [False, True, True, True]
    np.testing.assert_allclose(normalize_scores(scores, "minmax", over=new), [[24.5, 0, 1, 0.5]])
    np.testing.assert_allclose(normalize_scores(scores, "rank", over=[new]), [[1, 0, 1, 0.5]])
    z = normalize_scores(scores, "zscore", over=new)[0]
    np.testing.assert_allclose([z[1:].mean(), z[1:].std()], [0, 1], atol=1e-12)
    assert not normalize_scores(scores, "zscore", over=[False] * 4).any()  # nothing to go by


def test_huge_and_tiny_scores_do_not_overflow():
    for row in ([1e308, -1e308, 0.0], [5e-324, 0.0, 1e-323], [1e-300, 2e-300, 0.0]):
        for how in ("minmax", "zscore", "rank"):
            got = normalize_scores([row], how)
            assert np.isfinite(got).all()
            assert got.argmax() == np.argmax(row)
            assert got.argmin() == np.argmin(row)


@given(tables)
def test_equals_scikit_learn_and_scipy(scores):
    from sklearn.preprocessing import minmax_scale, scale

    np.testing.assert_allclose(normalize_scores(scores, "minmax"), minmax_scale(scores, axis=1), atol=1e-12)
    np.testing.assert_allclose(normalize_scores(scores, "zscore"), scale(scores, axis=1), atol=1e-12)
    np.testing.assert_allclose(places(scores), stats.rankdata(-scores, axis=1))


@given(tables, st.integers(1, 1000), st.integers(-1000, 1000))
def test_scale_and_shift_do_not_show(scores, scale, shift):
    for how in ("minmax", "zscore", "rank"):
        np.testing.assert_allclose(
            normalize_scores(scores * scale / 64 + shift, how), normalize_scores(scores, how), atol=1e-8
        )


@given(tables)
def test_order_is_kept(scores):
    for how in ("minmax", "zscore", "rank"):
        got = normalize_scores(scores, how)
        assert (
            np.sign(got[:, :, None] - got[:, None]) == np.sign(scores[:, :, None] - scores[:, None])
        ).all()


def test_places_by_hand():
    scores = [[5.0, 9, 5, NAN, -INF, INF]]
    np.testing.assert_array_equal(places(scores), [[3.5, 2, 3.5, INF, INF, 1]])
    # among the last five: 9 stands second behind inf; item 0 takes no place and would share 3 and 4
    new = [False, True, True, True, True, True]
    np.testing.assert_array_equal(places(scores, over=new), [[3.5, 2, 3, INF, INF, 1]])
    np.testing.assert_array_equal(places([[7.0, 9, 5]], over=[False, True, True]), [[2, 1, 2]])


wild = st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN, INF, -INF])


@given(arrays(float, (2, 6), elements=wild), arrays(bool, (2, 6)), st.integers(1, 8))
def test_within_a_depth_is_a_place_of_at_most_that(scores, over, depth):
    np.testing.assert_array_equal(within(scores, depth, over), places(scores, over) <= depth)


@given(arrays(float, (3, 5), elements=numbers), st.sampled_from(["minmax", "zscore", "rank", "none"]))
def test_parts_of_normalised_scores_add_up(parts, how):
    got = normalize_parts(parts, how)
    whole = normalize_scores(parts.sum(axis=0)[None], how)[0]
    np.testing.assert_allclose(got.sum(axis=0), whole, atol=1e-9)


def test_parts_of_a_zscore_are_what_each_part_is_above_its_mean():
    parts = np.array([[1.0, 2, 3, 2], [4.0, 0, 0, 0]])
    sd = parts.sum(axis=0).std()
    np.testing.assert_allclose(normalize_parts(parts, "zscore"), (parts - [[2], [1]]) / sd)


def test_shared_by_size():
    got = shared(np.array([8.0, 6.0, -3.0]), np.array([[1.0, 0, 1], [-3.0, 0, 2]]))
    np.testing.assert_allclose(got, [[2, 3, -1], [6, 3, -2]])


@pytest.mark.parametrize("how", ["", "Minmax", "z", None])
def test_another_scale_is_refused(how):
    with pytest.raises(ValueError, match=r"normalize: .*; expected one of minmax, zscore, rank, none"):
        normalize_scores([[1.0]], how)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"scores: shape \(3,\); expected \(users, items\)"):
        normalize_scores([1.0, 2, 3])
    for over in ([True], [[True, False, True]] * 2, [1, 0, 1]):
        with pytest.raises(ValueError, match=r"over: .*; expected bool of"):
            normalize_scores([[1.0, 2, 3]], over=over)


@pytest.mark.parametrize("how", ["minmax", "zscore", "rank", "none"])
def test_nobody_and_nothing(how):
    assert normalize_scores(np.empty((0, 3)), how).shape == (0, 3)
    assert normalize_scores(np.empty((2, 0)), how).shape == (2, 0)
