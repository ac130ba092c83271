"""Values: equal or not, and shown as one would type them.

numpy is never imported here. Nothing can be an array before somebody has imported numpy, so
it is enough to look whether it is there.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from itertools import repeat
from typing import Any

TOLERANCE = 1e-6  # relative and absolute: far above rounding, far below any slip


def is_numpy(value: Any) -> bool:
    """An array or a number of numpy's own."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray | numpy.generic)


def same(got: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Equal up to ``tolerance``, in the shape of ``expected``; nan equals nan."""
    if isinstance(expected, dict):
        alike = isinstance(got, dict) and got.keys() == expected.keys()
        return alike and all(same(got[key], expected[key], tolerance) for key in expected)
    if isinstance(expected, tuple | list):
        alike = isinstance(got, tuple | list) or (is_numpy(got) and got.ndim > 0)
        return alike and len(got) == len(expected) and all(map(same, got, expected, repeat(tolerance)))
    if isinstance(got, int | float) and isinstance(expected, int | float):
        return _close(got, expected, tolerance)
    if is_numpy(expected) or (is_numpy(got) and isinstance(expected, int | float)):
        return _same_arrays(got, expected, tolerance)
    return isinstance(got, type(expected)) and bool(got == expected)


def _close(a: float, b: float, tolerance: float) -> bool:
    try:
        both_nan = math.isnan(a) and math.isnan(b)
        return both_nan or math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # a whole number beyond the largest float
        return a == b


def _same_arrays(got: Any, expected: Any, tolerance: float) -> bool:
    a, b = _as_array(got), _as_array(expected)
    if not is_numpy(a) or a.dtype.kind not in "biuf" or a.shape != b.shape:
        return False  # None and text are no numbers, whatever numpy can read from them
    equal: bool = sys.modules["numpy"].allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
    return equal


def _as_array(value: Any) -> Any:
    """An array, or the value itself where it is none: rows of different lengths."""
    try:
        return sys.modules["numpy"].asarray(value)
    except ValueError:
        return value


def show(value: Any, digits: int = 4) -> str:
    """A value as one would type it, numbers rounded."""
    if is_numpy(value):
        return _shown_array(value, digits) if value.ndim else show(value.item(), digits)
    if isinstance(value, float):
        return repr(round(value, digits) + 0.0)  # no -0
    if isinstance(value, tuple | list):
        inside = ", ".join(show(v, digits) for v in value)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{show(k)}: {show(value[k], digits)}" for k in _ordered(value)) + "}"
    if isinstance(value, set) and value:
        return "{" + ", ".join(show(v, digits) for v in _ordered(value)) + "}"
    return repr(value)


def _ordered(values: Iterable[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:  # 2 and "two" have no order
        return sorted(values, key=str)


def _shown_array(value: Any, digits: int) -> str:
    if value.dtype.kind == "f":
        value = value.round(digits) + 0.0  # no -0
    options = {"separator": ", ", "precision": digits, "suppress_small": digits < 9}
    text: str = sys.modules["numpy"].array2string(value, **options)
    return text


def kind(value: Any, like: Any = None) -> str:
    """What a value is, in words; those of ``like`` where a list is as good as an array."""
    if is_numpy(value) and value.ndim and isinstance(like, tuple | list):
        value = list(value)
    if isinstance(value, tuple | list) and is_numpy(like):
        value = _as_array(value)
    if value is None:
        return "nothing: None"
    if isinstance(value, tuple | list):
        return f"{len(value)} value{'s' * (len(value) != 1)}"
    if is_numpy(value) and value.ndim:
        return f"an array of shape {value.shape}"
    if is_numpy(value) or isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "a dict"  # a Counter or defaultdict is as good
    return f"a {type(value).__name__}"


def size(args: tuple[Any, ...]) -> int:
    """How long the arguments of a call are to read, roughly; smaller cases are tried first."""
    return sum(a.size if is_numpy(a) else len(str(a)) for a in args)
