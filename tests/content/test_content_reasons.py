"""Why: the words that two items share, and a sentence that a person can read."""

import numpy as np
import pytest
from scipy import sparse

from recsys_course.base import NotFitted
from recsys_course.content import ContentKNN, ContentProfile, Item2Vec, because, shared_words
from recsys_course.content.reasons import NOTHING
from recsys_course.content.text import TfIdf
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions

WORDS = ("cup", "green", "rope", "tent")
X = np.array([[0, 2.0, 1, 3], [0, 1, 2, 2], [0, 0, 0.5, 0], [4, 0, 0, 0], [1, 0, 2, 2]])
TITLES = ["X", "Y", "Z", "Cup", "Set"]
LOG = Interactions([0, 0, 1, 2, 2], [0, 1, 2, 0, 3], 3, 5)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_shared_words_by_hand(kind):
    features = kind(X)
    assert shared_words(0, 1, features, WORDS) == [("tent", 6), ("green", 2), ("rope", 2)]  # a tie by column
    assert shared_words(0, 1, features, WORDS, n=1) == [("tent", 6)]
    assert shared_words(0, 3, features, WORDS) == []
    assert sum(part for _, part in shared_words(0, 1, features, WORDS, 9)) == X[0] @ X[1]


def test_a_word_that_parts_two_items_is_not_shared():
    features = np.array([[1.0, -1.0], [1.0, 1.0]])
    assert shared_words(0, 1, features, ["a", "b"]) == [("a", 1.0)]


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("make", [ContentKNN, ContentProfile])
def test_the_sentence_reads_well(make, kind):
    model = make(kind(X)).fit(LOG)
    # item 4 shares rope and tent with both that user 0 met: Y 4 + 4, X 2 + 6, so tent 10, rope 6
    both = because(model, 0, 4, TITLES, WORDS)
    assert both == "because you met “Y” and “X”: both speak of tent, rope"
    assert because(model, 0, 4, TITLES, WORDS, n=1) == "because you met “Y”: it also speaks of rope, tent"
    assert because(model, 0, 4, TITLES, WORDS, n_words=1) == "because you met “Y” and “X”: both speak of tent"
    assert because(model, 0, 4, TITLES) == "because you met “Y” and “X”"
    assert because(model, 1, 3, TITLES, WORDS) == NOTHING == "nothing in your history speaks for it"


def test_three_items_and_items_that_share_different_words():
    log = Interactions([0, 0, 0, 1, 1], [0, 1, 2, 0, 3], 2, 5)
    model = ContentProfile(X).fit(log)
    three = because(model, 0, 4, TITLES, WORDS, n=3)
    assert three == "because you met “Y”, “X” and “Z”: all speak of rope"
    assert because(model, 1, 4, TITLES, WORDS) == "because you met “X” (tent, rope) and “Cup” (cup)"


def test_words_come_from_the_encoder_that_made_the_features():
    texts = ["a green tent", "a tent with a rope", "a cup", "rope and tent"]
    words = TfIdf(stop_words=("a", "and", "with"))
    model = ContentProfile(words.fit_encode(texts)).fit(Interactions([0, 0, 1], [0, 1, 2], 2, 4))
    said = because(model, 0, 3, texts, words.vocabulary_)
    assert said == "because you met “a tent with a rope” and “a green tent”: both speak of tent"


def test_a_model_without_features_names_the_items():
    log = Interactions([0, 0, 1, 1], [0, 1, 0, 1], 2, 5)
    model = Item2Vec(gap=None, sample=0).fit(log)
    model.V_ = model.X_ = np.eye(5)[[0, 0, 1, 1, 0]].astype(np.float32)
    assert because(model, 0, 4, TITLES, WORDS) == "because you met “X” and “Y”"


def test_bad_input_is_named():
    model = ContentProfile(X).fit(LOG)
    for call, kind, message in [
        (
            lambda: shared_words(0, 1, X, WORDS[:2]),
            ValueError,
            "vocabulary: 2 words; expected 4, one a column",
        ),
        (lambda: shared_words(0, 1, X, WORDS, 0), ValueError, "n: 0; expected at least 1"),
        (lambda: shared_words(0, 5, X, WORDS), IndexError, r"item: 5; expected 0\.\.4"),
        (lambda: shared_words(-1, 1, X, WORDS), IndexError, r"item: -1; expected 0\.\.4"),
        (lambda: model.reasons(0, 4, 0), ValueError, "n: 0; expected at least 1 reason"),
        (
            lambda: because(ContentKNN(X).fit(LOG), 0, 4, TITLES, n=0),
            ValueError,
            "n: 0; expected reasons, at least 1",
        ),
        (
            lambda: because(model, 0, 4, TITLES, WORDS, n_words=0),
            ValueError,
            "n_words: 0; expected at least 1",
        ),
        (lambda: because(model, 0, 4, TITLES[:2], WORDS), ValueError, "titles: 2; expected 5, one per item"),
        (
            lambda: because(model, 9, 4, TITLES, WORDS),
            UnknownId,
            r"user: code 9 was not in the training data",
        ),
        (lambda: because(ContentProfile(X), 0, 4, TITLES), NotFitted, "ContentProfile is not fitted"),
    ]:
        with pytest.raises(kind, match=message):
            call()
