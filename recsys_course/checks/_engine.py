"""How an answer is checked: cases by hand, cases at random, and the usual slips by name.

A check is a reference implementation under the decorator :func:`check`. A slip is an edit
of the reference's source: it says in one line what the mistake is, and it is the wrong
implementation that a learner's answer is compared with.
"""

from __future__ import annotations

import inspect
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

TOLERANCE = 1e-6  # relative and absolute: far above rounding, far below any slip


class CheckFailed(AssertionError):
    """The answer is not right yet; the message says what was asked, returned, expected."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback: the message alone."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Case:
    """One call whose answer was worked out on paper; ``why`` says how."""

    args: tuple[Any, ...]
    expected: Any
    why: str = ""


class Slip:
    """A usual mistake.

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
        source = textwrap.dedent(inspect.getsource(reference))
        source = source[source.index("def ") :]  # without decorators
        for right, wrong in self.edits:
            if source.count(right) != 1:
                raise ValueError(f"edit {right!r}: occurs {source.count(right)} times; expected once")
            source = source.replace(right, wrong)
        scope = dict(reference.__globals__)
        exec(compile(source, f"<slip of {reference.__name__}>", "exec"), scope)
        wrong_function: Callable[..., Any] = scope[reference.__name__]
        return wrong_function


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value or an exception, and the arguments afterwards."""

    value: Any = None
    error: Exception | None = None
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Check:
    """Calls an answer on every case; prints one line if all pass, else raises.

    Args:
        reference: the right implementation; its name is the exercise's.
        by_hand: cases worked out on paper, the first to be tried and shown.
        at_random: generator -> arguments of one more case.
        slips: the mistakes to recognise.
        then: what to try next, shown with success.
        n_random: how many random cases.

    Raises:
        CheckFailed: on call, with one message for the learner.
    """

    reference: Callable[..., Any]
    by_hand: Sequence[Case]
    at_random: Callable[[np.random.Generator], tuple[Any, ...]]
    slips: Sequence[Slip]
    then: str
    n_random: int = 20

    @property
    def name(self) -> str:
        """The exercise's name, that of the function to write."""
        return self.reference.__name__

    @cached_property
    def cases(self) -> list[Case]:
        """By hand first, then at random from small to large: the first failure is easy to read."""
        rng = np.random.default_rng(0)
        drawn = sorted((self.at_random(rng) for _ in range(self.n_random)), key=_size)
        return [*self.by_hand, *(Case(args, run(self.reference, args).value) for args in drawn)]

    @cached_property
    def _slips(self) -> list[tuple[Slip, list[Outcome]]]:
        """Each slip with what it gives on every case; only a failed check asks."""
        wrong = [(slip, slip.applied_to(self.reference)) for slip in self.slips]
        return [(slip, [run(f, case.args) for case in self.cases]) for slip, f in wrong]

    def __call__(self, answer: Callable[..., Any]) -> None:
        """Check a learner's function."""
        if not callable(answer):
            raise CheckFailed(f"{self.name}: expected your function; got {answer!r}, which cannot be called")
        outcomes = [run(answer, case.args) for case in self.cases]
        if all(o.value is None and o.error is None for o in outcomes):
            raise CheckFailed(f"{self.name} returned None: write your answer above, and return it")
        right = [passes(o, case) for o, case in zip(outcomes, self.cases, strict=True)]
        if not all(right):
            raise CheckFailed("\n".join(self._report(answer, outcomes, right)))
        n = len(self.by_hand)
        print(f"{self.name}: all {len(right)} cases pass ({n} by hand, {len(right) - n} at random).")
        print(_wrapped(f"Next: {self.then}"))

    def _report(
        self, answer: Callable[..., Any], outcomes: list[Outcome], right: list[bool]
    ) -> Iterator[str]:
        """The message for the first case that fails, line by line."""
        shown = right.index(False)
        case, outcome = self.cases[shown], outcomes[shown]
        yield f"{self.name}: not yet; {sum(right)} of {len(right)} cases pass. The first that fails:"
        yield "called with"
        names = inspect.signature(self.reference).parameters
        for name, value in zip(names, case.args, strict=True):
            yield _indent(f"{name} = ", show(value))
        if outcome.error is not None:
            yield f"raised {type(outcome.error).__name__}: {outcome.error}"
            yield from _learners_line(outcome.error, answer)
        else:
            yield from _compared(outcome.value, case.expected)
        if changed := [n for n, a, b in zip(names, outcome.args, case.args, strict=True) if not same(a, b)]:
            yield f"changed its argument {', '.join(changed)}: work on a copy, the caller still needs it"
        if case.why:
            yield _wrapped(f"why: {case.why}")
        if slip := self._slip(outcomes, shown):
            yield _wrapped(f"usual slip: {slip.message}")

    def _slip(self, outcomes: list[Outcome], shown: int) -> Slip | None:
        """The slip that answers as the learner did: on the case shown and on most others."""
        best, most = None, len(outcomes) / 2
        for slip, wrong in self._slips:
            agrees = [_alike(w, o) for w, o in zip(wrong, outcomes, strict=True)]
            if agrees[shown] and not passes(wrong[shown], self.cases[shown]) and sum(agrees) > most:
                best, most = slip, sum(agrees)
        return best


def check(
    *,
    by_hand: Sequence[Case],
    at_random: Callable[[np.random.Generator], tuple[Any, ...]],
    slips: Sequence[Slip],
    then: str,
) -> Callable[[Callable[..., Any]], Check]:
    """Decorator: the reference below it becomes a :class:`Check`."""
    return lambda reference: Check(reference, by_hand, at_random, slips, then)


def run(function: Callable[..., Any], args: tuple[Any, ...]) -> Outcome:
    """Call with copies of the arguments, quietly; an exception is an outcome, not a crash."""
    given = deepcopy(args)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return Outcome(function(*given), None, given)
    except Exception as error:  # whatever the learner's code raises is to be shown
        return Outcome(None, error, given)


def passes(outcome: Outcome, case: Case) -> bool:
    """The expected value came back and the arguments are as they were."""
    return outcome.error is None and same(outcome.value, case.expected) and same(outcome.args, case.args)


def same(got: Any, expected: Any) -> bool:
    """Equal up to TOLERANCE, in the shape of ``expected``; nan equals nan."""
    if isinstance(expected, tuple | list):
        alike = isinstance(got, tuple | list) and len(got) == len(expected)
        return alike and all(map(same, got, expected))
    if isinstance(expected, dict):
        alike = isinstance(got, dict) and got.keys() == expected.keys()
        return alike and all(same(got[key], expected[key]) for key in expected)
    if isinstance(expected, set | str):
        return isinstance(got, type(expected)) and got == expected
    try:
        a, b = np.asarray(got), np.asarray(expected)
    except ValueError:  # a list of rows of different lengths
        return False
    if a.dtype.kind not in "biuf":  # None and text are no numbers, whatever numpy can read from them
        return False
    return a.shape == b.shape and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def show(value: Any, digits: int = 4) -> str:
    """A value as one would type it, numbers rounded."""
    if isinstance(value, np.ndarray | np.number | float):
        return np.array2string(np.asarray(value), separator=", ", precision=digits, suppress_small=digits < 9)
    if isinstance(value, tuple | list):
        inside = ", ".join(show(v, digits) for v in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(value[key], digits)}" for key in sorted(value, key=str)) + "}"
    if isinstance(value, set):
        return "{" + ", ".join(sorted(map(repr, value))) + "}" if value else "set()"
    return repr(value)


def _compared(got: Any, expected: Any) -> Iterator[str]:
    """Two lines or more: returned, expected; with all digits where four would look alike."""
    digits = 4 if show(got) != show(expected) else 12
    yield _indent("returned  ", show(got, digits))
    yield _indent("expected  ", show(expected, digits))
    if _kind(got) != _kind(expected):
        yield f"that is {_kind(got)}; expected {_kind(expected)}"


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, tuple):
        return f"{len(value)} values"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.ndarray | np.number | np.bool | float | int):
        return "a number"
    return f"a {type(value).__name__}"


def _indent(label: str, text: str) -> str:
    """Label and text; further lines of the text stand under its first."""
    return "    " + label + text.replace("\n", "\n" + " " * (4 + len(label)))


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=90, subsequent_indent="    ", break_on_hyphens=False)


def _learners_line(error: Exception, answer: Callable[..., Any]) -> Iterator[str]:
    """The line of the learner's function at which it raised, if it got there."""
    code = getattr(answer, "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    if frames:
        yield f"    in line {frames[-1].lineno} of your cell: {(frames[-1].line or '').strip()}"


def _alike(a: Outcome, b: Outcome) -> bool:
    """Same value, or same kind of exception."""
    if a.error is not None or b.error is not None:
        return type(a.error) is type(b.error)
    return b.value is not None and same(b.value, a.value)


def _size(args: tuple[Any, ...]) -> int:
    return sum(np.size(a) if isinstance(a, np.ndarray) else len(str(a)) for a in args)
