"""From what a language model wrote to a permutation of the candidates."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from recsys_course.base import check_range
from recsys_course.language.ranking import RankingError

SAID = 120  # characters of an answer that an error repeats
FENCE = re.compile(r"^```\w*\s*\n(.*?)\n?```$", re.DOTALL)
LINE = re.compile(r"^[ \t]*(?:\d{1,9}[.):][ \t]*|[-*][ \t]*)?\[(\d{1,9})\]", re.MULTILINE)  # 1. [7] "A title"
NUMBER = re.compile(r"(?<![\w.\-])\d{1,9}(?![\w\-]|\.\d)")  # no part of a word, a date or a decimal
BETWEEN = re.compile(r"[\s\[\],;>→]*")  # what may stand between two numbers of one run


@dataclass(frozen=True)
class Problems:
    """What was wrong with an answer.

    Args:
        duplicates: a number that came again. outside: no number of the list, an invented item for one.
        missing: candidates that were not named.
    """

    duplicates: int = 0
    outside: int = 0
    missing: int = 0

    def __bool__(self) -> bool:
        return bool(self.duplicates or self.outside or self.missing)


def parse_ranking(text: str, n: int) -> tuple[list[int], Problems]:
    """The order that an answer to :func:`.prompt_of` means; always a permutation.

    Looked for, in this order: JSON (a list of numbers, or an object with one inside), alone or in a fence;
    lines that begin with a number in brackets, ``[3] "A title"``; the run of numbers that names most
    candidates, ``3, 1, 2`` or ``[3] > [1] > [2]``, the last of equals. In a sentence one number alone is no
    list ("of the 5 I like none"), and lines numbered 1, 2, 3 before titles say nothing of the candidates. A
    number that comes again is dropped, one outside 1..n, too; what was not named follows in the given order.

    Args:
        text: what the model wrote; numbers count from 1. n: the number of candidates, at least 1.

    Returns:
        (n,) places from 0, best first; and what had to be repaired.

    Raises:
        RankingError: no number of the list in it.
    """
    check_range("n", n, 1, "candidates,")
    named = _named(text, n)
    order, duplicates, outside = list[int](), 0, 0
    for number in named:
        if not isinstance(number, int) or not 1 <= number <= n:
            outside += 1
        elif number - 1 in order:
            duplicates += 1
        else:
            order.append(number - 1)
    if not order:
        raise RankingError(no_ranking(text, n))
    rest = sorted(set(range(n)) - set(order))
    return order + rest, Problems(duplicates, outside, len(rest))


def no_ranking(text: str, n: int) -> str:
    """What is wrong with an answer without a ranking."""
    return f"answer: no number of 1..{n} in {said(text)}; expected a list of them"


def said(text: str) -> str:
    """An answer as an error may repeat it: quoted, cut, in one line."""
    return repr(text if len(text) <= SAID else text[:SAID] + "...")


def _named(text: str, n: int) -> list[Any]:
    """The numbers of an answer, and whatever stood between them, in order."""
    text = text.strip()
    fenced = FENCE.match(text)
    found = _from_json(fenced[1] if fenced else text)
    if found is not None:
        return found
    lines = [int(number) for number in LINE.findall(text)]
    if len(lines) > 1:
        return lines
    best = max(reversed(_runs(text)), key=lambda run: _in_list(run, n), default=[])
    alone = BETWEEN.fullmatch(NUMBER.sub("", text)) is not None
    return best if alone or _in_list(best, n) >= min(2, n) else []


def _runs(text: str) -> list[list[int]]:
    """The numbers of a text, parted where words stand between them."""
    runs, end = list[list[int]](), 0
    for number in NUMBER.finditer(text):
        if not runs or not BETWEEN.fullmatch(text, end, number.start()):
            runs.append([])
        runs[-1].append(int(number[0]))
        end = number.end()
    return runs


def _in_list(run: list[int], n: int) -> int:
    """How many different candidates a run names."""
    return len({number for number in run if 1 <= number <= n})


def _from_json(text: str) -> list[Any] | None:
    """The list in a JSON text, if it is one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        return None
    return [_number(part) for part in value]


def _number(part: Any) -> Any:
    """3 for 3, "3" and "[3]"; anything else as it is, but no truth value, which Python counts as a number."""
    if isinstance(part, str) and (found := re.fullmatch(r"\s*\[?\s*(\d{1,9})\s*\]?\s*", part)):
        return int(found[1])
    return None if isinstance(part, bool) else part
