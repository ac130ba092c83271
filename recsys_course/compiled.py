"""Loops that run as they read: compiled by numba where it is installed.

Where numba is missing (in the browser, for one) the same loops run as plain Python:
slower, equal in result. Kernels release the interpreter's lock, so :func:`in_threads`
runs one on several row ranges at once.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Sums may be reordered, which lets a dot product use the whole vector unit; NaN and
# infinity keep their meaning, because divergence is detected by them.
REORDER = {"reassoc", "contract", "nsz", "arcp"}
WEEK = 7 * 24 * 3600


def _cache_folder() -> Path | None:
    """Where compiled kernels are kept, or None where nothing can be written.

    numba renews a cached kernel when its own file changes, but not when a kernel that it
    calls does; a folder per state of all kernel sources leaves no stale one to find.
    """
    sources = (file.read_bytes() for file in sorted(Path(__file__).parent.rglob("*.py")))
    state = hashlib.sha256(b"".join(text for text in sources if b"@kernel" in text)).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "recsys_course" / "kernels" / state
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.parent.iterdir():
            if other != folder and time.time() - other.stat().st_mtime > WEEK:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return None
    return folder


try:
    import numba

    _FOLDER = _cache_folder()

    def kernel(function: Callable) -> Any:
        """Compile a loop on first use; later processes take it from the cache."""
        config: Any = numba.config
        before, config.CACHE_DIR = config.CACHE_DIR, str(_FOLDER or "")
        try:
            return numba.njit(cache=_FOLDER is not None, nogil=True, fastmath=REORDER)(function)
        finally:
            config.CACHE_DIR = before  # the setting is the whole process's; leave it as it was

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
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: work(*part), parts))


@functools.cache
def _blas() -> Any:
    try:
        import scipy.linalg.cython_blas  # numba calls this BLAS; it must be loaded to be found  # noqa: F401
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


def one_blas_thread() -> contextlib.AbstractContextManager[Any]:
    """Keep BLAS from starting threads of its own inside ours; they would only wait."""
    controller = _blas()
    return contextlib.nullcontext() if controller is None else controller.limit(limits=1, user_api="blas")
