"""A case, a slip, and what one call gave."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from recsys_course.checks.engine.values import TOLERANCE, same


@dataclass(frozen=True)
class Case:
    """One call whose answer is known; ``why`` says how it was worked out."""

    args: tuple[Any, ...]
    expected: Any
    why: str = ""


class Slip:
    """A usual mistake: an edit of the reference's source that makes it wrong.

    Args:
        message: what went wrong and what to do, in words.
        edits: (right, wrong) pairs; each ``right`` stands once in the reference's source.
    """

    def __init__(self, message: str, *edits: tuple[str, str]) -> None:
        self.message = message
        self.edits = edits

    def applied_to(self, reference: Callable[..., Any]) -> Callable[..., Any]:
        """The reference with the mistake in it.

        Raises:
            ValueError: a ``right`` text does not stand exactly once in the source.
        """
        source = source_of(reference)
        for right, wrong in self.edits:
            if source.count(right) != 1:
                raise ValueError(f"edit {right!r}: occurs {source.count(right)} times; expected once")
            source = source.replace(right, wrong)
        return defined(source, reference)


def source_of(reference: Callable[..., Any]) -> str:
    """The source of a reference, without the check above it."""
    source = textwrap.dedent(inspect.getsource(reference))
    (function,) = ast.parse(source).body
    return "\n".join(source.splitlines()[function.lineno - 1 :])


def defined(source: str, like: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """The function that ``source`` defines, in the module of ``like`` and under its name."""
    scope = {**like.__globals__, **names}
    exec(compile(source, f"<changed {like.__name__}>", "exec"), scope)
    function: Callable[..., Any] = scope[like.__name__]
    return function


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value or an exception, and the arguments afterwards."""

    value: Any = None
    error: BaseException | None = None
    args: tuple[Any, ...] = ()

    @property
    def unwritten(self) -> bool:
        """Is this what an exercise gives that nobody has begun?"""
        if self.error is not None:
            return isinstance(self.error, NotImplementedError)
        return self.value is None or self.value is Ellipsis

    def passes(self, case: Case, tolerance: float = TOLERANCE) -> bool:
        """The expected value came back and the arguments are exactly as they were."""
        right = self.error is None and same(self.value, case.expected, tolerance)
        return right and same(self.args, case.args, 0)

    def alike(self, other: Outcome, tolerance: float = TOLERANCE) -> bool:
        """Same value, or same kind of exception."""
        if self.error is not None or other.error is not None:
            return type(self.error) is type(other.error)
        return same(self.value, other.value, tolerance)


def run(function: Callable[..., Any], args: tuple[Any, ...]) -> Outcome:
    """Call with copies of the arguments, quietly; an exception is an outcome, not a crash."""
    given = deepcopy(args)
    try:
        with _quietly():
            return Outcome(function(*given), None, given)
    except (Exception, SystemExit) as error:  # whatever the learner's code raises is to be shown
        return Outcome(None, error, given)


@contextmanager
def _quietly() -> Iterator[None]:
    """No warnings, and 0 / 0 in an array is nan, whatever the session has set."""
    numpy = sys.modules.get("numpy")
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        if numpy is not None:
            stack.enter_context(numpy.errstate(all="ignore"))
        yield
