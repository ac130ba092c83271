"""Bags of words: which words stand in a text, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.content.text.encoder import Encoder
from recsys_course.content.text.tokens import Language, check_language, tokenize
from recsys_course.content.text.vocabulary import choose_words, code_words, smooth_idf


class Bag(Encoder):
    """Counts words of a vocabulary; a subclass says in ``_learn`` and ``_weigh`` what they are worth.

    Every text is one row, every word of the vocabulary one column; the order of words is lost.
    """

    learned = "vocabulary_"
    min_count: int
    max_share: float
    stop_words: Collection[str]
    language: Language
    vocabulary_: tuple[str, ...]

    def _fit(self, texts: list[str]) -> None:
        self._check()
        known: dict[str, int] = {}
        coded = code_words(texts, self.language, known, grow=True)
        with_word = np.bincount(coded.counts(len(known)).indices, minlength=len(known))  # (V,) df
        keep = (with_word >= self.min_count) & (with_word / len(texts) <= self.max_share)
        stop = {word for listed in self.stop_words for word in tokenize(listed, self.language)}
        keep &= np.array([word not in stop for word in known], dtype=bool)
        limits = f"min_count={self.min_count} and max_share={self.max_share} (in texts), nor is a stop word"
        self.vocabulary_, new = choose_words(list(known), keep, limits)
        self._codes = {word: code for code, word in enumerate(self.vocabulary_)}
        self._learn(coded.recoded(new).counts(len(self.vocabulary_)))

    def _encode(self, texts: list[str]) -> sparse.csr_array:
        return self._weigh(self._count(texts))

    def _count(self, texts: list[str]) -> sparse.csr_array:
        """(N, V) sparse counts."""
        return code_words(texts, self.language, self._codes).counts(len(self.vocabulary_))

    def _learn(self, counts: sparse.csr_array) -> None:
        """What the (N, V) counts of the fitted texts say of the words."""

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        """(N, V) counts -> what the encoder returns for them."""
        return counts

    def _check(self) -> None:
        check_language(self.language)
        check_range("min_count", self.min_count, 1, "texts,")
        if not 0 < self.max_share <= 1:
            raise ValueError(
                f"max_share: {self.max_share}; expected a share of the texts, more than 0, up to 1"
            )
        if isinstance(self.stop_words, str):
            raise TypeError(f"stop_words: {self.stop_words!r}; expected a collection of words")


@dataclass
class BagOfWords(Bag):
    """How often each word of the vocabulary stands in a text.

    Args:
        min_count: texts that must have a word for it to enter, at least 1.
        max_share: a word in more than this share of the texts is left out, in (0, 1].
        binary: 1 where the word stands at all, not how often.
        stop_words: words that never enter. language: see :func:`tokenize`.

    Attributes:
        vocabulary_: (V,) words in alphabetical order.

    Raises:
        ValueError: a setting outside its range, or no word left.

    Cost: O(T) time for T words in all texts; memory of the pairs (text, word) that occur.
    """

    min_count: int = 1
    max_share: float = 1.0
    binary: bool = False
    stop_words: Collection[str] = ()
    language: Language = "auto"

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        if self.binary:
            counts.data[:] = 1
        return counts  # (N, V)


@dataclass
class TfIdf(Bag):
    r"""Counts, weighed by how few texts have the word, in rows of length 1.

    .. math::
        w_{nt} = \mathrm{tf}_{nt}\,\mathrm{idf}_t, \qquad
        \mathrm{idf}_t = \ln \frac{1 + N}{1 + \mathrm{df}_t} + 1, \qquad
        x_n = w_n / \|w_n\|

    Args:
        min_count: texts that must have a word for it to enter, at least 1.
        max_share: a word in more than this share of the texts is left out, in (0, 1].
        sublinear: 1 + ln tf in place of tf: ten times the word is not ten times as much about it.
        norm: rows of length 1, so that a dot product is the cosine.
        stop_words: words that never enter. language: see :func:`tokenize`.

    Attributes:
        vocabulary_: (V,) words in alphabetical order. idf_: (V,), at least 1.

    Raises:
        ValueError: a setting outside its range, or no word left.

    Cost: O(T) time for T words in all texts; memory of the pairs (text, word) that occur.
    Book: chapter 4; exercise tf_idf.
    Source: Spärck Jones 1972 for idf; the smooth form is scikit-learn's, and so is the result.
    """

    min_count: int = 1
    max_share: float = 1.0
    sublinear: bool = False
    norm: bool = True
    stop_words: Collection[str] = ()
    language: Language = "auto"

    def _learn(self, counts: sparse.csr_array) -> None:
        with_word = np.bincount(counts.indices, minlength=counts.shape[1])
        self.idf_ = smooth_idf(counts.shape[0], with_word)  # (V,)

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        tf = 1 + np.log(counts.data) if self.sublinear else counts.data
        counts.data = tf * self.idf_[counts.indices]
        return unit_sparse_rows(counts) if self.norm else counts  # (N, V)


def unit_sparse_rows(rows: sparse.csr_array) -> sparse.csr_array:
    """(N, V) sparse -> the same rows with length 1; an empty row stays empty."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    length = np.sqrt(np.bincount(row, rows.data**2, minlength=rows.shape[0]))  # (N,)
    return sparse.csr_array((rows.data / length[row], rows.indices, rows.indptr), shape=rows.shape)
