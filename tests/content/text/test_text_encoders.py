"""What holds for every text encoder: one row per text, zeros for nothing, clear refusals."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_course.base import NotFitted
from recsys_course.content.text import (
    BM25,
    BagOfWords,
    Cached,
    GloVe,
    HashingSVD,
    TextEncoder,
    TfIdf,
    Word2Vec,
)
from recsys_course.content.text.encoder import unit_rows

ENCODERS = {
    "BagOfWords": BagOfWords,
    "TfIdf": TfIdf,
    "BM25": BM25,
    "Word2Vec": lambda: Word2Vec(n_factors=4, n_epochs=2),
    "GloVe": lambda: GloVe(n_factors=4, n_epochs=2),
    "HashingSVD": lambda: HashingSVD(n_hashes=256, n_factors=4),
}
each = pytest.mark.parametrize("make", ENCODERS.values(), ids=ENCODERS)


def dense(rows) -> np.ndarray:
    return rows.toarray() if sparse.issparse(rows) else rows


@each
def test_one_row_per_text_and_the_same_for_the_same_text(make, texts):
    model = make()
    assert isinstance(model, TextEncoder)
    assert model.fit(texts) is model
    rows = model.encode(texts)
    assert rows.shape[0] == len(texts)
    assert np.isfinite(dense(rows)).all()
    np.testing.assert_array_equal(dense(rows)[0], dense(rows)[6])
    np.testing.assert_allclose(dense(make().fit_encode(texts)), dense(rows))
    np.testing.assert_allclose(dense(model.encode(texts[::-1])), dense(rows)[::-1])


@each
def test_a_text_without_a_word_is_a_row_of_zeros(make, texts):
    rows = dense(make().fit(texts).encode(["", "...", " \n", "tent"]))
    assert not rows[:3].any()
    assert rows[3].any()


@each
def test_no_texts_give_no_rows_of_the_right_width(make, texts):
    model = make().fit(texts)
    rows = model.encode([])
    assert rows.shape == (0, model.encode(["tent"]).shape[1])
    assert sparse.issparse(rows) == sparse.issparse(model.encode(["tent"]))


@each
def test_before_fit_there_is_nothing_to_encode_with(make):
    with pytest.raises(NotFitted, match=r"is not fitted; call fit\(texts\) first"):
        make().encode(["tent"])


@each
def test_a_fit_that_fails_leaves_none(make, texts):
    model = make().fit(texts)
    with pytest.raises((ValueError, TypeError)):
        model.fit(["", "", None] if isinstance(model, HashingSVD) else ["", ""])
    if not isinstance(model, HashingSVD):
        with pytest.raises(NotFitted):
            model.encode(["tent"])


@each
def test_no_texts_to_learn_from_are_refused(make):
    with pytest.raises(ValueError, match="texts: none; expected at least one"):
        make().fit([])


@each
@pytest.mark.parametrize("bad", [None, float("nan"), 3])
def test_a_row_that_is_no_text_is_named(make, texts, bad):
    with pytest.raises(TypeError, match="texts: row 1 is"):
        make().fit(["tent rope tent rope", bad])
    with pytest.raises(TypeError, match="texts: row 2 is"):
        make().fit(texts).encode(["tent", "rope", bad])


@each
def test_a_single_string_is_not_taken_letter_by_letter(make, texts):
    with pytest.raises(TypeError, match="texts: a single str"):
        make().fit("a tent")
    with pytest.raises(TypeError, match="texts: a single str"):
        make().fit(texts).encode("a tent")


@each
def test_columns_of_a_table_are_texts(make, texts):
    column = pd.DataFrame({"title": texts}, index=range(100, 100 + len(texts)))["title"]
    np.testing.assert_array_equal(dense(make().fit_encode(column)), dense(make().fit_encode(texts)))


@each
def test_an_encoder_survives_pickling(make, texts):
    model = make().fit(texts)
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    np.testing.assert_array_equal(dense(again.encode(texts)), dense(model.encode(texts)))


@each
def test_chinese_and_english_mixed(make):
    pytest.importorskip("jieba")
    texts = ["轻便帐篷，适合两人。", "tent帐篷 rope绳子", "结实的绳子 rope", "两人帐篷 tent", ""] * 2
    rows = dense(make().fit_encode(texts))
    assert np.isfinite(rows).all()
    assert rows[:4].any(axis=1).all()
    assert not rows[4].any()


@each
def test_the_cache_gives_the_same_rows(make, texts, tmp_path):
    plain, cached = make().fit(texts), Cached(make().fit(texts), tmp_path)
    for _ in range(2):
        rows = cached.encode([*texts, "a new one"])
        assert sparse.issparse(rows) == sparse.issparse(plain.encode(texts))
        np.testing.assert_allclose(dense(rows), dense(plain.encode([*texts, "a new one"])), atol=1e-12)


def test_import_is_light():
    code = (
        "import sys, recsys_course.content.text\n"
        "heavy = ('torch', 'transformers', 'sentence_transformers', 'jieba', 'sklearn', 'faiss')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_unit_rows_leave_zeros_alone():
    rows = unit_rows(np.array([[3.0, 4], [0, 0], [1e-100, 0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [1, 0]])
