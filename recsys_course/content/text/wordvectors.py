"""What Word2Vec and GloVe share: a vocabulary, texts as means of word vectors, neighbours of a word."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_course.base import check_range
from recsys_course.content.text.encoder import Encoder, unit_rows
from recsys_course.content.text.tokens import Language, check_language
from recsys_course.content.text.vocabulary import Coded, choose_words, code_words, smooth_idf


class WordVectors(Encoder):
    """A vector per word, learned from which words stand near each other.

    A text is the mean of its words' vectors, made length 1; words outside the vocabulary are
    left out, and a text without a known word is a row of zeros.
    """

    learned = "V_"
    min_count: int
    idf: bool
    language: Language
    vocabulary_: tuple[str, ...]
    V_: np.ndarray
    idf_: np.ndarray

    def _fit(self, texts: list[str]) -> None:
        check_language(self.language)
        check_range("min_count", self.min_count, 1, "occurrences,")
        known: dict[str, int] = {}
        coded = code_words(texts, self.language, known, grow=True)
        keep = np.bincount(coded.codes, minlength=len(known)) >= self.min_count
        limits = f"min_count={self.min_count} (occurrences)"
        self.vocabulary_, new = choose_words(list(known), keep, limits)
        self._codes = {word: code for code, word in enumerate(self.vocabulary_)}
        coded = coded.recoded(new)
        if not (np.diff(coded.start) > 1).any():
            raise ValueError(
                f"texts: no two words of the vocabulary stand in one text; expected some ({limits})"
            )
        counts = coded.counts(len(self.vocabulary_))
        self.idf_ = smooth_idf(len(texts), np.bincount(counts.indices, minlength=counts.shape[1]))  # (V,)
        self._train(coded)

    def _train(self, coded: Coded) -> None:
        """Set ``V_`` from the texts as codes."""
        raise NotImplementedError

    def _encode(self, texts: list[str]) -> np.ndarray:
        counts = code_words(texts, self.language, self._codes).counts(len(self.vocabulary_))
        if self.idf:
            counts = counts @ sparse.diags_array(self.idf_)
        return unit_rows(counts @ self.V_.astype(float))  # (N, K)  the length of a mean is lost anyway

    def most_similar(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The n other words whose vectors have the highest cosine with that of ``word``.

        Raises:
            NotFitted: before fit. ValueError: n < 1, or a word outside the vocabulary.
        """
        self._need_fit()
        check_range("n", n, 1, "words,")
        code = self._codes.get(word)
        if code is None:
            raise ValueError(
                f"word: {word!r}; expected one of the {len(self.vocabulary_)} words in vocabulary_, "
                f"in lower case (words met fewer than min_count={self.min_count} times are not in it)"
            )
        V = unit_rows(self.V_.astype(float))
        cosine = V @ V[code]  # (V,)
        best = [other for other in np.argsort(-cosine, kind="stable") if other != code][:n]
        return [(self.vocabulary_[other], float(cosine[other])) for other in best]
