"""Training by skip-gram: through sequences, again and again, with the step of ``sgns``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recsys_course.base import Diverged, check_range
from recsys_course.compiled import chunks
from recsys_course.content.text.sgns import keep_probabilities, negative_probabilities, steps
from recsys_course.progress import progress

CELLS_AT_ONCE = 2**20  # codes held at a time: pairs with what is drawn for them
LAST_RATE = 1e-4  # of the learning rate, what is left at the end


class SGNS(NamedTuple):
    """What :func:`train_sgns` found."""

    V: np.ndarray  # (n_codes, K) float32, the vectors to use
    C: np.ndarray  # (n_codes, K) float32, of the same codes as neighbours
    loss: np.ndarray  # (n_epochs,) mean loss of the pairs met, each just before its own step


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
        window: how far away a neighbour may stand; drawn anew from 1..window for each middle word,
            so that near ones count more.
        n_negatives: M, drawn for each pair, at least 1; one that hits the neighbour is left out.
        n_epochs: passes, at least 1. learning_rate: eta, more than 0; it falls linearly to almost 0.
        sample: t of :func:`keep_probabilities`, drawn in each epoch anew; 0 keeps all.
        power: of :func:`negative_probabilities`; seed: of everything drawn.
        what: the name on the progress bar and in errors.

    Raises:
        ValueError: a setting outside its range, a code outside 0..n_codes-1, or no sequence with
            two codes. Diverged: vectors left the finite numbers.

    Cost: O(pairs M K) per epoch, one thread, so that a seed means one result; memory O(V K) and a
        bounded number of pairs.
    Source: Mikolov et al. 2013; a power below 0 for items, Caselles-Dupré et al. 2018.
    Differs: the sequences come in a new random order in every epoch, and
        the pairs of some ten thousand places together in a random order, too; all vectors of one step
        are read before any is changed.
    """
    _check(n_codes, n_factors, window, n_negatives, n_epochs, learning_rate, sample, power)
    codes, which = _flat(sequences, n_codes)
    rng = np.random.default_rng(seed)
    V = rng.uniform(-0.5 / n_factors, 0.5 / n_factors, (n_codes, n_factors)).astype(np.float32)
    C, loss = np.zeros_like(V), np.zeros(n_epochs)
    counts = np.bincount(codes, minlength=n_codes)
    keep, running = keep_probabilities(counts, sample), np.cumsum(negative_probabilities(counts, power))
    for epoch in progress(range(n_epochs), what, unit="epoch"):
        words, places = _kept_in_new_order(codes, which, keep, rng)
        spans = rng.integers(1, window + 1, size=len(words))
        rates = learning_rate * np.linspace(1 - epoch / n_epochs, 1 - (epoch + 1) / n_epochs, len(words))
        rates = np.maximum(rates, LAST_RATE * learning_rate).astype(np.float32)
        loss[epoch] = _pass(words, places, spans, rates, n_negatives, running, V, C, rng)
        if not (np.isfinite(V).all() and np.isfinite(C).all()):
            raise Diverged(f"{what} diverged in epoch {epoch + 1}; lower learning_rate (now {learning_rate})")
    return SGNS(V, C, loss)


def _pass(
    words: np.ndarray, places: np.ndarray, spans: np.ndarray, rates: np.ndarray, n_negatives: int,
    running: np.ndarray, V: np.ndarray, C: np.ndarray, rng: np.random.Generator,
) -> float:  # fmt: skip
    """Once through the kept words; returns the mean loss of the pairs met."""
    total, n_pairs = 0.0, 0
    size = max(1, CELLS_AT_ONCE // (2 * int(spans.max(initial=1)) * (n_negatives + 1)))
    for first, last in chunks(len(words), size):
        middle, near = pairs(places, spans, first, last)
        order = rng.permutation(len(middle))
        middle, near = middle[order], near[order]
        drawn = draw(running, (len(middle), n_negatives), rng)
        total += steps(words[middle], words[near], drawn, rates[middle], V, C)
        n_pairs += len(middle)
    return total / max(n_pairs, 1)


def pairs(which: np.ndarray, spans: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Places first..last-1, each with the places up to ``spans`` away in the same sequence.

    Args:
        which: (T,) the sequence that a place belongs to. spans: (T,) how far each place looks.

    Returns:
        (P,) place in the middle, (P,) place near it.
    """
    reach = int(spans[first:last].max(initial=1))
    away = np.r_[-reach:0, 1 : reach + 1]
    middle = np.arange(first, last)[:, None]  # (B, 1)
    near = middle + away  # (B, 2 reach)
    inside = (np.abs(away) <= spans[first:last, None]) & (near >= 0) & (near < len(which))
    middle, near = np.broadcast_to(middle, near.shape)[inside], near[inside]  # (P,)
    same = which[middle] == which[near]
    return middle[same], near[same]


def draw(running: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Codes by the running sum of their probabilities."""
    place = np.searchsorted(running, rng.random(size) * running[-1], side="right")
    return np.minimum(place, len(running) - 1).astype(np.int32)  # rounding at the end


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
    check_range("n_negatives", n_negatives, 1, "draws,")
    check_range("n_epochs", n_epochs, 1, "passes over the sequences,")
    check_range("learning_rate", learning_rate, 0, "a step size of", strict=True)
    check_range("sample", sample, 0, "a share of")
    if not np.isfinite(power):
        raise ValueError(f"power: {power}; expected a finite exponent")
