"""Loops that run as they read: compiled by numba where it is installed.

Where numba is missing (in the browser, for one) the same loops run as plain Python:
slower, equal in result. Kernels release the interpreter's lock, so :func:`in_threads`
runs one on several row ranges at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# Sums may be reordered, which lets a dot product use the whole vector unit; NaN and
# infinity keep their meaning, because divergence is detected by them.
REORDER = {"reassoc", "contract", "nsz", "arcp"}

try:
    import numba

    def kernel(function: Callable) -> Any:
        """Compile a loop once; later processes take it from numba's cache."""
        try:
            return numba.njit(cache=True, nogil=True, fastmath=REORDER)(function)
        except RuntimeError:  # nowhere to keep a cache: compile in every process
            return numba.njit(nogil=True, fastmath=REORDER)(function)

except ImportError:

    def kernel(function: Callable) -> Any:
        """Without numba the loop runs as it stands."""
        return function


def n_threads() -> int:
    """Threads to use: ``RECSYS_COURSE_THREADS``, else the processors of this machine."""
    asked = os.environ.get("RECSYS_COURSE_THREADS", "")
    return max(1, int(asked)) if asked.isdigit() else os.cpu_count() or 1


def chunks(n: int, size: int) -> Iterable[tuple[int, int]]:
    """(start, stop) pairs that cover 0..n-1."""
    return ((start, min(start + size, n)) for start in range(0, n, size))


def in_threads(work: Callable[[int, int], Any], n: int, size: int) -> list[Any]:
    """``work(start, stop)`` on every chunk of 0..n-1; results in chunk order."""
    parts = list(chunks(n, max(1, size)))
    threads = min(n_threads(), len(parts))
    if threads <= 1:
        return [work(*part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: work(*part), parts))
