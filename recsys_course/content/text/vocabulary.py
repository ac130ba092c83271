"""Words as codes: texts become runs of integers, and a matrix that counts them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from recsys_course.content.text.tokens import Language, tokenize
from recsys_course.progress import progress


class Coded(NamedTuple):
    """Texts as codes, one after the other: text n is ``codes[start[n]:start[n + 1]]``."""

    codes: np.ndarray  # (T,) int32
    start: np.ndarray  # (N+1,)

    def counts(self, n_words: int) -> sparse.csr_array:
        """(N, V) sparse: how often each word stands in each text."""
        ones, shape = np.ones(len(self.codes)), (len(self.start) - 1, n_words)
        counts = sparse.csr_array((ones, self.codes, self.start), shape=shape, copy=True)
        counts.sum_duplicates()  # in place, hence the copy
        return counts

    def recoded(self, new: np.ndarray) -> Coded:
        """With ``new[code]`` for each code; what becomes negative is left out."""
        codes = new[self.codes]
        before = np.r_[0, np.cumsum(codes >= 0)]
        return Coded(codes[codes >= 0].astype(np.int32), before[self.start])


def code_words(texts: list[str], language: Language, known: dict[str, int], grow: bool = False) -> Coded:
    """Texts -> codes of their words; a word that is not known gets the next code, or is left out.

    Args:
        known: word -> code; with ``grow`` new words are written into it.
    """
    codes, start = array("i"), np.zeros(len(texts) + 1, dtype=np.int64)
    for n, text in enumerate(progress(texts, "words", total=len(texts), unit="text"), 1):
        for word in tokenize(text, language):
            code = known.setdefault(word, len(known)) if grow else known.get(word)
            if code is not None:
                codes.append(code)
        start[n] = len(codes)
    return Coded(np.array(codes, dtype=np.int32), start)


def choose_words(words: Sequence[str], keep: np.ndarray, limits: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The kept words in their alphabetical order, and (V_all,) old code -> new one or -1.

    Raises:
        ValueError: no word is left; ``limits`` says which options decide.
    """
    kept = sorted(np.flatnonzero(keep).tolist(), key=lambda code: words[code])
    if not kept:
        raise ValueError(
            f"vocabulary: empty; of {len(words)} different words in the texts none meets {limits}"
        )
    new = np.full(len(words), -1, dtype=np.int32)
    new[kept] = np.arange(len(kept))
    return tuple(words[code] for code in kept), new


def smooth_idf(n_texts: int, with_word: np.ndarray) -> np.ndarray:
    r"""(V,) :math:`\ln \frac{1 + N}{1 + \mathrm{df}} + 1`: as if one more text held every word."""
    return np.log((1 + n_texts) / (1 + with_word)) + 1
