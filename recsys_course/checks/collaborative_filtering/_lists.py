"""Random histories, as lists."""

from __future__ import annotations

from random import Random


def histories(rng: Random) -> list[list[int]]:
    """Two to five users with up to five clicks each, repeats among them."""
    codes = [0, 3, 8, 9, 17]  # with gaps: a set of them does not come out sorted
    return [rng.choices(codes, k=rng.randrange(6)) for _ in range(rng.randrange(2, 6))]
