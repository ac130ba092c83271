"""The exercises as a learner meets them: catalogue, progress, hints, notebooks.

Everything here is plain Python; neither numpy nor a database is loaded on import, so the
command line stays quick and the browser can use it.

>>> from recsys_course.exercises import find_exercise
>>> find_exercise("3.1").title
'cosine of two users'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Chapter": "catalogue", "Exercise": "catalogue", "Hint": "catalogue", "chapters": "catalogue",
    "find_chapter": "catalogue", "find_exercise": "catalogue",
    "hint": "panels", "panel": "panels", "record": "store",
}  # fmt: skip

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    """A public name, imported on first use."""
    if name not in _WHERE:
        raise AttributeError(f"module 'recsys_course.exercises' has no attribute {name!r}")
    return getattr(import_module(f"recsys_course.exercises.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
