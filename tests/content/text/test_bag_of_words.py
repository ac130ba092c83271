"""Bags of words and TF-IDF, held against scikit-learn, by hand, and under pruning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from recsys_course.content.text import BagOfWords, TfIdf, tokenize

words = st.lists(st.sampled_from(["tent", "rope", "lamp", "cup", "pot", "a", "the"]), max_size=8).map(
    " ".join
)
some_texts = st.lists(words, min_size=1, max_size=8).filter(lambda texts: any(texts))


@pytest.mark.parametrize("sublinear", [False, True])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    "limits", [{}, {"min_count": 2}, {"max_share": 0.25}, {"min_count": 2, "max_share": 0.4}]
)
def test_tf_idf_is_that_of_scikit_learn(texts, sublinear, norm, limits):
    ours = TfIdf(sublinear=sublinear, norm=norm, stop_words=("the", "With"), **limits).fit(texts)
    theirs = TfidfVectorizer(
        tokenizer=tokenize, token_pattern=None, stop_words=["the", "with"], sublinear_tf=sublinear,
        norm="l2" if norm else None, min_df=limits.get("min_count", 1), max_df=limits.get("max_share", 1.0),
    ).fit(texts)  # fmt: skip
    assert ours.vocabulary_ == tuple(theirs.get_feature_names_out())
    np.testing.assert_allclose(ours.idf_, theirs.idf_, rtol=1e-12)
    new = [*texts, "a tent that nobody has met, rope rope"]
    np.testing.assert_allclose(
        ours.encode(new).toarray(), theirs.transform(new).toarray(), rtol=1e-12, atol=1e-12
    )


@given(some_texts)
def test_tf_idf_and_counts_are_those_of_scikit_learn_on_any_texts(texts):
    same = {"tokenizer": tokenize, "token_pattern": None}
    for ours, theirs in ((TfIdf(), TfidfVectorizer(**same)), (BagOfWords(), CountVectorizer(**same))):
        np.testing.assert_allclose(
            ours.fit_encode(texts).toarray(), theirs.fit_transform(texts).toarray(), rtol=1e-12, atol=1e-12
        )


def test_tf_idf_by_hand():
    """Three texts; "tent" stands in two of them, the others in one."""
    model = TfIdf(norm=False).fit(["tent tent rope", "tent", "lamp"])
    assert model.vocabulary_ == ("lamp", "rope", "tent")
    rare, common = np.log(4 / 2) + 1, np.log(4 / 3) + 1
    np.testing.assert_allclose(model.idf_, [rare, rare, common])
    np.testing.assert_allclose(
        model.encode(["tent tent rope", "lamp x"]).toarray(), [[0, rare, 2 * common], [rare, 0, 0]]
    )
    unit = TfIdf().fit(["tent tent rope", "tent", "lamp"]).encode(["tent tent rope"]).toarray()
    np.testing.assert_allclose(unit[0], np.array([0, rare, 2 * common]) / np.hypot(rare, 2 * common))


def test_counts_by_hand_and_binary():
    texts = ["rope rope tent", "", "lamp, rope"]
    counts = BagOfWords().fit(texts)
    assert counts.encode(texts).toarray().tolist() == [[0, 2, 1], [0, 0, 0], [1, 1, 0]]
    assert BagOfWords(binary=True).fit_encode(texts).toarray().tolist() == [[0, 1, 1], [0, 0, 0], [1, 1, 0]]


@given(some_texts)
def test_rows_have_length_one_or_none(texts):
    X = TfIdf().fit_encode(texts)
    length = np.sqrt(X.multiply(X).sum(axis=1))
    np.testing.assert_allclose(length, [1.0 if text else 0.0 for text in texts])


@given(some_texts, st.integers(1, 3), st.sampled_from([0.29, 0.5, 1.0]))
def test_pruning_keeps_what_it_says(texts, min_count, max_share):
    sets = [set(tokenize(text)) for text in texts]
    share = {w: sum(w in s for s in sets) for w in set().union(*sets)}
    want = tuple(sorted(w for w, n in share.items() if n >= min_count and n / len(texts) <= max_share))
    if want:
        assert BagOfWords(min_count=min_count, max_share=max_share).fit(texts).vocabulary_ == want
    else:
        with pytest.raises(ValueError, match="vocabulary: empty"):
            BagOfWords(min_count=min_count, max_share=max_share).fit(texts)


def test_a_share_is_not_lost_to_rounding():
    """29 of 100 texts are not more than 0.29 of them, although 0.29 * 100 is less than 29."""
    assert (
        BagOfWords(max_share=0.29).fit(["tent"] * 29 + ["rope lamp"] * 20 + [""] * 51).vocabulary_[-1]
        == "tent"
    )


@pytest.mark.parametrize(
    "options, texts",
    [
        ({"min_count": 2}, ["tent", "rope"]),
        ({"max_share": 0.4}, ["a", "a"]),
        ({}, ["", "..."]),
        ({"stop_words": ["tent"]}, ["Tent"]),
    ],
)
def test_an_empty_vocabulary_names_what_emptied_it(options, texts):
    with pytest.raises(
        ValueError, match=r"vocabulary: empty; of \d different words .*min_count=.*max_share="
    ):
        TfIdf(**options).fit(texts)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"min_count": 0}, "min_count: 0; expected texts, at least 1"),
        ({"max_share": 0.0}, "max_share: 0.0; expected a share"),
        ({"max_share": 30}, "max_share: 30; expected a share"),
        ({"max_share": float("nan")}, "max_share: nan"),
        ({"language": "english"}, "language: 'english'; expected one of"),
    ],
)
def test_settings_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        BagOfWords(**options).fit(["tent"])


def test_stop_words_are_no_single_string():
    with pytest.raises(TypeError, match="stop_words: 'english'; expected a collection of words"):
        TfIdf(stop_words="english").fit(["tent"])


def test_encoding_changes_nothing_that_was_learned(texts):
    model = TfIdf().fit(texts)
    idf, first = model.idf_.copy(), model.encode(texts)
    first.data[:] = 7
    np.testing.assert_array_equal(model.idf_, idf)
    assert sparse.issparse(model.encode(texts))
    assert model.encode(texts).data.max() <= 1 + 1e-12


def test_texts_are_counted_as_they_stand_also_long_ones():
    """A count is not lost where a word repeats far apart, in texts of very different length."""
    rng = np.random.default_rng(0)
    vocabulary = [f"w{n}" for n in range(50)]
    texts = [" ".join(rng.choice(vocabulary, size)) for size in (0, 1, 3000, 2, 500)]
    model = BagOfWords().fit(texts)
    for row, text in zip(model.encode(texts).toarray(), texts, strict=True):
        assert row.tolist() == [text.split().count(word) for word in model.vocabulary_]
