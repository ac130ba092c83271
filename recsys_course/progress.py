"""Progress for long work: a bar that appears after two seconds, on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Go through ``items`` under a progress bar, as :func:`bar` makes it."""
    return iter(bar(items, what, total, unit))


def bar(items: Iterable[Any] | None, what: str, total: int | None = None, unit: str = "it") -> Any:
    """A tqdm bar, to go through ``items`` or, with None, to be moved by ``update``.

    The bar waits two seconds, so quick work stays silent, and is left out where standard
    error is no terminal. ``RECSYS_COURSE_PROGRESS=0`` turns it off, ``=1`` forces it.
    """
    from tqdm import tqdm  # imported late: most uses are too quick to need it

    wish = os.environ.get("RECSYS_COURSE_PROGRESS", "")
    silent = wish == "0" or (wish != "1" and not sys.stderr.isatty())
    options: dict[str, Any] = {"desc": what, "total": total, "unit": unit, "leave": False}
    return tqdm(items, disable=silent, delay=0 if wish == "1" else 2, **options)
