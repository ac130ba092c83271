"""Hashed words: the same everywhere, no vocabulary, what is new still counts."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_course.content.text import HashingSVD, TfIdf, hashing
from recsys_course.content.text.hashing import hash_of, right_vectors
from recsys_course.data.world import make_world

CODE = """
import numpy as np
from recsys_course.content.text import HashingSVD
texts = ["tent rope", "rope lamp tent", "cup and pot", "帐篷", "pot"]
model = HashingSVD(n_hashes=64, n_factors=3, language="words").fit(texts)
rows = model.encode([*texts, "new words"])
"""


def test_the_same_rows_in_every_process():
    """Python's own hash of a string differs from process to process."""
    code = CODE + "print(rows.tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here: dict = {}
    exec(CODE, here)
    np.testing.assert_allclose(json.loads(done.stdout), here["rows"], atol=1e-9)


def test_a_hash_depends_on_the_term_alone():
    assert hash_of("tent") == hash_of("te" + "nt") < 2**63
    assert hash_of("tent rope") != hash_of("rope tent")
    assert hash_of("\ud800") >= 0  # half a letter, as broken files hold it


def test_hashes_spread_evenly_and_signs_are_fair():
    columns = np.bincount([hash_of(f"word{n}") // 2 % 32 for n in range(32_000)], minlength=32)
    assert np.abs(columns - 1000).max() < 5 * np.sqrt(1000)
    signs = [hash_of(f"word{n}") % 2 for n in range(10_000)]
    assert abs(sum(signs) - 5000) < 5 * 50


def test_words_that_fit_never_met_still_count(texts):
    model = HashingSVD().fit(texts)
    rows = model.encode(["zeppelin", "zeppelin quux", "frobnicate", "tent rope zeppelin", "tent rope"])
    cosine = rows @ rows.T
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    assert cosine[0, 1] > 0.3  # one word of two, and the pair, are shared
    assert abs(cosine[0, 2]) < 0.5
    assert cosine[3, 4] > 0.5
    assert cosine[0, 3] > cosine[0, 4]


def test_new_words_are_no_louder_than_known_ones(texts):
    model = HashingSVD(n_hashes=2**12).fit(texts)
    filled = np.unique(model._hashed(texts).indices)
    size = np.linalg.norm(model.loadings_, axis=1) ** 2
    known = size[filled].mean()
    unknown = np.delete(size, filled).mean()
    assert unknown == pytest.approx(known * 64 / np.linalg.matrix_rank(model.loadings_[filled]), rel=0.1)


def test_what_is_learned_is_the_truncated_svd(texts):
    """Cosines of projected rows are those of U S, computed densely from the same weighed matrix."""
    model = HashingSVD(n_factors=3).fit(texts)
    X = model._weighed(model._hashed(texts)).toarray()
    U, S, _ = np.linalg.svd(X, full_matrices=False)
    want = U[:, :3] * S[:3]
    length = np.linalg.norm(want, axis=1, keepdims=True)
    want = np.divide(want, length, out=np.zeros_like(want), where=length > 1e-9)
    got = model.encode(texts)
    np.testing.assert_allclose(got @ got.T, want @ want.T, atol=1e-9)


@pytest.mark.parametrize("shape, rank", [((40, 30), 30), ((40, 30), 5), ((30, 40), 1), ((30, 40), 8)])
def test_lanczos_and_the_dense_way_agree(shape, rank, monkeypatch):
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1])))
    dense = right_vectors(X, 8, np.random.default_rng(0))
    monkeypatch.setattr(hashing, "DENSE_CELLS", 0)
    lanczos = right_vectors(X, 8, np.random.default_rng(0))
    np.testing.assert_allclose(lanczos, dense, atol=1e-6)
    kept = min(rank, 8)
    np.testing.assert_allclose(dense.T @ dense, np.diag([1.0] * kept + [0.0] * (8 - kept)), atol=1e-9)


def test_many_equal_texts_and_fewer_texts_than_factors():
    for texts in (["a tent"] * 200, ["a tent"], ["tent", "rope"], ["tent"] * 70 + ["rope"] * 70):
        rows = HashingSVD().fit_encode(texts)
        assert rows.shape == (len(texts), 64)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    assert abs(rows[0] @ rows[-1]) < 1e-6


def test_more_texts_than_the_dense_way_takes(monkeypatch):
    monkeypatch.setattr(hashing, "DENSE_CELLS", 0)
    texts = ["a tent"] * 200 + ["the rope"] * 100
    rows = HashingSVD().fit_encode(texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    assert abs(rows[0] @ rows[-1]) < 1e-6


@given(st.lists(st.text(alphabet="ab c", max_size=6), min_size=1, max_size=5), st.integers(2, 9))
def test_rows_are_finite_even_where_everything_collides(texts, n_hashes):
    rows = HashingSVD(n_hashes=n_hashes, n_factors=2).fit_encode(texts)
    length = np.linalg.norm(rows, axis=1)
    assert np.isfinite(rows).all()
    assert (np.isclose(length, 1) | (length == 0)).all()


def test_it_keeps_most_of_what_tf_idf_sees_of_the_topics():
    """Nearest item by cosine in the simulated shop: of the same category as often, to within a tenth."""
    items = make_world("shop", n_users=20, n_items=400, n_exposures=400, seed=0).dataset.items
    texts, category = (items.title + ". " + items.description).tolist(), items.category.to_numpy()

    def share(rows):
        cosine = np.asarray((rows @ rows.T).todense() if sparse.issparse(rows) else rows @ rows.T)
        np.fill_diagonal(cosine, -2)
        return (category[cosine.argmax(axis=1)] == category).mean()

    assert share(HashingSVD().fit_encode(texts)) > share(TfIdf().fit_encode(texts)) - 0.1


@pytest.mark.parametrize(
    "options, message",
    [({"n_hashes": 1}, "n_hashes: 1; expected columns, at least 2"), ({"n_factors": 0}, "n_factors: 0")],
)
def test_settings_of_hashing_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        HashingSVD(**options).fit(["tent"])
