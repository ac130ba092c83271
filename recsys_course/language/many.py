"""Many rankings, each asked for once: kept on disk by what was asked."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Literal

import numpy as np

from recsys_course.content.text.rowstore import RowStore, Unusable
from recsys_course.language.cost import Usage
from recsys_course.language.ranking import (
    LanguageModelRanker,
    Ranking,
    RankingError,
    check_ranker,
    checked_question,
)
from recsys_course.progress import progress

EVERY = 1.0  # seconds of answers that a killed process can lose; Ctrl-C loses none
FILE = "rankings.sqlite"
Question = tuple[list[str], list[str]]


def rank_many(
    ranker: LanguageModelRanker,
    histories: Sequence[Sequence[str]],
    candidates: Sequence[Sequence[str]] | Sequence[str],
    folder: str | Path | None = None,
    on_error: Literal["raise", "given"] = "raise",
) -> list[Ranking]:
    """A ranking for each history; what is on disk already is not asked for again.

    A ranking is found by the SHA-256 of the ranker's ``identity`` and of the titles, so another model,
    another template or another letter is another question. A run that was stopped goes on where
    it was; equal questions are asked once. A damaged file or row is asked for anew, with a warning; where
    the folder cannot be written, a warning says so and the rankings are made but not kept.

    Args:
        histories: B lists of titles, oldest first.
        candidates: B lists of titles, or one list for all.
        folder: where ``rankings.sqlite`` lies; None keeps nothing.
        on_error: of a ranking that fails, "raise" passes the error on (the others are on disk by then);
            "given" takes the candidates as they were given, keeps nothing of it, and warns at the end.

    Returns:
        B rankings. ``usage`` is what each has cost now: nothing, if it came from disk.

    Raises:
        RankingError: see ``on_error``. ValueError: another number of lists, an empty list.
            TypeError: no ranker, no titles.
    """
    check_ranker(ranker)
    if on_error not in ("raise", "given"):
        raise ValueError(f"on_error: {on_error!r}; expected 'raise' or 'given'")
    questions = _questions(histories, candidates)
    identity = ranker.identity()  # once: of a loaded model it reads all weights
    keys = [_key(identity, question) for question in questions]
    shelf = _Shelf(None if folder is None else Path(folder).expanduser() / FILE)
    known = shelf.get(dict(zip(keys, questions, strict=True)))
    rankings, failed = [], list[RankingError]()
    try:
        for key, question in progress(zip(keys, questions, strict=True), "rankings", len(keys), "list"):
            if key in known:
                rankings.append(known[key])
                continue
            made, error = _ask(ranker, question, on_error)
            rankings.append(made)
            if error is not None:
                failed.append(error)
                continue
            known[key] = Ranking(made.order, made.scores)
            shelf.add(key, made)
    finally:
        shelf.write()
    if failed:
        warnings.warn(
            f"{len(failed)} of {len(keys)} rankings failed and stay as given; the last: {failed[-1]}",
            stacklevel=2,
        )
    return rankings


def _ask(
    ranker: LanguageModelRanker, question: Question, on_error: str
) -> tuple[Ranking, RankingError | None]:
    """The ranking; or, where that is wished for, the order given and why."""
    try:
        made = ranker.rank(*question)
        if len(made.order) != len(question[1]):
            raise ValueError(
                f"ranker: {type(ranker).__name__} orders {len(made.order)} of {len(question[1])} candidates; "
                "expected all of them"
            )
        return made, None
    except RankingError as error:
        if on_error == "raise":
            raise
        return Ranking(list(range(len(question[1]))), None, error.usage), error


def _questions(
    histories: Sequence[Sequence[str]], candidates: Sequence[Sequence[str]] | Sequence[str]
) -> list[Question]:
    if isinstance(candidates, str):
        raise TypeError(f"candidates: {candidates!r}, one text; expected a list of titles")
    listed = list(candidates)
    if listed and all(isinstance(title, str) for title in listed):
        listed = [listed] * len(histories)  # type: ignore[list-item]
    if len(listed) != len(histories):
        raise ValueError(f"candidates: {len(listed)} lists; expected {len(histories)}, one for each history")
    return [checked_question(past, titles) for past, titles in zip(histories, listed, strict=True)]


def _key(identity: str, question: Question) -> bytes:
    asked = json.dumps([identity, *question])  # ASCII: a lone surrogate, too, has a form of its own
    return hashlib.sha256(asked.encode()).digest()


class _Shelf:
    """The rankings on disk; what cannot be kept is told once, and then given up."""

    def __init__(self, path: Path | None) -> None:
        self.store = None if path is None else RowStore(path, damaged=self._tell_damage)
        self.pending: dict[bytes, bytes] = {}
        self.written = time.monotonic()

    def get(self, asked: dict[bytes, Question]) -> dict[bytes, Ranking]:
        """What is there and whole, of these questions."""
        if self.store is None:
            return {}
        try:
            rows = self.store.get(list(asked))
        except Unusable as problem:
            self._give_up(problem)
            return {}
        found = {key: _ranking(row, len(asked[key][1])) for key, row in rows.items()}
        if None in found.values():
            self._tell_damage("a ranking cannot be read")
        return {key: ranking for key, ranking in found.items() if ranking is not None}

    def add(self, key: bytes, ranking: Ranking) -> None:
        """Keep a ranking, now or within ``EVERY`` seconds."""
        if self.store is not None:
            self.pending[key] = _row(ranking)
            if time.monotonic() - self.written >= EVERY:
                self.write()

    def write(self) -> None:
        """Put on disk what is not there yet."""
        if self.store is None or not self.pending:
            return
        try:
            self.store.put(self.pending)
            self.pending = {}
        except Unusable as problem:
            self._give_up(problem)
        self.written = time.monotonic()

    def _tell_damage(self, what: str) -> None:
        assert self.store is not None
        warnings.warn(f"{self.store.path}: {what}; what is damaged is asked for again", stacklevel=2)

    def _give_up(self, problem: Unusable) -> None:
        assert self.store is not None
        path, self.store, self.pending = self.store.path, None, {}
        warnings.warn(
            f"{path}: {problem}; rankings are made but not kept. Choose another folder", stacklevel=2
        )


def _row(ranking: Ranking) -> bytes:
    scores = None if ranking.scores is None else np.asarray(ranking.scores, dtype=float).tolist()
    row = {"order": ranking.order, "scores": scores, "usage": astuple(ranking.usage)}
    return json.dumps(row).encode()


def _ranking(row: bytes, n: int) -> Ranking | None:
    """The ranking of n candidates that :func:`_row` made bytes of; None if this is none."""
    try:
        kept = json.loads(row)
        scores = None if kept["scores"] is None else np.array(kept["scores"], dtype=float)
        ranking = Ranking(kept["order"], scores, Usage())
    except (ValueError, KeyError, TypeError):
        return None
    return ranking if len(ranking.order) == n else None
