"""Coverage, diversity, novelty, serendipity: by hand and as loops; Gini is in test_metrics.py."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import pairs
from scipy import sparse

from recsys_course.metrics import coverage, gini, intra_list_diversity, novelty, precision, serendipity


@st.composite
def lists(draw, n_items: int = 7, length: int = 4):
    """(B, 4) lists of 0 to 4 items, padded; several rows."""
    rows = draw(st.lists(st.lists(st.integers(0, n_items - 1), unique=True, max_size=length), min_size=1))
    return np.array([row + [-1] * (length - len(row)) for row in rows])


# --- coverage


def test_coverage_by_hand():
    assert coverage([[0, 2], [2, -1]], 4) == 2 / 4
    assert coverage([[-1, -1]], 4) == coverage(np.empty((0, 3), dtype=int), 4) == 0


def test_full_coverage_without_any_diversity():
    """Ten users with ten near-duplicates each cover all hundred items."""
    ranked = np.arange(100).reshape(10, 10)
    assert coverage(ranked, 100) == 1
    assert intra_list_diversity(ranked, np.repeat(np.eye(10), 10, axis=0)) == pytest.approx(0)


@given(lists())
def test_coverage_counts_each_item_once(ranked):
    assert coverage(ranked, 7) == len({i for row in ranked for i in row if i >= 0}) / 7


# --- diversity


def test_diversity_by_hand():
    """Cosines of (1, 0), (0, 2), (1, 1): 0, 1/sqrt 2, 1/sqrt 2."""
    features = np.array([[1, 0], [0, 2], [1, 1]])
    assert intra_list_diversity([[0, 1, 2]], features) == pytest.approx(1 - 2 / math.sqrt(2) / 3)
    assert intra_list_diversity([[0, 1, -1]], features) == 1
    values = intra_list_diversity([[0, 2], [1, -1], [-1, -1]], features, mean=False)
    np.testing.assert_allclose(values, [1 - 1 / math.sqrt(2), np.nan, np.nan])
    assert intra_list_diversity([[0, 2], [1, -1]], features) == pytest.approx(1 - 1 / math.sqrt(2))


def test_an_item_without_features_resembles_nothing():
    """Cosines 1, 0, 0: the third row is zero."""
    features = np.array([[1, 0], [2, 0], [0, 0]])
    for given_as in (features, sparse.csr_array(features)):
        assert intra_list_diversity([[0, 1, 2]], given_as) == pytest.approx(1 - 1 / 3)


def cosine(x, y) -> float:
    length = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in y))
    return sum(a * b for a, b in zip(x, y, strict=True)) / length if length else 0.0


@given(lists(), st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=7, max_size=7))
def test_diversity_is_its_definition(ranked, features):
    expected = []
    for row in ranked:
        cosines = [cosine(features[i], features[j]) for i, j in combinations(row[row >= 0], 2)]
        expected.append(1 - np.mean(cosines) if cosines else np.nan)
    for given_as in (np.array(features), sparse.csr_array(np.array(features)), sparse.coo_matrix(features)):
        got = intra_list_diversity(ranked, given_as, mean=False)
        np.testing.assert_allclose(got, expected, atol=1e-12)


# --- novelty


def test_novelty_by_hand():
    """Of 8 users 8, 4, 1 and 0 know the items: 0, 1, 3 bits, and 3 for the one that nobody knows."""
    counts = [8, 4, 1, 0]
    assert novelty([[0, 1, 2, 3]], counts, 8) == (0 + 1 + 3 + 3) / 4
    np.testing.assert_array_equal(novelty([[1, -1], [-1, -1]], counts, 8, mean=False), [1, np.nan])
    assert novelty([[1, -1], [-1, -1]], counts, 8) == 1
    assert math.isnan(novelty([[-1]], counts, 8))


@given(lists(), st.lists(st.integers(0, 20), min_size=7, max_size=7))
def test_novelty_is_its_definition(ranked, counts):
    each = [[-math.log2(max(counts[i], 1) / 20) for i in row if i >= 0] for row in ranked]
    expected = [np.mean(bits) if bits else np.nan for bits in each]
    np.testing.assert_allclose(novelty(ranked, counts, 20, mean=False), expected, atol=1e-12)


# --- serendipity


def test_serendipity_by_hand():
    """The list 3 9 7 1 with 3 and 7 relevant; 3 is on the list of bestsellers."""
    ranked, relevant, bestsellers = [[3, 9, 7, 1]], pairs([{3, 7}], 10), [[3, 1]]
    assert serendipity(ranked, relevant, bestsellers, 4) == 1 / 4
    assert serendipity(ranked, relevant, bestsellers, 2) == 0
    assert serendipity(ranked, relevant, [[-1, -1]], 4) == precision(ranked, relevant, 4)


@given(lists(), st.data())
def test_serendipity_is_its_definition(ranked, data):
    some = st.lists(st.sets(st.integers(0, 6)), min_size=len(ranked), max_size=len(ranked))
    relevant, expected = data.draw(some), data.draw(some)
    k = data.draw(st.integers(1, 6))
    foreseen = np.array([[*items, *[-1] * (7 - len(items))] for items in expected])
    wanted = [
        len((set(row[:k]) & liked) - known) / k if liked else np.nan
        for row, liked, known in zip(ranked.tolist(), relevant, expected, strict=True)
    ]
    got = serendipity(ranked, pairs(relevant, 7), foreseen, k, mean=False)
    np.testing.assert_allclose(got, wanted)


# --- refusals


ONE = pairs([{0}], 3)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: coverage([[0, 0]], 3), "ranked: item 0 twice in row 0; expected each item once"),
        (lambda: coverage([[3]], 3), "ranked: code 3; expected 0..2, or -1 for padding"),
        (lambda: coverage([0, 1], 3), r"ranked: shape \(2,\); expected \(users, ranks\)"),
        (lambda: coverage([[0]], 0), "n_items: 0; expected at least 1"),
        (lambda: intra_list_diversity([[0, 3]], np.eye(3)), "ranked: code 3; expected 0..2"),
        (lambda: intra_list_diversity([[0, 0]], np.eye(3)), "ranked: item 0 twice"),
        (lambda: intra_list_diversity([[0]], [[np.nan]]), "features: nan; expected finite numbers"),
        (lambda: intra_list_diversity([[0]], [[np.inf]]), "features: inf; expected finite numbers"),
        (lambda: novelty([[0]], [3], 2), "counts: 3; expected 0..2, the number of users"),
        (lambda: novelty([[0]], [-1], 2), "counts: -1; expected 0..2, the number of users"),
        (lambda: novelty([[0]], [np.nan], 2), "counts: nan; expected 0..2, the number of users"),
        (lambda: novelty([[1]], [1], 2), "ranked: code 1; expected 0..0"),
        (lambda: novelty([[0]], [0], 0), "n_users: 0; expected at least 1"),
        (lambda: serendipity([[0]], ONE, [[1]], 0), "k: 0; expected at least 1"),
        (lambda: serendipity([[0]], ONE, [[1], [2]], 1), "expected: 2 rows; expected 1, as many as relevant"),
        (lambda: serendipity([[0]], ONE, [[3]], 1), "expected: code 3; expected 0..2"),
        (lambda: serendipity([[0]], ONE, [[1, 1]], 1), "expected: item 1 twice in row 0"),
        (lambda: serendipity([[0], [1]], ONE, [[1]], 1), r"ranked: shape \(2, 1\); expected 1 rows"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_users_is_nan():
    nobody = np.empty((0, 2), dtype=int)
    assert math.isnan(intra_list_diversity(nobody, np.eye(3)))
    assert math.isnan(novelty(nobody, [1, 1], 2))
    assert math.isnan(serendipity(nobody, pairs([], 3), nobody, 2))


@pytest.mark.parametrize("counts", [[1.0, float("nan")], [-1.0, 2.0], [[1.0, 2.0]]])
def test_gini_refuses_what_are_no_counts(counts):
    with pytest.raises(ValueError, match="counts"):
        gini(counts)
