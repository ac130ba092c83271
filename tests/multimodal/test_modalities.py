"""What counts as a modality, and whose weights an item without it gets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_course.multimodal import check_modalities, presence, scaled, shares, unit_rows
from recsys_course.multimodal.modalities import check_weights, filled

GAP = [np.nan, np.nan]


def test_floats_stay_as_they_are_and_other_numbers_become_floats():
    image = np.ones((3, 2), dtype=np.float32)
    got = check_modalities({"image": image, "text": [[1, 2, 3]] * 3}, 3)
    assert list(got) == ["image", "text"]
    assert got["image"] is image
    assert got["text"].dtype == np.float64


@pytest.mark.parametrize(
    "modalities, message",
    [
        (None, "modalities: none; expected at least one"),
        ({}, "modalities: none; expected at least one"),
        ({"image": np.ones(3)}, r"modalities\['image'\]: shape \(3,\); expected \(items, columns\)"),
        ({"image": np.ones((3, 0))}, r"modalities\['image'\]: shape \(3, 0\)"),
        ({"image": np.ones((4, 2))}, r"modalities\['image'\]: 4 rows; expected 3, one per item"),
        ({"image": [[1, 2], [np.inf, 1], GAP]}, r"modalities\['image'\]: infinity in row 1"),
        (
            {"text": [[1, 2], [1, 2], [np.nan, 1]]},
            r"\['text'\]: row 2 is NaN in 1 of 2 columns; expected NaN",
        ),
        (
            {"image": np.ones((3, 2)), "audio": [GAP] * 3},
            r"\['audio'\]: missing for every item; .* leave it out",
        ),
    ],
)
def test_what_is_no_modality_is_refused_by_name(modalities, message):
    with pytest.raises(ValueError, match=message):
        check_modalities(modalities, 3)


def test_without_a_number_of_items_the_first_sets_it():
    with pytest.raises(ValueError, match=r"modalities\['b'\]: 2 rows; expected 3"):
        check_modalities({"a": np.ones((3, 1)), "b": np.ones((2, 1))})


def test_lists_of_arrays_and_sparse_matrices_are_refused_with_the_way_out():
    with pytest.raises(TypeError, match="modalities: list; expected a dict from names to arrays"):
        check_modalities([np.ones((3, 2))])
    with pytest.raises(TypeError, match=r"modalities\['text'\]: sparse; expected a dense array \(HashingSVD"):
        check_modalities({"text": sparse.csr_array(np.eye(3))})


def test_presence_and_filled_tell_gaps():
    a, b = np.array([[1.0, 2], GAP, [0, 0]]), np.array([[1.0], [2], [np.nan]])
    assert presence({"a": a, "b": b}).tolist() == [[True, True], [False, True], [True, False]]
    assert filled(a).tolist() == [[1, 2], [0, 0], [0, 0]]
    assert np.isnan(a[1]).all()  # the caller's stays


def test_unit_rows_by_hand():
    got = unit_rows(np.array([[3.0, 4], [0, 0], GAP]))
    np.testing.assert_allclose(got, [[0.6, 0.8], [0, 0], GAP])


def test_scaled_by_hand_and_whatever_the_unit():
    x = np.array([[1.0, 0], [3, 0], GAP])  # mean (2, 0); squares 1, 0, 1, 0: mean 1/2
    np.testing.assert_allclose(scaled(x), np.array([[-1, 0], [1, 0], [0, 0]]) * 2**0.5)
    np.testing.assert_allclose(scaled(100 * x + 7), scaled(x))
    np.testing.assert_array_equal(scaled(np.array([[5.0, 5], [5, 5]])), np.zeros((2, 2)))


def test_shares_by_hand():
    there = np.array([[True, True, True], [True, False, True], [False, True, False], [False] * 3])
    got = shares(there, np.array([0.5, 0.3, 0.2]))
    np.testing.assert_allclose(got, [[0.5, 0.3, 0.2], [5 / 7, 0, 2 / 7], [0, 1, 0], [0, 0, 0]])


def test_an_item_that_has_only_what_weighs_nothing_gets_zeros():
    assert shares(np.array([[True, False]]), np.array([0.0, 1.0])).tolist() == [[0, 0]]


@given(
    there=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1),
    raw=st.tuples(*[st.floats(0.01, 1)] * 3),
)
def test_shares_add_up_to_one_and_keep_proportions(there, raw):
    there, weights = np.array(there), np.array(raw) / sum(raw)
    got = shares(there, weights)
    np.testing.assert_allclose(got.sum(axis=1), there.any(axis=1))
    assert (got[~there] == 0).all()
    both = there[:, 0] & there[:, 1]
    np.testing.assert_allclose(got[both, 0] * weights[1], got[both, 1] * weights[0])


def test_weights_in_the_order_of_the_names_and_equal_by_default():
    np.testing.assert_array_equal(check_weights({"b": 0.25, "a": 0.75}, ["a", "b"]), [0.75, 0.25])
    np.testing.assert_array_equal(check_weights(None, ["a", "b"]), [0.5, 0.5])


@pytest.mark.parametrize(
    "weights, message",
    [
        ({"a": 0.7, "b": 0.7}, r"weights: they add up to 1.4; expected 1 \(divide each by 1.4\)"),
        ({"a": 0.3, "b": 0.3}, r"weights: they add up to 0.6; expected 1 \(divide each by 0.6\)"),
        ({"a": 0.0, "b": 0.0}, "weights: they add up to 0; expected 1$"),
        ({"a": 1.5, "b": -0.5}, "weights: -0.5 for 'b'; expected 0 or more"),
        ({"a": np.nan, "b": 1}, "weights: nan for 'a'; expected 0 or more"),
        ({"a": 1.0}, "weights: none for 'b'; expected one for each of a, b"),
        ({"a": 0.5, "b": 0.4, "c": 0.1}, "weights: no modality 'c'; there are: a, b"),
    ],
)
def test_weights_that_are_no_shares_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, ["a", "b"])


def test_weights_need_names():
    with pytest.raises(TypeError, match="weights: list; expected a dict from names to shares"):
        check_weights([0.5, 0.5], ["a", "b"])
