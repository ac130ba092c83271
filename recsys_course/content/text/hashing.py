"""Hashed words and pairs of words, pressed into few dimensions: the encoder that is always there."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from recsys_course.base import check_range
from recsys_course.compiled import one_blas_thread
from recsys_course.content.text.bag import unit_sparse_rows
from recsys_course.content.text.encoder import Encoder, unit_rows
from recsys_course.content.text.tokens import Language, check_language, tokenize
from recsys_course.content.text.vocabulary import smooth_idf
from recsys_course.progress import progress

DENSE_CELLS = 2**20  # up to here all singular vectors are computed
NOTHING = 1e-10  # singular values below this share of the largest are rounding


@dataclass
class HashingSVD(Encoder):
    r"""Words and neighbouring pairs in hashed columns, weighed by idf, then a truncated SVD.

    .. math::
        X \approx U \Sigma V^\top, \qquad x_n \mapsto x_n V / \|x_n V\|

    There is no vocabulary to keep: a term's column and sign come from a hash of it. A column that no
    fitted text fills gets a random direction of the length that the others have on average, so words
    that fit has never met still count: two texts that share one come nearer.

    Args:
        n_hashes: H, columns, at least 2; two terms in one column cannot be told apart.
        n_factors: K, at least 1. seed: of the start of the SVD and of the random directions.
        language: see :func:`tokenize`.

    Attributes:
        idf_: (H,), the largest where no text has the column. loadings_: (H, K), with fewer than K texts
        or directions in them, the last columns are 0 in the part that is learned.

    Raises:
        ValueError: a setting outside its range.

    Cost: O(T K) for T words, a few hundred times (Lanczos); memory O(H K).
    Source: Deerwester et al. 1990 (latent semantic analysis); Weinberger et al. 2009 (signed hashing).
        Differs: the random directions.
    """

    n_hashes: int = 2**15
    n_factors: int = 64
    seed: int = 0
    language: Language = "auto"

    learned = "loadings_"

    def _fit(self, texts: list[str]) -> None:
        check_language(self.language)
        check_range("n_hashes", self.n_hashes, 2, "columns,")
        check_range("n_factors", self.n_factors, 1, "factors,")
        X = self._hashed(texts)  # (N, H)
        with_column = np.bincount(X.indices, minlength=self.n_hashes)  # (H,)
        self.idf_ = smooth_idf(len(texts), with_column)
        filled, rng = with_column > 0, np.random.default_rng(self.seed)
        X = self._weighed(X)[:, filled]
        loadings = rng.normal(size=(self.n_hashes, self.n_factors)) / np.sqrt(max(filled.sum(), 1))
        loadings[filled] = right_vectors(X, self.n_factors, rng) if filled.any() else 0
        self.loadings_ = loadings

    def _encode(self, texts: list[str]) -> np.ndarray:
        return unit_rows(self._weighed(self._hashed(texts)) @ self.loadings_)  # (N, K)

    def _weighed(self, X: sparse.csr_array) -> sparse.csr_array:
        return unit_sparse_rows((X @ sparse.diags_array(self.idf_)).tocsr())

    def _hashed(self, texts: list[str]) -> sparse.csr_array:
        """(N, H) sparse signed counts; opposite terms in one column may cancel."""
        columns, signs, start = array("q"), array("d"), np.zeros(len(texts) + 1, dtype=np.int64)
        known: dict[str, int] = {}
        for n, text in enumerate(progress(texts, "hashing", total=len(texts), unit="text"), 1):
            words = tokenize(text, self.language)
            for term in [*words, *map(" ".join, pairwise(words))]:
                if term not in known:
                    known[term] = hash_of(term)
                columns.append(known[term] // 2 % self.n_hashes)
                signs.append(1.0 if known[term] % 2 else -1.0)
            start[n] = len(columns)
        shape = (len(texts), self.n_hashes)
        X = sparse.csr_array((np.array(signs), np.array(columns, dtype=np.int64), start), shape=shape)
        X.sum_duplicates()
        X.eliminate_zeros()
        return X


def hash_of(term: str) -> int:
    """A number in 0..2^63-1 that depends on the term alone: Python's own hash differs from run to run."""
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def right_vectors(X: sparse.csr_array, n_factors: int, rng: np.random.Generator) -> np.ndarray:
    """(N, F) sparse -> (F, K): its first K right singular vectors, zeros where it has fewer.

    Signs are fixed: the entry of the largest size is positive.
    """
    if min(X.shape) <= n_factors or X.shape[0] * X.shape[1] <= DENSE_CELLS:
        _, size, right = np.linalg.svd(X.toarray(), full_matrices=False)
    else:
        with one_blas_thread():  # its steps are small: more threads would mostly wait for each other
            _, size, right = svds(X, k=n_factors, v0=rng.normal(size=min(X.shape)))
        size, right = size[::-1], right[::-1]  # the largest first
    right = right[:n_factors][size[:n_factors] > NOTHING * size.max(initial=0)]
    largest = np.take_along_axis(right, np.abs(right).argmax(axis=1)[:, None], axis=1)
    vectors = np.zeros((X.shape[1], n_factors))
    vectors[:, : len(right)] = (right * np.sign(largest)).T
    return vectors
