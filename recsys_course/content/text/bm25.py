"""BM25: what a text is worth to a query."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.content.text.bag import Bag
from recsys_course.content.text.tokens import Language, check_texts


@dataclass
class BM25(Bag):
    r"""Weights for search: repeats count less and less, and long texts are held back.

    .. math::
        w_{nt} = \mathrm{idf}_t\, \frac{\mathrm{tf}_{nt}\,(k_1 + 1)}
            {\mathrm{tf}_{nt} + k_1\,(1 - b + b\, l_n / \bar l)}, \qquad
        \mathrm{idf}_t = \ln\Bigl(1 + \frac{N - \mathrm{df}_t + 0.5}{\mathrm{df}_t + 0.5}\Bigr), \qquad
        s(q, n) = \sum_{t \in q} w_{nt}

    The length l counts the words of the vocabulary; its mean is that of the fitted texts.

    Args:
        k1: from 0 (a repeat adds nothing) upwards; the weight stays below (k1 + 1) idf.
        b: in 0..1, how much a long text is held back.
        min_count: texts that must have a word for it to enter, at least 1.
        max_share: a word in more than this share of the texts is left out, in (0, 1].
        stop_words: words that never enter. language: see :func:`tokenize`.

    Attributes:
        vocabulary_: (V,) words in alphabetical order. idf_: (V,), more than 0.
        length_: mean number of words in a fitted text.
        documents_: (N, V) sparse weights of the fitted texts.

    Raises:
        ValueError: a setting outside its range, or no word left.

    Cost: O(T) time to fit; a query adds the documents of its words, through a sparse product.
    Book: chapter 4; exercise bm25.
    Source: Robertson and Zaragoza 2009. Differs: idf with the 1 inside, as in Lucene, is never
        negative; a word that a query repeats counts as often as it stands there.
    """

    k1: float = 1.5
    b: float = 0.75
    min_count: int = 1
    max_share: float = 1.0
    stop_words: Collection[str] = ()
    language: Language = "auto"

    def encode_queries(self, texts: Sequence[str]) -> sparse.csr_array:
        """Q queries -> (Q, V) sparse counts; their product with :meth:`.Encoder.encode` is the score."""
        self._need_fit()
        return self._count(check_texts(texts))

    def scores(self, queries: Sequence[str]) -> np.ndarray:
        """Q queries -> (Q, N) scores of the fitted texts, 0 where no word is shared."""
        return (self.encode_queries(queries) @ self.documents_.T).toarray()  # (Q, N)

    def _learn(self, counts: sparse.csr_array) -> None:
        N, with_word = counts.shape[0], np.bincount(counts.indices, minlength=counts.shape[1])
        self.idf_ = np.log1p((N - with_word + 0.5) / (with_word + 0.5))  # (V,)
        self.length_ = float(counts.sum() / N)
        self.documents_ = self._weigh(counts)

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        tf, length = counts.data, counts.sum(axis=1)  # (nnz,), (N,)
        slow = self.k1 * (1 - self.b + self.b * length / self.length_)  # (N,)
        slow = np.repeat(slow, np.diff(counts.indptr))
        counts.data = self.idf_[counts.indices] * tf * (self.k1 + 1) / (tf + slow)
        return counts  # (N, V)

    def _check(self) -> None:
        super()._check()
        check_range("k1", self.k1, 0, "a number of")
        if not 0 <= self.b <= 1:
            raise ValueError(f"b: {self.b}; expected a share in 0..1")
