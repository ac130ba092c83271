"""Switchback: the whole market changes its arm from one block of time to the next.

Where users share supply, a test by user compares two groups that take from each other, and a
test by time does not. The unit is then the block: there are few of them, and the variance must be
that between blocks, not between visits. What the last block left behind (busy units) spoils the
start of the next; ``burn_in`` leaves that part out.
Source: Bojinov, Simchi-Levi & Zhao 2023.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.evaluation.experiment.abtest import Effect, compare_means
from recsys_course.evaluation.experiment.inputs import at_least, positive


def assign_blocks(n_blocks: int, seed: int = 0) -> np.ndarray:
    """(n_blocks,) arms: of every two blocks in turn one is treated, which one by a coin.

    Pairs keep the arms level over the day and the week, whatever the trend.

    Raises:
        ValueError: fewer than four blocks, or an odd number.
    """
    n = at_least("n_blocks", n_blocks, 4)
    if n % 2:
        raise ValueError(f"n_blocks: {n}; expected an even number, half of them for each arm")
    first = np.random.default_rng(seed).integers(2, size=n // 2)
    return np.stack([first, 1 - first], axis=1).ravel()


def block_of(times: Any, length: float) -> np.ndarray:
    """(N,) times since the start -> (N,) numbers of their blocks, 0 first.

    Raises:
        ValueError: length not above 0, a time before the start.
    """
    times = np.asarray(times, dtype=float)
    if times.size and times.min() < 0:
        raise ValueError(f"times: {times.min():g}; expected times since the start, 0 or later")
    return (times // positive("length", length)).astype(int)


def switchback_effect(
    times: Any, values: Any, arms: Any, length: float, burn_in: float = 0.0, level: float = 0.95
) -> Effect:
    """Difference of the means of treated and control blocks, by Welch's test over blocks. It does not use
    the pairs of :func:`assign_blocks`: with a trend over the day the interval is too wide.

    Args:
        times, values: (N,) events: time since the start and what is measured.
        arms: (n_blocks,) 0 or 1 of each block. length: of a block, in the unit of times.
        burn_in: time at the start of each block that is left out.

    Raises:
        ValueError: shapes differ, an arm other than 0 and 1, an event beyond the last block, a
            block without events, fewer than two blocks in an arm, burn_in outside 0..length.
    """
    times, values, arms = np.asarray(times, dtype=float), np.asarray(values, dtype=float), np.asarray(arms)
    if times.ndim != 1 or times.shape != values.shape:
        raise ValueError(f"times, values: shapes {times.shape}, {values.shape}; expected one value per event")
    for name, column in (("times", times), ("values", values)):
        if not np.isfinite(column.astype(float)).all():
            raise ValueError(f"{name}: NaN or infinite; expected a number for every event")
    if arms.ndim != 1 or not np.isin(arms, (0, 1)).all():
        raise ValueError(f"arms: shape {arms.shape}; expected a row with an arm a block, each 0 or 1")
    if not 0 <= burn_in < length:
        raise ValueError(f"burn_in: {burn_in}; expected 0 or more, and less than length, which is {length}")
    means = _block_means(times, values, len(arms), length, burn_in)
    return compare_means(means[arms == 0], means[arms == 1], level)


def _block_means(
    times: np.ndarray, values: np.ndarray, n_blocks: int, length: float, burn_in: float
) -> np.ndarray:
    """(n_blocks,) mean of the events of each block after its burn-in."""
    block = block_of(times, length)
    if block.max(initial=0) >= n_blocks:
        raise ValueError(f"times: an event in block {block.max()}; expected blocks 0..{n_blocks - 1}")
    kept = times - block * length >= burn_in
    count = np.bincount(block[kept], minlength=n_blocks)
    if (count == 0).any():
        raise ValueError(f"times: no event counts in block {count.argmin()}; expected one in each block")
    means: np.ndarray = np.bincount(block[kept], values[kept], minlength=n_blocks) / count
    return means
