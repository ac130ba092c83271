"""Random answers of a ranker with a weakness for the first places."""

from __future__ import annotations

from random import Random


def asked(rng: Random) -> tuple[list[list[int]], list[list[int]]]:
    """A few orders in which the candidates were shown, and the places that came back, best first."""
    n = rng.randrange(2, 6)
    shown = [rng.sample(range(n), n) for _ in range(rng.randrange(1, 5))]
    answers = [sorted(range(n), key=lambda place: place + rng.random() * n) for _ in shown]
    return shown, answers
