r"""Skip-gram with negative sampling: vectors of whatever stands in sequences, words or items.

.. math::
    L(v, c, c_1 \dots c_M) = -\ln \sigma(v^\top c) - \sum_m \ln \sigma(-v^\top c_m)

v is the vector of the middle word, c that of a word near it, and c_1 ... c_M are drawn.

Source: Mikolov et al. 2013, Distributed representations; Barkan and Koenigstein 2016 for items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from recsys_course.base import Diverged, check_range
from recsys_course.compiled import chunks, kernel
from recsys_course.progress import progress

CELLS_AT_ONCE = 2**20  # pairs that are looked at together, and numbers drawn for them
SLOWEST = 1e-4  # share of the learning rate that is left at the end


def sgns_gradient(v: Any, c_pos: Any, C_neg: Any) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    r"""Loss of one pair and its negatives, and the gradient of it.

    .. math::
        \frac{\partial L}{\partial v} = (\sigma(v^\top c) - 1)\, c + \sum_m \sigma(v^\top c_m)\, c_m, \quad
        \frac{\partial L}{\partial c} = (\sigma(v^\top c) - 1)\, v, \quad
        \frac{\partial L}{\partial c_m} = \sigma(v^\top c_m)\, v

    Args:
        v: (K,) the middle word. c_pos: (K,) the word near it. C_neg: (M, K) drawn words.

    Returns:
        loss, (K,) for v, (K,) for c_pos, (M, K) for C_neg.

    Raises:
        ValueError: shapes that do not match.

    Book: chapter 4; exercise sgns_gradient.
    """
    v, c_pos, C_neg = (np.asarray(x, dtype=float) for x in (v, c_pos, C_neg))
    if v.ndim != 1 or c_pos.shape != v.shape or C_neg.shape[1:] != v.shape or C_neg.ndim != 2:
        raise ValueError(
            f"v, c_pos, C_neg: shapes {v.shape}, {c_pos.shape}, {C_neg.shape}; expected (K,), (K,), (M, K)"
        )
    x_pos, x_neg = v @ c_pos, C_neg @ v  # (), (M,)
    loss = np.logaddexp(0, -x_pos) + np.logaddexp(0, x_neg).sum()
    g_pos, g_neg = expit(x_pos) - 1, expit(x_neg)  # (), (M,)
    return float(loss), g_pos * c_pos + g_neg @ C_neg, g_pos * v, np.outer(g_neg, v)


def keep_probabilities(counts: np.ndarray, sample: float) -> np.ndarray:
    r"""(V,) counts -> the chance that an occurrence is kept, :math:`\min(1, \sqrt{t / f})`.

    f is the share of a word among all occurrences, t = ``sample``; 0 keeps everything.
    """
    share = counts / max(counts.sum(), 1)
    if sample == 0:
        return np.ones(len(counts))
    return np.sqrt(np.divide(sample, share, out=np.ones(len(counts)), where=share > sample))


def negative_probabilities(counts: np.ndarray, power: float) -> np.ndarray:
    """(V,) counts -> the chance to be drawn as a negative, counts ** power over their sum."""
    weight = (counts / counts.max()) ** power
    return weight / weight.sum()


class SGNS(NamedTuple):
    """What :func:`train_sgns` found."""

    V: np.ndarray  # (n_codes, K) float32, the vectors to use
    C: np.ndarray  # (n_codes, K) float32, of the same codes as neighbours
    loss: np.ndarray  # (n_epochs,) mean L over the pairs met, each just before its own step


def train_sgns(
    sequences: Sequence[np.ndarray],
    n_codes: int,
    *,
    n_factors: int = 50,
    window: int = 5,
    n_negatives: int = 5,
    n_epochs: int = 5,
    learning_rate: float = 0.025,
    sample: float = 1e-3,
    power: float = 0.75,
    seed: int = 0,
    what: str = "SGNS",
) -> SGNS:
    """Vectors for codes that stand in sequences, such that neighbours have a large dot product.

    Args:
        sequences: arrays of codes 0..n_codes-1; neighbours are looked for inside each.
        n_factors: K, at least 1.
        window: how far a neighbour may stand; drawn anew from 1..window for each middle word, so
            that near ones count more.
        n_negatives: M, drawn for each pair; one that hits the true neighbour is left out.
        n_epochs: passes, at least 1. learning_rate: eta, more than 0; it falls linearly to almost 0.
        sample: t of :func:`keep_probabilities`, for each epoch anew; 0 keeps all.
        power: of :func:`negative_probabilities`, at least 0. seed: of everything drawn.
        what: the name on the progress bar and in errors.

    Raises:
        ValueError: a setting outside its range, a code outside 0..n_codes-1, or no sequence with
            two codes. Diverged: vectors left the finite numbers.

    Cost: O(pairs M K) per epoch, one thread, so that a seed means one result; memory O(V K) and a
        bounded number of pairs.
    Differs: pairs come in random order, not in the order of the text; all vectors of one step are
        read before any is changed, also when a negative is drawn twice.
    """
    _check(n_codes, n_factors, window, n_negatives, n_epochs, learning_rate, sample, power)
    codes, which = _flat(sequences, n_codes)
    rng = np.random.default_rng(seed)
    V = rng.uniform(-0.5 / n_factors, 0.5 / n_factors, (n_codes, n_factors)).astype(np.float32)
    C, loss = np.zeros_like(V), np.zeros(n_epochs)
    counts = np.bincount(codes, minlength=n_codes)
    keep, running = keep_probabilities(counts, sample), np.cumsum(negative_probabilities(counts, power))
    for epoch in progress(range(n_epochs), what, unit="epoch"):
        total, n_pairs = 0.0, 0
        words, places = _kept_in_new_order(codes, which, keep, rng)
        spans = rng.integers(1, window + 1, size=len(words))
        for first, last in chunks(len(words), max(1, CELLS_AT_ONCE // (2 * window * (n_negatives + 1)))):
            middle, near, done = pairs(words, places, spans, first, last)
            order = rng.permutation(len(middle))
            drawn = draw(running, (len(middle), n_negatives), rng)
            rates = learning_rate * np.maximum(1 - (epoch + done / len(words)) / n_epochs, SLOWEST)
            total += _steps(middle[order], near[order], drawn, rates.astype(np.float32), V, C)
            n_pairs += len(middle)
        if not np.isfinite(V).all() or not np.isfinite(C).all():
            raise Diverged(f"{what} diverged in epoch {epoch + 1}; lower learning_rate (now {learning_rate})")
        loss[epoch] = total / max(n_pairs, 1)
    return SGNS(V, C, loss)


def pairs(
    codes: np.ndarray, which: np.ndarray, spans: np.ndarray, first: int, last: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle words at places first..last-1, each with its neighbours up to ``spans`` places away.

    Args:
        codes: (T,) all sequences. which: (T,) the sequence of each. spans: (T,).

    Returns:
        (P,) code in the middle, (P,) code near it, (P,) place of the middle.
    """
    reach = int(spans[first:last].max(initial=1))
    steps = np.r_[-reach:0, 1 : reach + 1]
    place = np.arange(first, last)[:, None]  # (B, 1)
    other = place + steps  # (B, 2 reach)
    near = (np.abs(steps) <= spans[first:last, None]) & (other >= 0) & (other < len(codes))
    middle, other = np.broadcast_to(place, near.shape)[near], other[near]  # (P,)
    same = which[middle] == which[other]
    return codes[middle[same]], codes[other[same]], middle[same]


def draw(running: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Codes by their running sum of probabilities."""
    place = np.searchsorted(running, rng.random(size) * running[-1], side="right")
    return np.minimum(place, len(running) - 1).astype(np.int32)


@kernel
def _steps(middle, near, drawn, rates, V, C):  # type: ignore[no-untyped-def]
    """One step of gradient descent for each pair; returns the sum of the losses met."""
    total = 0.0
    K, M = V.shape[1], drawn.shape[1]
    g, step = np.empty(M + 1, dtype=V.dtype), np.empty(K, dtype=V.dtype)
    for t in range(len(middle)):
        v, rate = V[middle[t]], rates[t]
        step[:] = 0
        for m in range(M + 1):
            j = near[t] if m == 0 else drawn[t, m - 1]
            g[m] = 0
            if m > 0 and j == near[t]:
                continue
            c, x = C[j], v[0] * 0
            for k in range(K):
                x += v[k] * c[k]
            y = x if m == 0 else -x
            small = np.exp(-abs(y))  # at most 1: no overflow
            pull = (small if y > 0 else small / small) / (1 + small)  # sigma(-y)
            total += max(-y, 0) + np.log1p(small)
            g[m] = rate * pull if m == 0 else -rate * pull
            for k in range(K):
                step[k] += g[m] * c[k]
        for m in range(M + 1):  # only now: a code drawn twice was read twice before it moves
            c = C[near[t]] if m == 0 else C[drawn[t, m - 1]]
            for k in range(K):
                c[k] += g[m] * v[k]
        for k in range(K):
            v[k] += step[k]
    return total


def _kept_in_new_order(
    codes: np.ndarray, which: np.ndarray, keep: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The occurrences that stay this time, sequence after sequence in random order."""
    kept = rng.random(len(codes)) < keep[codes]
    place = rng.permutation(which[-1] + 1)[which[kept]]
    order = np.argsort(place, kind="stable")
    return codes[kept][order], place[order]


def _flat(sequences: Sequence[np.ndarray], n_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """(T,) codes of all sequences, (T,) number of the sequence of each."""
    lengths = [len(sequence) for sequence in sequences]
    if max(lengths, default=0) < 2:
        raise ValueError("sequences: none holds two codes; expected at least one pair of neighbours")
    codes = np.concatenate([np.asarray(sequence) for sequence in sequences if len(sequence)])
    if not np.issubdtype(codes.dtype, np.integer):
        raise TypeError(f"sequences: dtype {codes.dtype}; expected arrays of integer codes")
    if not 0 <= codes.min() <= codes.max() < n_codes:
        raise ValueError(f"sequences: codes {codes.min()}..{codes.max()}; expected 0..{n_codes - 1}")
    return codes.astype(np.int32), np.repeat(np.arange(len(lengths)), lengths)


def _check(
    n_codes: int, n_factors: int, window: int, n_negatives: int, n_epochs: int,
    learning_rate: float, sample: float, power: float,
) -> None:  # fmt: skip
    check_range("n_codes", n_codes, 1, "codes,")
    check_range("n_factors", n_factors, 1, "factors,")
    check_range("window", window, 1, "places,")
    check_range("n_negatives", n_negatives, 0, "draws,")
    check_range("n_epochs", n_epochs, 1, "passes over the sequences,")
    check_range("learning_rate", learning_rate, 0, "a step size of", strict=True)
    check_range("sample", sample, 0, "a share of")
    check_range("power", power, 0, "an exponent of")
