"""Random texts, as lists of words."""

from __future__ import annotations

from random import Random

WORDS = ("tent", "rope", "oven", "whisk", "a", "the")


def text(rng: Random, longest: int = 6) -> list[str]:
    """Up to six words, repeats among them; some texts are empty."""
    return rng.choices(WORDS, k=rng.randrange(longest + 1))


def texts(rng: Random) -> list[list[str]]:
    """Two to five texts, the first of which is not empty; one word is in all that are not."""
    drawn = [text(rng) for _ in range(rng.randrange(1, 5))]
    return [["a", *text(rng)], *(["a", *words] if words else [] for words in drawn)]


def weights(rng: Random) -> dict[str, float]:
    """Weights of up to six words, whole numbers: ties are common."""
    return {word: float(rng.randint(1, 4)) for word in rng.sample(WORDS, rng.randrange(1, 7))}
