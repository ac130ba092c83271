"""Random lists and what their users like."""

from __future__ import annotations

from random import Random


def ranked_list(rng: Random) -> list[int]:
    """Up to seven of nine items, each once."""
    return rng.sample(range(9), rng.randrange(8))


def liked(rng: Random) -> set[int]:
    """Some of nine items; of five users about one likes nothing that was held out."""
    return {i for i in range(9) if rng.random() < 0.4} if rng.random() < 0.8 else set()


def judged(rng: Random) -> tuple[list[list[int]], list[set[int]], int]:
    """Up to four users with a list and their relevant items; k from 1 to beyond the list."""
    n = rng.randrange(1, 5)
    return [ranked_list(rng) for _ in range(n)], [liked(rng) for _ in range(n)], rng.choice([1, 2, 3, 5, 8])
