"""What the learner reads: one message, line by line, in the words of the exercise."""

from __future__ import annotations

import inspect
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from recsys_course.checks.engine.cases import Case, Outcome
from recsys_course.checks.engine.values import kind, same, show

LONGEST = 400  # characters of one value that are shown


def uncallable(answer: Any, names: Sequence[str]) -> str:
    """Why the answer cannot be called with arguments of these names; "" when it can."""
    if not callable(answer):
        return (
            f"give the check the function itself, without calling it; it got {kind(answer)}: {shown(answer)}"
        )
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a function written in C that does not say
        return ""
    try:
        signature.bind(*names)
    except TypeError:
        return (
            f"your function takes {_counted(list(signature.parameters))}; it is called with {_counted(names)}"
        )
    return ""


def _counted(names: Sequence[str]) -> str:
    if not names:
        return "no argument"
    return f"{len(names)} argument{'s'[: len(names) > 1]}: {', '.join(names)}"


def unwritten(outcome: Outcome) -> str:
    """For an answer that nobody has begun, or whose return is missing."""
    if outcome.error is not None:
        return "not written yet. Put your answer in the place of the NotImplementedError, then check again."
    return (
        f"not written yet: it returns {show(outcome.value)}. Write your answer in the cell above, "
        "run that cell, then check again. If it is written, the `return` is missing."
    )


def called(names: Iterable[str], args: tuple[Any, ...]) -> Iterator[str]:
    """The arguments, one a line."""
    yield "called with"
    for name, value in zip(names, args, strict=True):
        yield _indent(f"{name} = ", shown(value))


def came_back(
    outcome: Outcome, case: Case, names: Sequence[str], answer: Any, tolerance: float
) -> Iterator[str]:
    """What the call gave, beside what was expected."""
    changed = [n for n, a, b in zip(names, outcome.args, case.args, strict=True) if not same(a, b, 0)]
    if outcome.error is not None:
        yield f"raised {type(outcome.error).__name__}: {outcome.error}".removesuffix(": ")
        yield from learners_line(outcome.error, answer)
        yield _indent("expected  ", shown(case.expected))
    elif not same(outcome.value, case.expected, tolerance):
        yield from _compared(outcome.value, case.expected, tolerance)
    else:
        yield "returned what was expected"
    if changed:
        yield f"changed its argument {', '.join(changed)}: work on a copy, the caller still needs it"


def _compared(got: Any, expected: Any, tolerance: float) -> Iterator[str]:
    """Two lines or more, with all digits where four would look alike."""
    digits = 4 if show(got) != show(expected) else 12
    yield _indent("returned  ", shown(got, digits))
    yield _indent("expected  ", shown(expected, digits))
    if kind(got, expected) != kind(expected):
        yield f"that is {kind(got, expected)}; expected {kind(expected)}"
    elif isinstance(expected, tuple):
        pairs = enumerate(zip(got, expected, strict=True), 1)
        wrong = [str(n) for n, pair in pairs if not same(*pair, tolerance)]
        if len(wrong) < len(expected):
            yield f"wrong: value{'s'[: len(wrong) > 1]} {_listed(wrong)} of {len(expected)}"


def _listed(words: Sequence[str]) -> str:
    """As one says it: 2, 3 and 4."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def learners_line(error: BaseException, answer: Callable[..., Any]) -> Iterator[str]:
    """The line of the learner's function at which it raised or was stopped, if it got there."""
    code = getattr(inspect.unwrap(answer), "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    if frames:
        yield f"    in line {frames[-1].lineno} of your cell: {(frames[-1].line or '').strip()}"


def shown(value: Any, digits: int = 4) -> str:
    """A value as it stands in the message: nobody reads a thousand numbers."""
    text = show(value, digits)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text):,} characters)"


def wrapped(text: str) -> str:
    """Lines that fit a notebook without a scroll bar."""
    return textwrap.fill(text, width=90, subsequent_indent="    ", break_on_hyphens=False)


def _indent(label: str, text: str) -> str:
    """Label and text; further lines of the text stand under its first."""
    return "    " + label + text.replace("\n", "\n" + " " * (4 + len(label)))
