"""What every ranker by language takes and gives: titles in, a permutation of the candidates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from recsys_course.language.cost import Usage


class RankingError(RuntimeError):
    """No ranking came of it; ``usage`` says what it cost all the same."""

    def __init__(self, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.usage = Usage() if usage is None else usage


@dataclass(frozen=True)
class Ranking:
    """An order of C candidates.

    Args:
        order: (C,) places in the list of candidates, from 0, best first; each once.
        scores: (C,) by candidate, as they were given, or None where the model says only an order.
        usage: what this ranking cost; nothing, if it came from disk.

    Raises:
        ValueError: an order that is no permutation, or another number of scores.
    """

    order: list[int]
    scores: np.ndarray | None = None
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError(f"order: {self.order}; expected each of 0..{len(self.order) - 1} once")
        if self.scores is not None and np.shape(self.scores) != (len(self.order),):
            raise ValueError(f"scores: shape {np.shape(self.scores)}; expected ({len(self.order)},)")


@runtime_checkable
class LanguageModelRanker(Protocol):
    """Anything that orders candidates for a history, both as titles."""

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Ranking:
        """History, oldest first, and C candidates -> their order.

        Raises:
            RankingError: no order came of it.
        """
        ...

    def identity(self) -> str:
        """What decides the answers, in words: rankings on disk are kept under it."""
        ...


def check_ranker(ranker: object) -> None:
    """Refuse what cannot rank.

    Raises:
        TypeError: no ranker, or a class in place of an object.
    """
    if isinstance(ranker, type) or not isinstance(ranker, LanguageModelRanker):
        raise TypeError(f"ranker: {ranker!r}; expected a ranker with rank and identity")


def checked_titles(titles: Sequence[str], name: str) -> list[str]:
    """The titles as a list.

    Raises:
        TypeError: one text in place of a list of texts, or something that is no text.
    """
    if isinstance(titles, str):
        raise TypeError(f"{name}: {titles!r}, one text; expected a list of titles, as in [{titles!r}]")
    rows = list(titles)
    for n, title in enumerate(rows):
        if not isinstance(title, str):
            raise TypeError(f"{name}: {title!r} in place {n}; expected a title, a string")
    return rows


def checked_question(history: Sequence[str], candidates: Sequence[str]) -> tuple[list[str], list[str]]:
    """History and candidates as lists.

    Raises:
        TypeError: see :func:`checked_titles`. ValueError: no candidates.
    """
    past, listed = checked_titles(history, "history"), checked_titles(candidates, "candidates")
    if not listed:
        raise ValueError("candidates: none; expected at least one title")
    return past, listed


def by_scores(scores: np.ndarray) -> list[int]:
    """(C,) scores -> places, best first; equal scores stay in the order given."""
    return np.argsort(-scores, kind="stable").tolist()
