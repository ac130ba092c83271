"""A ranker that behaves as a language model does, with faults of known size: for tests and for the book."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys_course.base import check_range
from recsys_course.content.text import tokenize
from recsys_course.language.cost import Usage
from recsys_course.language.prompts import prompt_of, token_estimate
from recsys_course.language.ranking import Ranking, by_scores, checked_question

Utilities = Mapping[str, float] | Callable[[Sequence[str], str], float]


@dataclass
class StubRanker:
    r"""Orders candidates by a known utility, plus the faults that are planted.

    .. math::
        s_c = q\, z_c + \sqrt{1 - q^2}\; \varepsilon_c + \sigma\, \eta_c
            + b \left(1 - \frac{p_c}{C - 1}\right)

    z is the candidates' utility, standardised over the list; epsilon and eta are standard normal. Epsilon is
    the same whenever this history meets this title: a wrong opinion. Eta is drawn anew for every order of
    the list: a mood. p is the place in the prompt, from 0.

    Args:
        seed: of epsilon and eta. The same question gets the same answer, in every process.
        quality: q in [0, 1], the expected correlation of z and the opinion; 1 has no wrong opinions.
        position_bias: b, what the first place gains over the last, in standard deviations of z.
        noise: sigma, at least 0.
        utilities: title -> utility, or a function of history and title. None counts the words that title
            and history share, divided by the square root of the title's words.

    Raises:
        ValueError: an argument outside its range, or no candidates.

    Cost: no model is asked. ``usage`` counts one call and estimates its tokens, as :func:`.token_estimate`.
    """

    seed: int = 0
    quality: float = 1.0
    position_bias: float = 0.0
    noise: float = 0.0
    utilities: Utilities | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.quality <= 1:
            raise ValueError(f"quality: {self.quality}; expected a correlation in [0, 1]")
        check_range("noise", self.noise, 0, "a standard deviation of")

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Ranking:
        """History, oldest first, and C candidates -> their order and scores."""
        past, listed = checked_question(history, candidates)
        z = standardised(np.array([self._utility(past, title) for title in listed]))  # (C,)
        opinion = np.array([normal(self.seed, "opinion", *past, "|", title) for title in listed])
        mood = np.array([normal(self.seed, "mood", *past, "|", *listed, "|", title) for title in listed])
        place = np.arange(len(listed)) / max(len(listed) - 1, 1)
        scores = self.quality * z + np.sqrt(1 - self.quality**2) * opinion
        scores += self.noise * mood + self.position_bias * (1 - place)
        return Ranking(by_scores(scores), scores, self._usage(past, listed))

    def identity(self) -> str:
        """The settings; a function of utilities is known by its name alone."""
        known: object = self.utilities
        if isinstance(known, Mapping):
            known = sorted(known.items())
        elif known is not None:
            known = f"{known.__module__}.{getattr(known, '__qualname__', type(known).__qualname__)}"
        return repr(("StubRanker", self.seed, self.quality, self.position_bias, self.noise, known))

    def _utility(self, past: list[str], title: str) -> float:
        if self.utilities is None:
            return overlap(past, title)
        if callable(self.utilities):
            return float(self.utilities(past, title))
        if title not in self.utilities:
            raise ValueError(f"utilities: no value for {title!r}; expected one for every candidate")
        return float(self.utilities[title])

    def _usage(self, past: list[str], listed: list[str]) -> Usage:
        answer = ", ".join(map(str, range(1, len(listed) + 1)))
        return Usage(1, token_estimate(prompt_of(past, listed)), token_estimate(f"[{answer}]"))


def overlap(history: Sequence[str], title: str) -> float:
    """How many words of the title the history has, divided by the square root of the title's words."""
    words, known = set(tokenize(title)), {word for past in history for word in tokenize(past)}
    return len(words & known) / np.sqrt(len(words)) if words else 0.0


def standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0 and standard deviation 1; zeros, where all are equal."""
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-12 else np.zeros_like(values)


def seed_of(*parts: object) -> int:
    """A seed that depends on these values alone; Python's own hash differs from run to run."""
    text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def normal(*parts: object) -> float:
    """One standard normal number that depends on these values alone."""
    return float(np.random.default_rng(seed_of(*parts)).normal())
