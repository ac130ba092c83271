"""Search: the nearest texts, by meaning or by word, and nothing where nothing has to do with the query."""

import numpy as np
import pytest

from recsys_course.content import ItemSearch
from recsys_course.content.text import BM25, Cached, HashingSVD, TfIdf
from recsys_course.measures import pairwise

TEXTS = [
    "a green tent for two", "rope, ten metres", "tent with rope and pegs", "a cup", "",
    "green cup, green saucer",
]  # fmt: skip


def test_tf_idf_lists_the_texts_by_their_cosine():
    search = ItemSearch(TfIdf(), TEXTS)
    codes, scores = search.search("Green tent")
    S = pairwise(search.encoder.encode(["Green tent"]), search.X_)[0]
    assert codes.tolist() == [i for i in np.argsort(-S, kind="stable") if S[i] > 0]
    assert set(codes.tolist()) == {0, 2, 5} and codes[0] == 0
    np.testing.assert_allclose(scores, S[codes], rtol=1e-6)
    assert search.search("green tent", n=1)[0].tolist() == [0]


def test_bm25_weighs_each_side_in_its_own_way():
    encoder = BM25()
    codes, scores = ItemSearch(encoder, TEXTS).search("green rope", n=6)
    expected = np.asarray(encoder.scores(["green rope"]))[0]
    assert codes.tolist() == [i for i in np.argsort(-expected, kind="stable") if expected[i] > 0]
    np.testing.assert_allclose(scores, expected[codes], rtol=1e-6)


def test_an_encoder_whose_rows_are_kept_finds_the_same(tmp_path):
    for encoder in (BM25(), TfIdf()):
        plain, kept = ItemSearch(encoder, TEXTS), ItemSearch(Cached(encoder, tmp_path), TEXTS)
        for found, expected in zip(kept.search("green rope"), plain.search("green rope"), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_any_encoder_will_do():
    codes, scores = ItemSearch(HashingSVD(n_factors=4), TEXTS).search("green saucer")
    assert codes[0] == 5 and (np.diff(scores) <= 0).all() and (scores > 0).all()


@pytest.mark.parametrize("encoder", [TfIdf(), BM25()])
def test_a_query_of_unknown_words_finds_nothing(encoder):
    search = ItemSearch(encoder, TEXTS)
    for query in ("zebra", ""):
        codes, scores = search.search(query)
        assert len(codes) == len(scores) == 0


def test_keywords_by_hand():
    search = ItemSearch(TfIdf(), TEXTS)
    assert search.by_keywords("tent")[0].tolist() == [0, 2]
    assert search.by_keywords("Rope TENT rope")[0].tolist() == [2]
    assert search.by_keywords(["rope", "tent"])[0].tolist() == [2]
    codes, counts = search.by_keywords("rope tent", all_words=False)
    assert codes.tolist() == [2, 0, 1] and counts.tolist() == [2, 1, 1]
    assert search.by_keywords("rope Rope", all_words=False)[1].tolist() == [1, 1]  # asked twice, counted once
    assert search.by_keywords("rope tent", n=1, all_words=False)[0].tolist() == [2]
    assert search.by_keywords("green zebra")[0].tolist() == []
    assert search.by_keywords("ten")[0].tolist() == [1]  # a word, not a part of one


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"texts: \[\]; expected one text per item, at least one"):
        ItemSearch(TfIdf(), [])
    with pytest.raises(ValueError, match="texts: 'tent'; expected one text per item"):
        ItemSearch(TfIdf(), "tent")
    search = ItemSearch(TfIdf(), TEXTS)
    with pytest.raises(TypeError, match="query: list; expected a text"):
        search.search(["tent"])
    for call in (search.search, search.by_keywords):
        with pytest.raises(ValueError, match=r"[kn]: 0; expected"):
            call("tent", n=0)
    with pytest.raises(ValueError, match=r"words: '!'; expected at least one word"):
        search.by_keywords("!")
