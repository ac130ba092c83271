"""GloVe: word vectors whose products are the logarithms of how often two words stand near each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import Diverged, check_range
from recsys_course.compiled import kernel
from recsys_course.content.text.tokens import Language
from recsys_course.content.text.vocabulary import Coded
from recsys_course.content.text.wordvectors import WordVectors
from recsys_course.progress import progress


@dataclass
class GloVe(WordVectors):
    r"""Fit the logarithm of co-occurrence counts by dot products, rare pairs weighing less.

    .. math::
        J = \sum_{X_{ij} > 0} f(X_{ij})\, (w_i^\top c_j + b_i + b'_j - \ln X_{ij})^2, \qquad
        f(x) = \min(1, (x / x_{\max})^\alpha)

    A pair d words apart adds 1/d to X, both ways.

    Args:
        n_factors: K, at least 1. window: how far apart, in words, at least 1.
        x_max: count from which a pair weighs in full, more than 0; few texts have small counts and need
            a small one. alpha: exponent, at least 0.
        n_epochs: passes over the filled cells of X, at least 1.
        learning_rate: of AdaGrad, more than 0.
        min_count: occurrences that a word needs to enter, at least 1.
        seed: of the start and the order of cells. language: see :func:`tokenize`.
        idf: weigh words by their idf in the mean of a text, as in :class:`Word2Vec`.

    Attributes:
        vocabulary_: (V,) words in alphabetical order. cooccurrence_: (V, V) sparse X.
        W_, C_: (V, K), b_, b_context_: (V,), float32. V_: (V, K) = W_ + C_, the vectors to use.
        loss_: (n_epochs,) mean over the cells, each met just before its own step. idf_: (V,).

    Raises:
        ValueError: a setting outside its range, no word left, or no two words in one text.
        Diverged: vectors left the finite numbers.

    Cost: O(T window) for X, O(cells K) per epoch, one thread. Book: chapter 4.
    Source: Pennington et al. 2014. Differs: one order of cells per epoch, drawn; no clipping.
    """

    n_factors: int = 50
    window: int = 5
    x_max: float = 100
    alpha: float = 0.75
    n_epochs: int = 30
    learning_rate: float = 0.05
    min_count: int = 2
    seed: int = 0
    language: Language = "auto"
    idf: bool = False

    def _train(self, coded: Coded) -> None:
        self._check()
        rng, n_words = np.random.default_rng(self.seed), len(self.vocabulary_)
        self.cooccurrence_ = cooccurrence(coded, n_words, self.window)
        X = self.cooccurrence_.tocoo()
        i, j, x = X.row.astype(np.int32), X.col.astype(np.int32), X.data.astype(np.float32)
        weight, target = self._weight(x), np.log(x)
        W, C = (_start(rng, (n_words, self.n_factors), self.n_factors) for _ in range(2))
        b, b_context = (_start(rng, n_words, self.n_factors) for _ in range(2))
        parameters = W, C, b, b_context
        squares = tuple(np.ones_like(p) for p in parameters)  # of gradients so far: AdaGrad
        self.loss_, rate = np.zeros(self.n_epochs), np.float32(self.learning_rate)
        for epoch in progress(range(self.n_epochs), "GloVe", unit="epoch"):
            order = rng.permutation(len(x))
            self.loss_[epoch] = _epoch(order, i, j, weight, target, parameters, squares, rate) / len(x)
            if not all(np.isfinite(p).all() for p in parameters):
                raise Diverged(f"GloVe diverged in epoch {epoch + 1}; lower learning_rate (now {rate})")
        self.W_, self.C_, self.b_, self.b_context_ = parameters
        self.V_ = W + C

    def _weight(self, x: np.ndarray) -> np.ndarray:
        return np.minimum(1, (x / self.x_max) ** self.alpha).astype(np.float32)

    def _check(self) -> None:
        check_range("n_factors", self.n_factors, 1, "factors,")
        check_range("window", self.window, 1, "words,")
        check_range("x_max", self.x_max, 0, "a count of", strict=True)
        check_range("alpha", self.alpha, 0, "an exponent of")
        check_range("n_epochs", self.n_epochs, 1, "passes over the cells,")
        check_range("learning_rate", self.learning_rate, 0, "a step size of", strict=True)


def cooccurrence(coded: Coded, n_words: int, window: int) -> sparse.csr_array:
    """(V, V) sparse, symmetric: the sum of 1/d over pairs of words d <= window places apart in a text."""
    which = np.repeat(np.arange(len(coded.start) - 1), np.diff(coded.start))
    X = sparse.csr_array((n_words, n_words))
    for d in range(1, window + 1):
        same = which[d:] == which[:-d]
        i, j = coded.codes[:-d][same], coded.codes[d:][same]
        X += sparse.coo_array((np.full(len(i), 1 / d), (i, j)), shape=X.shape).tocsr()
    return (X + X.T).tocsr()


def glove_loss(
    X: Any, W: np.ndarray, C: np.ndarray, b: np.ndarray, b_context: np.ndarray,
    x_max: float = 100, alpha: float = 0.75,
) -> float:  # fmt: skip
    """J of :class:`GloVe`: (V, V) counts, (V, K) vectors, (V,) biases -> the sum over filled cells."""
    cells = sparse.coo_array(X)
    i, j, x = cells.row[cells.data > 0], cells.col[cells.data > 0], cells.data[cells.data > 0]
    error = (W[i] * C[j]).sum(axis=1) + b[i] + b_context[j] - np.log(x)
    return float((np.minimum(1, (x / x_max) ** alpha) * error**2).sum())


def _start(rng: np.random.Generator, shape: Any, n_factors: int) -> np.ndarray:
    return (rng.uniform(-0.5, 0.5, shape) / n_factors).astype(np.float32)


@kernel
def _epoch(order, rows, columns, weight, target, parameters, squares, rate):  # type: ignore[no-untyped-def]
    """One AdaGrad step for each cell; returns the sum of the losses met."""
    W, C, b, b_context = parameters
    W2, C2, b2, b_context2 = squares
    total = 0.0
    for n in order:
        i, j = rows[n], columns[n]
        w, c = W[i], C[j]  # views: (K,)
        error = b[i] + b_context[j] - target[n]
        for k in range(len(w)):
            error += w[k] * c[k]
        total += weight[n] * error * error
        g = 2 * weight[n] * error
        for k in range(len(w)):
            g_w, g_c = g * c[k], g * w[k]  # both at the old point
            w[k] -= rate * g_w / np.sqrt(W2[i, k])
            c[k] -= rate * g_c / np.sqrt(C2[j, k])
            W2[i, k] += g_w * g_w
            C2[j, k] += g_c * g_c
        b[i] -= rate * g / np.sqrt(b2[i])
        b_context[j] -= rate * g / np.sqrt(b_context2[j])
        b2[i] += g * g
        b_context2[j] += g * g
    return total
