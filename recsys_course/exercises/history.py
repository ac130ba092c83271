"""What a learner did: attempts and hints, as a value; and as JSON, to carry it elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

FORMAT, VERSION = "recsys_course progress", 1


class Attempt(NamedTuple):
    """One run of a check; ``at`` is UTC as in ``2026-11-21T10:00:00.000000+00:00``."""

    exercise: str
    passed: bool
    cases: int
    at: str


class HintSeen(NamedTuple):
    """A hint that was shown, and when first."""

    exercise: str
    number: int
    at: str


@dataclass(frozen=True)
class History:
    """Attempts and hints in no order; nothing occurs twice."""

    attempts: frozenset[Attempt] = frozenset()
    hints: frozenset[HintSeen] = frozenset()

    def merged(self, other: History) -> History:
        """Both together; of a hint seen in both, the earlier time."""
        first: dict[tuple[str, int], HintSeen] = {}
        for hint in sorted(self.hints | other.hints, key=lambda hint: hint.at):
            first.setdefault((hint.exercise, hint.number), hint)
        return History(self.attempts | other.attempts, frozenset(first.values()))

    def without(self, exercises: Collection[str]) -> History:
        """All but what concerns these exercises."""
        return History(
            frozenset(a for a in self.attempts if a.exercise not in exercises),
            frozenset(h for h in self.hints if h.exercise not in exercises),
        )

    def is_done(self, exercise: str) -> bool:
        """Has a check of it ever passed?"""
        return any(a.passed for a in self.attempts if a.exercise == exercise)

    def tries(self, exercise: str) -> int:
        """Checks of it, up to the first that passed."""
        mine = sorted((a for a in self.attempts if a.exercise == exercise), key=lambda a: a.at)
        done = next((n for n, attempt in enumerate(mine, start=1) if attempt.passed), None)
        return len(mine) if done is None else done

    def hints_seen(self, exercise: str) -> set[int]:
        """The numbers of the hints shown."""
        return {h.number for h in self.hints if h.exercise == exercise}


class BadProgress(ValueError):
    """A file that is no exported progress; the message names the line or the field."""


def now() -> str:
    """This moment as the history writes it: fixed width, so that text sorts by time."""
    return _as_text(datetime.now(UTC))


def to_json(history: History) -> str:
    """Everything, oldest first."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "attempts": [a._asdict() for a in sorted(history.attempts, key=lambda a: (a.at, a))],
        "hints": [h._asdict() for h in sorted(history.hints, key=lambda h: (h.at, h))],
    }
    return json.dumps(body, indent=1) + "\n"


def from_json(text: str) -> History:
    """Read what :func:`to_json` wrote.

    Raises:
        BadProgress: anything else; nothing is guessed and nothing left out.
    """
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadProgress(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists in lists in lists
        raise BadProgress(f"no JSON that can be read: {error}") from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise BadProgress(f"format: expected {FORMAT!r}; was it written by recsys-course exercises export?")
    if body.get("version") != VERSION:
        raise BadProgress(f"version: {body.get('version')!r}; this version of the course reads {VERSION}")
    attempts = (Attempt(**entry) for entry in _entries(body, "attempts", _ATTEMPT))
    hints = (HintSeen(**entry) for entry in _entries(body, "hints", _HINT))
    return History().merged(History(frozenset(attempts), frozenset(hints)))


def _exercise(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_]{1,80}\.[A-Za-z0-9_]{1,80}", value):
        return value
    raise ValueError("an id such as collaborative_filtering.similarity")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _count(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    raise ValueError("a count")


def _time(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return _as_text(moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("a time with its zone, as 2026-11-21T10:00:00+00:00")


def _as_text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


_Fields = dict[str, Callable[[Any], Any]]
_ATTEMPT: _Fields = {"exercise": _exercise, "passed": _flag, "cases": _count, "at": _time}
_HINT: _Fields = {"exercise": _exercise, "number": _count, "at": _time}


def _entries(body: dict[str, Any], name: str, fields: _Fields) -> Iterable[dict[str, Any]]:
    """The checked entries of one list."""
    entries = body.get(name)
    if not isinstance(entries, list):
        raise BadProgress(f"{name}: expected a list")
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict) or entry.keys() != fields.keys():
            raise BadProgress(f"{name}[{place}]: expected the fields {', '.join(fields)}")
        yield {field: _checked(f"{name}[{place}].{field}", entry[field], fields[field]) for field in fields}


def _checked(where: str, value: Any, kind: Callable[[Any], Any]) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise BadProgress(f"{where}: {json.dumps(value)[:60]}; expected {error}") from None
