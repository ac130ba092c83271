"""Neighbours by features: the formula as loops, dense as sparse, reasons that add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log
from scipy import sparse

from recsys_course.content import ContentKNN
from recsys_course.interactions import Interactions
from recsys_course.measures import MEASURES, pairwise

each_measure = pytest.mark.parametrize("measure", MEASURES)


def features(seed: int = 0, n_items: int = 9) -> np.ndarray:
    """(I, 6) counts, about half of them 0; the last item but one has none."""
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 5, (n_items, 6)) * (rng.random((n_items, 6)) < 0.6).astype(float)
    X[-2] = 0
    return X


def by_loops(S: np.ndarray, met: np.ndarray, k: int) -> np.ndarray:
    """(I, I) similarities, (U, I) met -> (U, I): sums over those of an item's k nearest that are met."""
    scores = np.zeros(met.shape)
    for i in range(len(S)):
        order = [j for j in np.lexsort((np.arange(len(S)), -S[i].astype(np.float32))) if j != i]
        near = [j for j in order[:k] if S[i, j] > 0]
        for u in range(len(met)):
            scores[u, i] = sum(S[i, j] for j in near if met[u, j])
    return scores


@each_measure
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("k, shrinkage", [(3, 0.0), (20, 2.0)])
def test_scores_are_the_formula_written_as_loops(measure, kind, k, shrinkage):
    log, X = random_log(), kind(features())
    model = ContentKNN(X, k, measure, shrinkage).fit(log)
    expected = by_loops(pairwise(X, None, measure, shrinkage), log.binary().to_csr().toarray() > 0, k)
    assert np.ptp(expected) > 0.3
    np.testing.assert_allclose(model.score(np.arange(17)), expected, atol=1e-5)


def test_two_neighbours_by_hand():
    """Tent 1 and 2 share a word, the cup stands alone; the user met item 0."""
    X = np.array([[1.0, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 2]])
    model = ContentKNN(X, k=2).fit(Interactions([0], [0], 1, 4))
    # cosines to item 0: 1/sqrt(2), 2/sqrt(6), 0; of item 3 the only neighbour is item 2
    np.testing.assert_allclose(model.score([0])[0], [0, 0.70711, 0.81650, 0], atol=1e-5)
    assert model.recommend([0], 3)[0].tolist() == [2, 1, 3]
    assert model.reasons(0, 2) == [(0, pytest.approx(0.81650, abs=1e-5))]
    assert model.reasons(0, 3) == []


@given(st.integers(0, 20), st.sampled_from(["cosine", "jaccard"]), st.integers(1, 9))
def test_dense_and_sparse_features_say_the_same(seed, measure, k):
    """Of what is 0 neither measure knows anything."""
    log, X = random_log(seed=seed), features(seed)
    dense, thin = (ContentKNN(kind(X), k, measure).fit(log) for kind in (np.asarray, sparse.csr_array))
    np.testing.assert_allclose(dense.weights_.toarray(), thin.weights_.toarray(), atol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_an_item_keeps_k_neighbours_with_something_in_common(kind):
    weights = ContentKNN(kind(features()), k=3).fit(random_log()).weights_.toarray()
    assert ((weights > 0).sum(axis=0) <= 3).all() and (np.diag(weights) == 0).all()
    assert (weights >= 0).all() and not weights[7].any() and not weights[:, 7].any()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_all_reasons_together_are_the_score(kind):
    model = ContentKNN(kind(features())).fit(random_log())
    scores = model.score(np.arange(17))
    for user in (0, 3):
        for item in range(9):
            parts = [part for _, part in model.reasons(user, item, n=9)]
            assert sum(parts) == pytest.approx(scores[user, item], abs=1e-5)
            assert parts == sorted(parts, reverse=True)


def test_settings_outside_their_range_are_named():
    for options, message in [
        ({"k": 0}, "k: 0; expected neighbours, at least 1"),
        ({"measure": "dot"}, "measure: 'dot'; expected one of cosine"),
        ({"shrinkage": -1.0}, "shrinkage: -1.0; expected 0 or more"),
    ]:
        for kind in (np.asarray, sparse.csr_array):
            with pytest.raises(ValueError, match=message):
                ContentKNN(kind(features()), **options).fit(random_log())
