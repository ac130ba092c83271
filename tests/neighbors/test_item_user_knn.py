"""ItemKNN and UserKNN against loops over all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log, table

from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN, UserKNN

SETTINGS = [
    {},
    {"k": 2, "shrinkage": 0.0},
    {"k": 3, "similarity": "jaccard", "shrinkage": 1.5},
    {"k": 3, "significance": 5.0},
    {"k": 4, "inverse_frequency": True, "shrinkage": 0.1},
    {"k": 4, "inverse_frequency": True, "use_values": True},
    {"k": 3, "use_values": True, "shrinkage": 0.0},
    {"k": 3, "similarity": "pearson", "use_values": True, "shrinkage": 0.5},
    {"k": 3, "similarity": "adjusted_cosine", "use_values": True, "shrinkage": 0.5, "significance": 4.0},
    {"k": 3, "similarity": "jaccard", "use_values": True},
]
each_setting = pytest.mark.parametrize(
    "setting", SETTINGS, ids=lambda s: "-".join(map(str, s.values())) or "default"
)


def similarity_by_loops(A: np.ndarray, model: ItemKNN | UserKNN) -> np.ndarray:
    """(M, F) NaN for absent -> (M, M) similarities of rows with only the k best positive ones kept."""
    here = ~np.isnan(A)
    X = np.where(here, A if model.use_values else 1.0, 0.0)
    if model.inverse_frequency:  # the weight of a column: how few of the M rows have it
        X = X * np.maximum(np.log(len(A) / (1 + here.sum(axis=0))), 0)
    if model.similarity == "adjusted_cosine":
        X = np.where(here, X - X.sum(axis=0) / np.maximum(here.sum(axis=0), 1), 0)
    S = np.zeros((len(A), len(A)))
    for i in range(len(A)):
        for j in range(len(A)):
            both = here[i] & here[j]
            n = both.sum()
            if i == j or n == 0:
                continue
            x, y = X[i], X[j]
            if model.similarity == "jaccard":
                top, bottom = n, (here[i] | here[j]).sum()
            elif model.similarity == "pearson":
                x, y = x[both] - x[both].mean(), y[both] - y[both].mean()
                top, bottom = x @ y, np.sqrt((x @ x) * (y @ y))
            else:
                top, bottom = x @ y, np.linalg.norm(x) * np.linalg.norm(y)
            if bottom > 1e-9:
                trust = min(n / model.significance, 1) if model.significance else 1
                S[i, j] = max(top / (bottom + model.shrinkage) * trust, 0)
    S = S.astype(np.float32)
    for row in S:
        row[np.lexsort((np.arange(len(row)), -row))[model.k :]] = 0
    return S


@each_setting
@pytest.mark.parametrize("seed", [0, 1])
def test_item_knn_is_its_formula(setting, seed):
    A = table(random_log(19, 11, seed))
    model = ItemKNN(**setting).fit(random_log(19, 11, seed))
    S = similarity_by_loops(A.T, model)
    history = np.nan_to_num(A) if model.use_values else ~np.isnan(A)
    np.testing.assert_allclose(model.weights_.toarray(), S.T, atol=1e-6)  # column i: N_k(i)
    expected = np.array([[sum(r[j] * S[i, j] for j in range(11)) for i in range(11)] for r in history])
    np.testing.assert_allclose(model.score(np.arange(19)), expected, atol=1e-5)


@each_setting
@pytest.mark.parametrize("seed", [0, 1])
def test_user_knn_is_its_formula(setting, seed):
    A = table(random_log(19, 11, seed))
    model = UserKNN(**setting).fit(random_log(19, 11, seed))
    S = similarity_by_loops(A, model)
    met = np.nan_to_num(A) if model.use_values else ~np.isnan(A)
    np.testing.assert_allclose(model.neighbours_.toarray(), S, atol=1e-6)
    expected = np.array([[sum(S[u, v] * met[v, i] for v in range(19)) for i in range(11)] for u in range(19)])
    np.testing.assert_allclose(model.score(np.arange(19)), expected, atol=1e-5)


# --- by hand


def by_hand() -> Interactions:
    """Ann met tea, cup; Ben tea, cup, pot; Cid tea; Dee pot."""
    return Interactions([0, 0, 1, 1, 1, 2, 3], [0, 1, 0, 1, 2, 0, 2], 4, 3)


def test_item_knn_by_hand():
    """tea and cup share 2 of 3 and 2 users: 2 / (sqrt(6) + 1); pot shares Ben with both."""
    model = ItemKNN(k=2, shrinkage=1.0).fit(by_hand())
    tea_cup, tea_pot, cup_pot = 2 / (np.sqrt(6) + 1), 1 / (np.sqrt(6) + 1), 1 / (2 + 1)
    np.testing.assert_allclose(model.score([0])[0], [tea_cup, tea_cup, tea_pot + cup_pot], rtol=1e-6)
    np.testing.assert_allclose(model.score([2])[0], [0, tea_cup, tea_pot], rtol=1e-6)
    assert model.recommend([2], n=3).tolist() == [[1, 2, -1]]


def test_user_knn_by_hand():
    """Cid met tea, as Ann (cosine 1/sqrt 2) and Ben (1/sqrt 3) did."""
    model = UserKNN(k=5, shrinkage=0.0).fit(by_hand())
    ann, ben = 1 / np.sqrt(2), 1 / np.sqrt(3)
    np.testing.assert_allclose(model.score([2])[0], [ann + ben, ann + ben, ben], rtol=1e-6)


def test_inverse_frequency_silences_who_met_everything():
    """A user who met all 4 items has weight log(4/5) < 0, kept at 0."""
    data = Interactions([0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 0, 1], 2, 4)
    pairs = ItemKNN(shrinkage=0.0, inverse_frequency=True).fit(data).weights_.toarray()
    assert pairs[0, 1] == pytest.approx(1.0)
    assert not pairs[2:].any()


# --- what always holds


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_neighbours_are_others_positive_and_at_most_k(seed, k):
    log = random_log(8, 6, seed, stars=False)
    S = ItemKNN(k=k, shrinkage=0.5).fit(log).weights_.toarray()
    assert (S >= 0).all()
    assert (S <= 1).all()
    assert not S.diagonal().any()
    assert ((S > 0).sum(axis=0) <= k).all()


@given(st.integers(0, 10_000))
def test_with_all_neighbours_the_item_similarity_is_symmetric(seed):
    S = ItemKNN(k=100, shrinkage=0.5).fit(random_log(8, 6, seed)).weights_.toarray()
    np.testing.assert_allclose(S, S.T, rtol=1e-6)


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
def test_stars_count_only_when_asked(make):
    log = random_log(12, 8, 4)
    plain, valued = make(shrinkage=0.0).fit(log), make(shrinkage=0.0, use_values=True).fit(log)
    np.testing.assert_array_equal(plain.score([0, 1]), make(shrinkage=0.0).fit(log.binary()).score([0, 1]))
    assert np.abs(plain.score([0, 1]) - valued.score([0, 1])).max() > 0.1


# --- odd and bad input


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
@pytest.mark.parametrize("measure", ["pearson", "adjusted_cosine"])
def test_measures_of_stars_refuse_plain_events(make, measure):
    with pytest.raises(ValueError, match=f"similarity: '{measure}' compares stars.*use_values=True"):
        make(similarity=measure).fit(random_log())


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
@pytest.mark.parametrize("use_values", [False, True])
def test_jaccard_refuses_the_weights_that_it_would_not_look_at(make, use_values):
    model = make(similarity="jaccard", inverse_frequency=True, use_values=use_values)
    with pytest.raises(
        ValueError, match=r"inverse_frequency: True with similarity 'jaccard'.*or take cosine"
    ):
        model.fit(random_log())


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
def test_an_unknown_similarity_is_named(make):
    with pytest.raises(ValueError, match="similarity: 'tanimoto'; expected one of cosine"):
        make(similarity="tanimoto").fit(random_log())


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
@pytest.mark.parametrize("measure", ["pearson", "adjusted_cosine"])
def test_equal_stars_make_no_neighbours(make, measure):
    log = random_log(9, 7)
    flat = Interactions(log.users, log.items, 9, 7, np.full(len(log), 4.0))
    assert not make(similarity=measure, use_values=True, shrinkage=0.0).fit(flat).score(np.arange(9)).any()


@pytest.mark.parametrize("make", [ItemKNN, UserKNN])
def test_the_number_of_threads_does_not_show(make, monkeypatch):
    log = random_log(60, 50, 2)
    answers = []
    for threads in ("1", "2"):
        monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
        model = make(k=5).fit(log)
        answers.append((model.score(np.arange(60)), model.recommend(np.arange(60))))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    np.testing.assert_array_equal(answers[0][1], answers[1][1])
