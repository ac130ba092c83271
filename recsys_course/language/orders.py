"""Position bias, averaged out: the same question with the candidates in several orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys_course.base import check_range
from recsys_course.language.cost import Usage
from recsys_course.language.ranking import (
    LanguageModelRanker,
    Ranking,
    RankingError,
    by_scores,
    check_ranker,
    checked_question,
)
from recsys_course.language.stub import seed_of


@dataclass
class PermutationRanker:
    r"""Ask several times, the candidates turned round in the list, and take the mean.

    The candidates are shuffled once; in question m of M all move on by m C / M places. So everyone stands
    about as often in front as at the back, and with M = C exactly: whatever a place alone adds to a score
    is then the same for all and cancels.

    Args:
        ranker: who is asked. n_orders: M, questions a ranking; at least 1, and no more than C are asked.
        seed: of the shuffle, which depends on history and titles, but not on the order they are given in.
        by: "scores" averages scores; "places" averages places (Borda's count); "auto" takes scores if there
            are any. What is equal stays in the shuffled order, which favours nobody.

    Raises:
        ValueError: n_orders < 1, an unknown ``by``, or "scores" of a ranker that gives none.
            TypeError: no ranker.

    Cost: M questions in place of one. What a place does together with a title does not cancel, nor does a
        wrong opinion, which is the same in every order.
    """

    ranker: LanguageModelRanker
    n_orders: int = 4
    seed: int = 0
    by: Literal["auto", "scores", "places"] = "auto"

    def __post_init__(self) -> None:
        check_ranker(self.ranker)
        check_range("n_orders", self.n_orders, 1, "questions,")
        if self.by not in ("auto", "scores", "places"):
            raise ValueError(f"by: {self.by!r}; expected one of auto, scores, places")

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Ranking:
        """History, oldest first, and C candidates -> the order of their means, and the means.

        Raises:
            RankingError: from the ranker; its usage counts the questions before, too.
        """
        past, listed = checked_question(history, candidates)
        base = self._shuffled(past, listed)  # (C,)
        asked = np.stack([np.roll(base, step) for step in self._steps(len(listed))])  # (M, C)
        answers, usage = [], Usage()
        for order in asked:
            answers.append(self._ask(past, [listed[place] for place in order], usage))
            usage = usage + answers[-1].usage
        means = np.mean([self._values(a, order) for a, order in zip(answers, asked, strict=True)], axis=0)
        best = [int(base[place]) for place in by_scores(np.round(means[base], 9))]
        return Ranking(best, means, usage)

    def identity(self) -> str:
        """The settings and the identity of who is asked."""
        return repr(("PermutationRanker", self.n_orders, self.seed, self.by, self.ranker.identity()))

    def _shuffled(self, past: list[str], listed: list[str]) -> np.ndarray:
        by_title = sorted(range(len(listed)), key=lambda place: listed[place])
        chance = np.random.default_rng(seed_of(self.seed, *past, "|", *sorted(listed)))
        return np.array(by_title)[chance.permutation(len(listed))]

    def _steps(self, n: int) -> list[int]:
        m = min(self.n_orders, n)
        return [step * n // m for step in range(m)]

    def _ask(self, past: list[str], listed: list[str], before: Usage) -> Ranking:
        try:
            return self.ranker.rank(past, listed)
        except RankingError as error:
            error.usage = before + error.usage
            raise

    def _values(self, answer: Ranking, order: np.ndarray) -> np.ndarray:
        """(C,) what one answer says of each candidate, in the order they were given; more is better."""
        if self.by == "scores" and answer.scores is None:
            raise ValueError("by: 'scores', but the ranker gives only an order; expected 'places'")
        values = np.empty(len(order))
        if self.by == "places" or answer.scores is None:
            values[order[answer.order]] = -np.arange(len(order))
        else:
            values[order] = answer.scores
        return values


def averaged(ranker: LanguageModelRanker, n_orders: int = 4, seed: int = 0) -> PermutationRanker:
    """The ranker, asked ``n_orders`` times with the candidates in other orders; see the class."""
    return PermutationRanker(ranker, n_orders, seed)
