"""Lists against histories: miscalibration and popularity lift, by hand and as loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import pairs
from scipy import sparse

from recsys_course.metrics import miscalibration, popularity_lift

# Items 0 and 1 are comedies, 2 is a drama, 3 is both, 4 has no genre.
GENRES = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]])


def test_miscalibration_by_hand():
    """History half comedy, half drama; a list of comedies: q = 0.99 (1, 0) + 0.01 (1/2, 1/2)."""
    history = pairs([{0, 2}], 5)
    by_hand = 0.5 * math.log(0.5 / 0.995) + 0.5 * math.log(0.5 / 0.005)
    assert miscalibration([[0, 1]], history, GENRES) == pytest.approx(by_hand)
    assert miscalibration([[1, 2]], history, GENRES) == pytest.approx(0)
    assert miscalibration([[3, 4]], history, GENRES) == pytest.approx(0)  # half of each; 4 says nothing


def test_an_item_spreads_one_unit_over_its_genres():
    """Items 0 and 3 are 1 and 1/2 comedy, so p is (3/4, 1/4)."""
    by_hand = 0.75 * math.log(0.75 / (0.99 + 0.0075)) + 0.25 * math.log(0.25 / 0.0025)
    assert miscalibration([[0, 1]], pairs([{0, 3}], 5), GENRES) == pytest.approx(by_hand)
    assert miscalibration([[1, 3]], pairs([{0, 3}], 5), GENRES) == pytest.approx(0)


def test_the_values_of_a_history_are_weights():
    history = sparse.csr_array(np.array([[3.0, 0, 1, 0, 0]]))
    q = 0.98 * 0.5 + 0.02 * np.array([0.75, 0.25])
    by_hand = 0.75 * math.log(0.75 / q[0]) + 0.25 * math.log(0.25 / q[1])
    assert miscalibration([[0, 2]], history, GENRES, alpha=0.02) == pytest.approx(by_hand)


def test_who_has_no_genre_on_either_side_is_left_out():
    history = pairs([{0}, {4}, {0}, set()], 5)
    ranked = [[2, -1], [2, -1], [4, -1], [2, -1]]
    values = miscalibration(ranked, history, GENRES, mean=False)
    assert np.isnan(values).tolist() == [False, True, True, True]
    assert (
        miscalibration(ranked, history, GENRES) == pytest.approx(values[0]) == pytest.approx(-math.log(0.01))
    )


@st.composite
def cases(draw):
    """Lists, histories with weights and genres: B, 6 items, 3 genres; empty ones among them."""
    n = draw(st.integers(1, 4))
    ranked = [draw(st.lists(st.integers(0, 5), unique=True, max_size=3)) for _ in range(n)]
    weight = st.lists(st.integers(0, 3), min_size=6, max_size=6)
    history = np.array([draw(weight) for _ in range(n)], dtype=float)
    genres = np.array(
        [draw(st.lists(st.integers(0, 2), min_size=3, max_size=3)) for _ in range(6)], dtype=float
    )
    return ranked, history, genres


def mixed(weights: dict[int, float], genres: np.ndarray) -> list[float]:
    total = [0.0] * 3
    for item, weight in weights.items():
        if genres[item].sum():
            for g in range(3):
                total[g] += weight * genres[item][g] / genres[item].sum()
    return [value / sum(total) for value in total] if sum(total) else total


@given(cases(), st.sampled_from([0.01, 0.3]))
def test_miscalibration_is_its_definition(case, alpha):
    ranked, history, genres = case
    expected = []
    for row, past in zip(ranked, history, strict=True):
        p, q = mixed(dict(enumerate(past)), genres), mixed(dict.fromkeys(row, 1.0), genres)
        terms = [a * math.log(a / ((1 - alpha) * b + alpha * a)) for a, b in zip(p, q, strict=True) if a]
        expected.append(sum(terms) if sum(p) and sum(q) else np.nan)
    lists = np.array([row + [-1] * (3 - len(row)) for row in ranked])
    for shape in (np.asarray, sparse.csr_array):
        got = miscalibration(lists, sparse.csr_array(history), shape(genres), alpha=alpha, mean=False)
        np.testing.assert_allclose(got, expected, atol=1e-12)


# --- popularity lift


def test_lift_by_hand():
    """Histories of mean popularity 2 and 4, so 3; lists of 6 and 3, so 4.5: half as much again."""
    counts = [1, 3, 4, 6]
    history = pairs([{0, 1}, {2}], 4)
    assert popularity_lift([[3, -1], [1, -1]], history, counts) == pytest.approx(4.5 / 3 - 1)
    assert popularity_lift([[0, 1], [2, -1]], history, counts) == 0


def test_the_lift_of_a_group_is_a_ratio_of_means_not_a_mean_of_ratios():
    counts = [1, 2, 10]
    assert popularity_lift([[1], [2]], pairs([{0}, {2}], 3), counts) == pytest.approx(6 / 5.5 - 1)


def test_who_has_no_history_or_no_list_is_left_out():
    counts = [1, 3]
    assert popularity_lift([[1], [1], [-1]], pairs([{0}, set(), {1}], 2), counts) == 2
    assert math.isnan(popularity_lift([[1]], pairs([set()], 2), counts))
    assert math.isnan(popularity_lift([[1]], pairs([{0}], 2), [0, 3]))
    assert math.isnan(popularity_lift(np.empty((0, 2), dtype=int), pairs([], 2), counts))


@given(cases(), st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_lift_is_its_definition(case, counts):
    ranked, history, _ = case
    both = [
        (np.mean([counts[i] for i in np.flatnonzero(past)]), np.mean([counts[i] for i in row]))
        for row, past in zip(ranked, history, strict=True)
        if row and past.any()
    ]
    p, q = np.mean(both, axis=0) if both else (0, 0)
    lists = np.array([row + [-1] * (3 - len(row)) for row in ranked])
    got = popularity_lift(lists, sparse.csr_array(history), counts)
    assert got == pytest.approx((q - p) / p) if p else math.isnan(got)


# --- refusals


PAST = pairs([{0}], 5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: miscalibration([[0]], PAST, GENRES, alpha=0), "alpha: 0; expected between 0 and 1"),
        (lambda: miscalibration([[0]], PAST, GENRES, alpha=1), "alpha: 1; expected between 0 and 1"),
        (lambda: miscalibration([[0, 0]], PAST, GENRES), "ranked: item 0 twice in row 0"),
        (lambda: miscalibration([[5]], PAST, GENRES), "ranked: code 5; expected 0..4"),
        (lambda: miscalibration([[0], [1]], PAST, GENRES), "history: 1 rows; expected 2, as many as ranked"),
        (lambda: miscalibration([[0]], PAST, GENRES[:4]), "history: 5 items; expected 4"),
        (lambda: miscalibration([[0]], PAST, -GENRES), "genres: -1; expected 0 or more"),
        (lambda: miscalibration([[0]], PAST * np.nan, GENRES), "history: nan; expected 0 or more"),
        (lambda: popularity_lift([[0]], PAST, [1, 1]), "history: 5 items; expected 2"),
        (lambda: popularity_lift([[0], [1]], PAST, [1] * 5), "history: 1 rows; expected 2"),
        (lambda: popularity_lift([[0]], PAST, [1, 1, 1, 1, -1]), "counts: -1; expected 0 or more"),
        (lambda: popularity_lift([[0, 0]], PAST, [1] * 5), "ranked: item 0 twice in row 0"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
