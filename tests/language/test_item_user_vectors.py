"""Vectors of items and users, through the encoders of content.text alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from recsys_course.base import NotFitted
from recsys_course.content.text import BM25, Cached, HashingSVD, SentenceEncoder, TfIdf
from recsys_course.data.world import make_world
from recsys_course.ids import UnknownId
from recsys_course.language import ItemEncoder, item_vectors, user_vectors
from recsys_course.language import vectors as module

TEXTS = ["red fox", "red dog", "blue whale", "blue shark", "green cat", "green frog", "red cat", "blue frog"]
TABLE = pd.DataFrame({"title": [t.split()[0] for t in TEXTS], "category": [t.split()[1] for t in TEXTS]})


def test_vectors_are_those_of_the_encoder():
    wanted = HashingSVD().fit_encode(TEXTS)
    for items in (TEXTS, tuple(TEXTS), TABLE):
        got = item_vectors(items)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, wanted, atol=1e-6)
    np.testing.assert_allclose(item_vectors(TEXTS, TfIdf()), TfIdf().fit_encode(TEXTS).toarray(), atol=1e-6)


def test_a_fitted_encoder_is_used_as_it_is_and_a_new_one_is_left_alone():
    known = TfIdf().fit(["red", "blue"])
    assert item_vectors(TEXTS, known).shape == (8, 2)
    fresh = TfIdf()
    item_vectors(TEXTS, fresh)
    with pytest.raises(NotFitted):
        fresh.encode(TEXTS)


def test_fewer_columns_are_those_of_scikit_learn():
    rows = HashingSVD().fit_encode(TEXTS)
    for whiten in (False, True):
        got = item_vectors(TEXTS, n_factors=3, whiten=whiten)
        wanted = PCA(3, whiten=whiten, svd_solver="full").fit_transform(rows)
        np.testing.assert_allclose(np.abs(got), np.abs(wanted), atol=1e-5)
    np.testing.assert_allclose(got.std(axis=0, ddof=1), 1, atol=1e-5)
    np.testing.assert_allclose(got.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("n_factors", [None, 2])
def test_new_items_stand_where_the_same_items_stood(n_factors):
    encoder = ItemEncoder(n_factors=n_factors)
    with pytest.raises(NotFitted, match=r"ItemEncoder is not fitted"):
        encoder.encode(TEXTS)
    vectors = encoder.fit_encode(TEXTS)
    np.testing.assert_allclose(encoder.encode(TEXTS[5:]), vectors[5:], atol=1e-6)
    assert encoder.encode([]).shape == (0, vectors.shape[1])


def test_minilm_is_the_sentence_encoder_kept_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_COURSE_CACHE", str(tmp_path))
    made = module._named("minilm")
    assert isinstance(made, Cached)
    assert isinstance(made.encoder, SentenceEncoder)
    rows = {"a": [1.0, 0.0], "b": [0.0, 1.0]}  # the model itself is tested with its class
    monkeypatch.setattr(SentenceEncoder, "_encode", lambda self, texts: np.array([rows[t] for t in texts]))
    monkeypatch.setattr(SentenceEncoder, "identity", lambda self: "two letters")
    assert item_vectors(["b", "a"], "minilm").tolist() == [[0, 1], [1, 0]]
    rows.clear()  # the second time they come from disk
    assert item_vectors(["a"], "minilm").tolist() == [[1, 0]]
    assert list(tmp_path.rglob("*.sqlite"))


def test_what_is_no_encoder_and_no_text():
    with pytest.raises(ValueError, match=r"^encoder: 'bert'; expected 'hashing', 'minilm' or an encoder"):
        item_vectors(TEXTS, "bert")
    for wrong in (TfIdf, 3):
        with pytest.raises(TypeError, match=r"^encoder: "):
            item_vectors(TEXTS, wrong)
    with pytest.raises(TypeError, match=r"^items: 'red', one text"):
        item_vectors("red")
    with pytest.raises(ValueError, match=r"^n_factors: 9; expected at most 8, for 8 items with 64 columns"):
        item_vectors(TEXTS, n_factors=9)
    with pytest.raises(ValueError, match=r"^n_factors: 0; expected"):
        item_vectors(TEXTS, n_factors=0)
    assert item_vectors(TEXTS, BM25()).shape[0] == 8


# --- users


def test_users_by_hand():
    items = np.array([[1.0, 0], [0, 1], [4, 4]])
    got = user_vectors([[0, 1], [0, 1, 1], [], [2]], items, decay=0.5)
    np.testing.assert_allclose(got, [[1 / 3, 2 / 3], [1 / 7, 6 / 7], [0, 0], [4, 4]])
    np.testing.assert_allclose(user_vectors([[0, 1]], items), [[0.5, 0.5]])
    assert user_vectors([], items).shape == (0, 2)
    assert user_vectors([np.array([0])], items.astype(np.float32)).dtype == np.float32
    assert user_vectors([[1]], np.array([[1, 2], [3, 4]])).tolist() == [[3, 4]]


@given(st.lists(st.lists(st.integers(0, 6), max_size=9), max_size=5), st.sampled_from([0.3, 0.9, 1.0]))
def test_users_are_the_weighted_means_of_a_slow_loop(histories, decay):
    items = np.random.default_rng(0).normal(size=(7, 3))
    got = user_vectors(histories, items, decay)
    for row, history in zip(got, histories, strict=True):
        total, weights = np.zeros(3), 0.0
        for age, item in enumerate(reversed(history)):
            total, weights = total + decay**age * items[item], weights + decay**age
        np.testing.assert_allclose(row, total / (weights or 1), atol=1e-12)


def test_what_users_are_not():
    items = np.eye(3)
    for decay in (0, 1.1, -1):
        with pytest.raises(ValueError, match=r"^decay: .*; expected a factor in \(0, 1\]"):
            user_vectors([[0]], items, decay)
    for code in (3, -1):
        with pytest.raises(UnknownId, match=rf"^histories: item code {code}; expected 0\.\.2"):
            user_vectors([[0], [code]], items)
    with pytest.raises(TypeError, match=r"^histories: .*; expected a list of integer item codes"):
        user_vectors([[0.5]], items)
    with pytest.raises(TypeError, match=r"^histories"):
        user_vectors([0, 1], items)
    with pytest.raises(ValueError, match=r"^item_vectors: shape \(3,\); expected \(items, columns\)"):
        user_vectors([[0]], np.arange(3))


def test_vectors_know_the_taste_of_new_items():
    """Texts of the simulated shop hold its topics: users agree with the truth on new items, too."""
    world = make_world("shop", n_users=60, n_items=80, n_exposures=4000, seed=0)
    log, new = world.dataset.log, np.arange(60, 80)
    encoder = ItemEncoder(n_factors=16).fit(world.dataset.items[:60])
    X = encoder.encode(world.dataset.items)
    histories = [log.items[(log.users == user) & (log.items < 60)] for user in range(60)]
    scores = user_vectors(histories, X) @ X[new].T  # (U, 20)
    agree = [
        np.corrcoef(scores[user], world.utility(user, new))[0, 1]
        for user, history in enumerate(histories)
        if len(history) > 2
    ]
    assert len(agree) > 20
    assert np.mean(agree) > 3 * np.std(agree) / np.sqrt(len(agree))
