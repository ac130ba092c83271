"""BM25, held against rank_bm25, slow loops and paper."""

import math

import numpy as np
import pytest
import rank_bm25
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.content.text import BM25, tokenize

QUERIES = ["rope", "a tent with a battery", "rope rope tent", "unknown", "", "screen keyboard"]


class WithOurIdf(rank_bm25.BM25Okapi):
    """The library's scores with the idf that is never negative."""

    def _calc_idf(self, nd):
        N = self.corpus_size
        self.idf = {word: math.log(1 + (N - n + 0.5) / (n + 0.5)) for word, n in nd.items()}


def by_loops(texts, query, k1, b):
    docs = [tokenize(text) for text in texts]
    mean, scores = sum(map(len, docs)) / len(docs), []
    for doc in docs:
        score = 0.0
        for word in tokenize(query):
            df = sum(word in other for other in docs)
            if df:
                idf = math.log(1 + (len(docs) - df + 0.5) / (df + 0.5))
                tf = doc.count(word)
                score += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(doc) / mean)) if tf else 0.0
        scores.append(score)
    return scores


@pytest.mark.parametrize("k1, b", [(1.5, 0.75), (1.2, 0.0), (0.5, 1.0), (2.0, 0.3)])
def test_scores_are_those_of_the_library_with_our_idf(texts, k1, b):
    theirs = WithOurIdf([tokenize(text) for text in texts], k1=k1, b=b)
    ours = BM25(k1=k1, b=b).fit(texts).scores(QUERIES)
    assert ours.shape == (len(QUERIES), len(texts))
    for query, row in zip(QUERIES, ours, strict=True):
        with np.errstate(invalid="ignore"):  # the library divides 0 by 0 for an empty text at b = 1
            want = np.nan_to_num(theirs.get_scores(tokenize(query)))
        np.testing.assert_allclose(row, want, rtol=1e-12, atol=1e-12)


def test_apart_from_idf_the_library_agrees_as_it_stands(texts):
    """BM25+ with delta 0 is the same formula with idf ln((N + 1) / df)."""
    theirs = rank_bm25.BM25Plus([tokenize(text) for text in texts], delta=0)
    ours = BM25().fit(texts)
    for word, idf in zip(ours.vocabulary_, ours.idf_, strict=True):
        np.testing.assert_allclose(
            ours.scores([word])[0] / idf, theirs.get_scores([word]) / theirs.idf[word], rtol=1e-12
        )


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), min_size=1, max_size=6).filter(any),
    st.lists(st.sampled_from("abcdx"), max_size=4).map(" ".join), st.floats(0, 3), st.floats(0, 1),
)  # fmt: skip
def test_scores_are_the_formula_written_as_loops(texts, query, k1, b):
    got = BM25(k1=k1, b=b).fit(texts).scores([query])[0]
    np.testing.assert_allclose(got, by_loops(texts, query, k1, b), rtol=1e-9, atol=1e-12)


def test_by_hand():
    """Two texts of 2 and 4 words, mean 3: b = 1 makes the first as if 2/3 as long."""
    model = BM25(k1=1, b=1).fit(["tent rope", "rope rope lamp cup"])
    assert model.length_ == 3
    once, both = math.log(1 + 1.5 / 1.5), math.log(1 + 0.5 / 2.5)
    np.testing.assert_allclose(dict(zip(model.vocabulary_, model.idf_, strict=True))["tent"], once)
    np.testing.assert_allclose(model.scores(["tent"]), [[once * 2 / (1 + 2 / 3), 0]])
    np.testing.assert_allclose(model.scores(["rope"]), [[both * 2 / (1 + 2 / 3), both * 4 / (2 + 4 / 3)]])


@given(st.integers(1, 200), st.floats(0.01, 5))
def test_repeats_count_less_and_less(n, k1):
    """Without the length, the weight grows with tf and stays below (k1 + 1) idf."""
    model = BM25(k1=k1, b=0).fit(["tent", "rope"])
    few, more = model.encode(["tent " * n, "tent " * (n + 1)])[:, [1]].toarray().ravel()
    assert few < more < model.idf_[1] * (k1 + 1)


def test_a_word_in_every_text_still_counts_for_something():
    model = BM25().fit(["a tent", "a rope", "a lamp"])
    assert (model.idf_ > 0).all()
    assert model.idf_.argmin() == model.vocabulary_.index("a")


def test_a_longer_text_is_held_back():
    model = BM25(b=0.75).fit(["tent rope", "tent " + "lamp " * 20])
    short, long = model.scores(["tent"])[0]
    assert short > long
    same = BM25(b=0).fit(["tent rope", "tent " + "lamp " * 20]).scores(["tent"])[0]
    assert same[0] == pytest.approx(same[1])


def test_documents_and_queries_are_two_sides_of_one_product(texts):
    model = BM25(min_count=2).fit(texts)
    np.testing.assert_allclose(model.documents_.toarray(), model.encode(texts).toarray())
    product = model.encode_queries(QUERIES) @ model.encode(texts).T
    np.testing.assert_allclose(product.toarray(), model.scores(QUERIES))
    tent = model.vocabulary_.index("tent")
    assert model.encode_queries(["tent tent nobody"]).toarray()[0, tent] == 2


def test_queries_are_checked(texts):
    model = BM25().fit(texts)
    with pytest.raises(TypeError, match="texts: a single str"):
        model.scores("rope")
    assert model.scores([]).shape == (0, len(texts))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"k1": -0.1}, "k1: -0.1; expected"),
        ({"b": 1.5}, r"b: 1.5; expected a share in 0..1"),
        ({"b": float("nan")}, "b: nan"),
    ],
)
def test_settings_of_bm25_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        BM25(**options).fit(["tent"])
