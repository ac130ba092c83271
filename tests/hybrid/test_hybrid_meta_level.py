"""Meta-level: neighbours by profile, against slow loops, dense and sparse."""

import numpy as np
import pytest
from logs import random_log
from scipy import sparse

from recsys_course.hybrid import MetaLevel
from recsys_course.interactions import Interactions


def by_loops(log: Interactions, F: np.ndarray, k: int) -> np.ndarray:
    """(U, I) the formula as it stands."""
    met = [sorted(set(log.items[log.users == u].tolist())) for u in range(log.n_users)]
    unit = F / np.maximum(np.linalg.norm(F, axis=1, keepdims=True), 1e-12)
    profile = [unit[m].mean(axis=0) if m else np.zeros(F.shape[1]) for m in met]
    scores = np.zeros((log.n_users, log.n_items))
    for u in range(log.n_users):
        alike = []
        for v in range(log.n_users):
            length = np.sqrt(profile[u] @ profile[u]) * np.sqrt(profile[v] @ profile[v])
            if v != u and length > 0 and profile[u] @ profile[v] / length > 1e-6:
                alike.append((-profile[u] @ profile[v] / length, v))
        for minus, v in sorted(alike)[:k]:
            for i in met[v]:
                scores[u, i] -= minus
    return scores


@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("kind", ["dense", "dense with signs", "sparse"])
def test_equals_the_formula_written_as_loops(k, kind):
    log, rng = random_log(stars=False), np.random.default_rng(k)
    F = rng.normal(size=(9, 4)) if "signs" in kind else rng.random((9, 4)) * (rng.random((9, 4)) < 0.6)
    model = MetaLevel(sparse.csr_array(F) if kind == "sparse" else F, k=k).fit(log)
    np.testing.assert_allclose(model.score(range(17)), by_loops(log, F, k), rtol=1e-5, atol=1e-6)


def test_by_hand_users_without_a_common_item_are_neighbours():
    # items 0 and 1 are about tents, 2 and 3 about pans; user 0 met 0, user 1 met 1, user 2 met 2 and 3
    F = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    log = Interactions([0, 1, 2, 2], [0, 1, 2, 3], 3, 4)
    model = MetaLevel(F).fit(log)
    np.testing.assert_array_equal(model.profiles_, [[1, 0], [1, 0], [0, 1]])
    assert model.score([0]).tolist() == [[0, 1, 0, 0]]
    assert model.recommend([0], n=1).tolist() == [[1]]
    assert model.reasons(0, 1) == [(1, 1.0)]
    assert model.reasons(0, 2) == []


def test_reasons_add_up_to_the_score():
    log = random_log(stars=False)
    model = MetaLevel(np.random.default_rng(0).random((9, 3)), k=6).fit(log)
    scores = model.score(range(17))
    for u in range(17):
        for i in range(9):
            parts = [part for _, part in model.reasons(u, i, n=99)]
            assert sum(parts) == pytest.approx(scores[u, i], abs=1e-5)
            assert parts == sorted(parts, reverse=True)


def test_repeats_and_stars_of_a_neighbour_count_once_and_reasons_are_n():
    F = np.ones((3, 1))
    log = Interactions([0, 1, 1, 1, 2], [0, 1, 1, 2, 1], 3, 3, [1.0, 5, 5, 2, 4])
    model = MetaLevel(F).fit(log)
    np.testing.assert_allclose(model.score([0]), [[0, 2, 1]])
    assert model.reasons(0, 1, n=1) == [(1, pytest.approx(1.0))]
    assert len(model.reasons(0, 1)) == 2
