"""Rating prediction from neighbours against loops, and the two traps: the divisor, and who may be one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import plain, random_log, table
from scipy import sparse

from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNNRating, UserKNNRating, rating
from recsys_course.similarity import prepare

SETTINGS = [
    {},
    {"k": 1},
    {"k": 3, "min_similarity": -1.0},
    {"k": 2, "min_similarity": 0.2},
    {"k": 3, "similarity": "pearson", "min_similarity": -1.0},
    {"k": 3, "similarity": "pearson", "shrinkage": 2.0, "significance": 5.0},
    {"k": 2, "similarity": "adjusted_cosine", "min_similarity": -1.0},
    {"k": 2, "similarity": "jaccard", "shrinkage": 1.0},
]
each_setting = pytest.mark.parametrize(
    "setting", SETTINGS, ids=lambda s: "-".join(map(str, s.values())) or "default"
)


def similarity(x: np.ndarray, y: np.ndarray, model: UserKNNRating) -> float:
    """Of two rows with NaN for absent; the rows are already what the measure compares."""
    both = ~np.isnan(x) & ~np.isnan(y)
    n = both.sum()
    if n == 0:
        return 0.0
    a, b = x[both], y[both]
    if model.similarity == "jaccard":
        top, bottom = n, (~np.isnan(x) | ~np.isnan(y)).sum()
    elif model.similarity == "pearson":
        a, b = a - a.mean(), b - b.mean()
        top, bottom = a @ b, np.sqrt((a @ a) * (b @ b))
    else:
        top, bottom = a @ b, np.sqrt(np.nansum(x**2) * np.nansum(y**2))
    trust = min(n / model.significance, 1) if model.significance else 1
    return top / (bottom + model.shrinkage) * trust if bottom > 1e-9 else 0.0


def means_of(A: np.ndarray) -> np.ndarray:
    """(M,) mean of each row; of everything for an empty one."""
    return np.array([np.nanmean(row) if (~np.isnan(row)).any() else np.nanmean(A) for row in A])


def by_loops(A: np.ndarray, model: UserKNNRating) -> np.ndarray:
    """(M, F) NaN for absent -> (M, F) predictions, question by question."""
    mean = means_of(A)
    centred = A - mean[:, None]
    compared = A
    if model.similarity == "cosine":
        compared = centred
    if model.similarity == "adjusted_cosine":
        compared = A - means_of(A.T)
    out = np.zeros(A.shape)
    for m, c in np.ndindex(A.shape):
        raters = [v for v in range(len(A)) if v != m and not np.isnan(A[v, c])]
        found = [(similarity(compared[m], compared[v], model), v) for v in raters]
        found = [(s, v) for s, v in found if abs(s) > 1e-12 and s >= model.min_similarity - 1e-9]
        found = sorted(found, key=lambda pair: (-np.float32(abs(pair[0])), pair[1]))[: model.k]
        if found:
            step = sum(s * centred[v, c] for s, v in found) / sum(abs(s) for s, _ in found)
        else:
            step = np.nanmean(centred[:, c]) if (~np.isnan(centred[:, c])).any() else 0.0
        out[m, c] = mean[m] + step
    return out


def answers(model, log: Interactions) -> np.ndarray:
    """(U, I) unclipped predictions."""
    model.clip = False
    users, items = (axis.ravel() for axis in np.indices((log.n_users, log.n_items)))
    return model.fit(log).predict(users, items).reshape(log.n_users, log.n_items)


@each_setting
@pytest.mark.parametrize("seed", [0, 1])
def test_user_knn_rating_is_its_formula(setting, seed):
    log, model = random_log(14, 9, seed), UserKNNRating(**setting)
    np.testing.assert_allclose(answers(model, log), by_loops(table(log), model), atol=1e-6)


@each_setting
@pytest.mark.parametrize("seed", [0, 1])
def test_item_knn_rating_is_its_formula(setting, seed):
    log, model = random_log(9, 14, seed), ItemKNNRating(**setting)
    np.testing.assert_allclose(answers(model, log), by_loops(table(log).T, model).T, atol=1e-6)


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch):
    log = random_log(8, 5, 3)
    compiled = answers(UserKNNRating(k=2), log)
    monkeypatch.setattr(rating, "_deviations", plain(rating._deviations))
    np.testing.assert_allclose(answers(UserKNNRating(k=2), log), compiled, rtol=1e-12)


# --- by hand


def test_the_divisor_is_the_sum_of_absolute_similarities():
    """Similarities .9 and -.8, stars 5 and 1, the neighbours' means 4 and 2, the user's 3:
    3 + (.9 (5 - 4) - .8 (1 - 2)) / (.9 + .8) = 4. Raw stars over the plain sum would say 37."""
    s, r = np.array([0.9, -0.8]), np.array([5, 1])
    assert (s @ r) / s.sum() == pytest.approx(37)
    angle = np.r_[np.arccos(s), 0]  # rows 0 and 1 have these cosines with row 2
    rows = prepare(sparse.csr_array(np.c_[np.cos(angle), np.sin(angle)]), "cosine")
    raters, deviations, out = np.array([0, 1], np.int32), r - np.array([4.0, 2]), np.empty(1)
    question = np.array([2]), np.array([0, 1]), np.array([0])
    rating._deviations(
        *question, rows, np.array([0, 2], np.int32), raters, deviations, np.zeros(1), 2, -1.0, out
    )
    assert 3 + out[0] == pytest.approx(4.0)


def test_who_disagrees_is_admitted_by_a_least_similarity_of_minus_one():
    """Users 0 and 1 rated items 0, 1 the other way round: Pearson -1. User 1 gave item 2
    5 stars, 5 - 11/3 above the own mean, so user 0 is predicted that much below 3."""
    log = Interactions([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], 2, 3, [1, 5, 5, 1, 5])
    admitted = UserKNNRating(similarity="pearson", min_similarity=-1.0)
    assert answers(admitted, log)[0, 2] == pytest.approx(3 - (5 - 11 / 3))
    left_out = UserKNNRating(similarity="pearson")  # falls back to the item's mean deviation
    assert answers(left_out, log)[0, 2] == pytest.approx(3 + (5 - 11 / 3))


def test_only_raters_of_the_item_are_neighbours():
    """The most similar user has not rated item 2; the one that has decides, though less similar."""
    log = Interactions([0, 0, 1, 1, 2, 2, 2], [0, 1, 0, 1, 0, 1, 2], 3, 3, [1, 5, 1, 5, 2, 3, 4])
    assert answers(UserKNNRating(k=1), log)[0, 2] == pytest.approx(3 + (4 - 3))


def test_nobody_knows_the_item_or_the_user():
    log = Interactions([0, 0, 1], [0, 1, 1], 3, 3, [2, 4, 5])
    got = answers(UserKNNRating(), log)
    assert got[0, 2] == 3  # no rater: the user's mean
    deviation = ((4 - 3) + (5 - 5)) / 2
    assert got[2, 1] == pytest.approx(11 / 3 + deviation)  # no history: mean of all, item's deviation
    assert got[2, 2] == pytest.approx(11 / 3)


# --- what always holds


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
@given(seed=st.integers(0, 10_000), shift=st.integers(0, 20))
def test_more_stars_for_everything_are_more_stars_predicted(make, seed, shift):
    log = random_log(8, 6, seed)
    higher = Interactions(log.users, log.items, 8, 6, log.values + shift)
    got, before = answers(make(k=3), higher), answers(make(k=3), log)
    np.testing.assert_allclose(got, before + shift, atol=1e-5)


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
@given(seed=st.integers(0, 10_000))
def test_a_prediction_steps_no_further_than_the_furthest_neighbour(make, seed):
    log, model = random_log(8, 6, seed), make(k=3, min_similarity=-1.0)
    got = answers(model, log)
    mean = model.means_[:, None] if make is UserKNNRating else model.means_
    furthest = np.abs(model.raters_.data).max()
    assert (np.abs(got - mean) <= furthest + 1e-9).all()


# --- odd and bad input


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
@pytest.mark.parametrize("wrong", [-1.5, 1.5, np.nan])
def test_a_least_similarity_that_is_none_is_named(make, wrong):
    with pytest.raises(ValueError, match=f"min_similarity: {wrong}; expected a similarity from -1 to 1"):
        make(min_similarity=wrong).fit(random_log())


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
def test_an_unknown_similarity_is_named(make):
    with pytest.raises(ValueError, match="similarity: 'euclid'; expected one of cosine"):
        make(similarity="euclid").fit(random_log())


@pytest.mark.parametrize("measure", ["cosine", "pearson", "adjusted_cosine", "jaccard"])
@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
def test_equal_stars_are_predicted_as_they_are(make, measure):
    log = random_log(9, 7)
    flat = Interactions(log.users, log.items, 9, 7, np.full(len(log), 3.7))
    np.testing.assert_allclose(answers(make(similarity=measure), flat), 3.7, rtol=1e-12)


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
def test_a_billion_neighbours_are_all_there_are(make):
    log = random_log(9, 7)
    np.testing.assert_array_equal(answers(make(k=10**9), log), answers(make(k=50), log))


@pytest.mark.parametrize("make", [UserKNNRating, ItemKNNRating])
def test_the_number_of_threads_does_not_show(make, monkeypatch):
    log, got = random_log(60, 40, 2), []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        got.append(answers(make(k=5), log))
    np.testing.assert_array_equal(*got)
