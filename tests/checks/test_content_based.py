"""The references against something else: scikit-learn, rank-bm25, loops, finite differences, the package."""

from __future__ import annotations

import numpy as np
import pytest
from every_check import drawn
from rank_bm25 import BM25Okapi
from scipy.spatial.distance import cosine as cosine_distance
from sklearn.feature_extraction.text import TfidfVectorizer

from recsys_course.checks import content_based as cb
from recsys_course.content.text import BM25, TfIdf
from recsys_course.content.text import sgns_gradient as package_gradient


def as_texts(documents):
    return [" ".join(words) for words in documents]


def test_tf_idf_is_that_of_scikit_learn():
    for (documents,) in drawn(cb.tf_idf):
        model = TfidfVectorizer(analyzer=str.split)
        X = model.fit_transform(as_texts(documents)).toarray()
        for row, weights in zip(X, cb.tf_idf.reference(documents), strict=True):
            expected = {w: row[i] for w, i in model.vocabulary_.items() if row[i] > 0}
            assert weights == pytest.approx(expected)


def test_tf_idf_is_the_packages():
    for (documents,) in drawn(cb.tf_idf):
        model = TfIdf()
        X = model.fit_encode(as_texts(documents)).toarray()
        for row, weights in zip(X, cb.tf_idf.reference(documents), strict=True):
            np.testing.assert_allclose(row, [weights.get(w, 0.0) for w in model.vocabulary_], atol=1e-12)


def test_bm25_is_the_packages():
    for query, documents, k1, b in drawn(cb.bm25):
        model = BM25(k1=k1, b=b).fit(as_texts(documents))
        expected = model.scores([" ".join(query)])[0]
        np.testing.assert_allclose(
            cb.bm25.reference(query, documents, k1, b), expected, rtol=1e-6, atol=1e-12
        )


def test_bm25_is_that_of_rank_bm25_but_for_the_idf():
    """Its idf is Robertson's, so a word at a time is compared, without the idf."""
    compared = 0
    for query, documents, k1, b in drawn(cb.bm25):
        theirs = BM25Okapi(documents, k1=k1, b=b)
        for word in set(query) & set(theirs.idf):
            ours = np.array(cb.bm25.reference([word], documents, k1, b))
            df = sum(word in words for words in documents)
            ours /= np.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            theirs.idf[word] = 1.0
            if all(documents) or b < 1:  # 0 / 0 there for an empty text
                np.testing.assert_allclose(ours, theirs.get_scores([word]), atol=1e-12)
                compared += 1
    assert compared >= 10


def test_one_word_never_scores_more_than_k1_plus_1_times_its_idf_and_a_longer_text_less():
    idf = np.log(1 + 1.5 / 1.5)
    for n in (1, 10, 1000):
        alone, diluted = (
            cb.bm25.reference(["tent"], [["tent"] * n + rest, ["oven"] * 20], 1.5, 0.75)[0]
            for rest in ([], ["rope"] * 50)
        )
        assert diluted < alone < 2.5 * idf


def test_the_shared_words_add_up_to_the_cosine():
    for a, b, _ in drawn(cb.because):
        words = sorted(a.keys() | b.keys())
        u, v = (np.array([x.get(w, 0.0) for w in words]) for x in (a, b))
        parts = cb.because.reference(a, b, 99)
        assert sum(part for _, part in parts) == pytest.approx(1 - cosine_distance(u, v))
        assert parts == sorted(parts, key=lambda pair: (-pair[1], pair[0]))


def test_pooled_embedding_is_the_loop():
    for codes, V, weight in drawn(cb.pooled_embedding):
        total = np.zeros(V.shape[1])
        for code in codes:
            if code != -1:
                total += weight[code] * V[code]
        length = sum(x * x for x in total) ** 0.5
        np.testing.assert_allclose(cb.pooled_embedding.reference(codes, V, weight), total / (length or 1))


def test_rocchio_is_the_loop():
    for X, ratings, like, negative in drawn(cb.rocchio):
        liked = [x for x, r in zip(X, ratings, strict=True) if r >= like]
        disliked = [x for x, r in zip(X, ratings, strict=True) if r < like]
        expected = sum(liked) / max(len(liked), 1) - negative * sum(disliked) / max(len(disliked), 1)
        np.testing.assert_allclose(
            cb.rocchio.reference(X, ratings, like, negative), np.broadcast_to(expected, X.shape[1])
        )


def test_ivf_search_with_all_cells_is_exact_and_with_fewer_never_better():
    missed = 0
    for X, centroids, query, n_probe, k in drawn(cb.ivf_search):
        exact = np.argsort(-(X @ query), kind="stable")[:k].tolist()
        assert cb.ivf_search.reference(X, centroids, query, len(centroids), k) == exact
        found = cb.ivf_search.reference(X, centroids, query, n_probe, k)
        assert all(X[a] @ query <= X[b] @ query for a, b in zip(found, exact, strict=False))
        missed += found != exact
    assert missed >= 5  # the cases are such that probing few cells costs something


@pytest.mark.parametrize("check", [cb.sgns_gradient, cb.glove_gradient], ids=lambda check: check.name)
def test_gradients_are_compared_with_finite_differences(check):
    """The random cases expect what the differences give, so a slip in the reference would fail."""
    assert check.oracle is not None
    for case in check.cases[len(check.by_hand) :]:
        got, expected = check.reference(*case.args), check.oracle(*case.args)
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-7)


def test_sgns_gradient_is_the_packages():
    for args in drawn(cb.sgns_gradient):
        for one, other in zip(cb.sgns_gradient.reference(*args), package_gradient(*args), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)


def test_random_cases_cover_what_the_text_speaks_of():
    assert any([] in documents for (documents,) in drawn(cb.tf_idf))
    assert any([] in documents and b == 1 for _, documents, _, b in drawn(cb.bm25))
    assert any((codes < 0).any() for codes, *_ in drawn(cb.pooled_embedding))
    assert any(len(set(codes)) < len(codes) for codes, *_ in drawn(cb.pooled_embedding))
    assert any(
        np.nanmin(ratings) >= like for _, ratings, like, _ in drawn(cb.rocchio) if not np.isnan(ratings).all()
    )
    assert {x for *_, x, _, _ in drawn(cb.glove_gradient)} == {0.0, 1.0, 3.0, 30.0}
