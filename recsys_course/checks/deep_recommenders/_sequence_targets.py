"""A history as inputs and targets: at every place, the item that comes next."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def history(rng: Random) -> tuple[list[int], int]:
    """Up to nine items, some of them again, and a window that may be longer or shorter."""
    return [rng.randrange(6) for _ in range(rng.randrange(10))], rng.randint(1, 6)


@check(
    by_hand=[
        Case(
            ([4, 0, 7], 4),
            ([-1, -1, 4, 0], [-1, -1, 0, 7]),
            "after 4 comes 0, after 0 comes 7, and nothing is known after 7: two pairs, padded on the left",
        ),
        Case(
            ([1, 2, 3, 4, 5], 2),
            ([3, 4], [4, 5]),
            "two places take the three most recent items: the first of them is an input alone",
        ),
        Case(
            ([5], 2),
            ([-1, -1], [-1, -1]),
            "one item has nothing before it and nothing after it: only padding",
        ),
        Case(([0, 0, 0], 2), ([0, 0], [0, 0]), "item 0 is an item; padding is -1"),
        Case(([], 1), ([-1], [-1]), "no history: only padding"),
    ],
    at_random=history,
    slips=[
        Slip(
            "the targets are the inputs themselves: a model learns to repeat what it is given; shift by one",
            ("recent[:-1], recent[1:]", "recent[1:], recent[1:]"),
        ),
        Slip(
            "you lost the oldest pair: `length` places take `length + 1` items",
            ("-(length + 1) :", "-length:"),
        ),
        Slip(
            "you kept the oldest items: the next one hangs on the most recent ones",
            ("history[-(length + 1) :]", "history[: length + 1]"),
        ),
        Slip(
            "the padding is on the right: then the most recent item stands at another place in every row",
            ("padding + inputs, padding + targets", "inputs + padding, targets + padding"),
        ),
        Slip("0 is an item: the padding is -1", ("[-1]", "[0]")),
        Slip(
            "inputs and targets are the wrong way round: from what was met to what came next",
            ("return padding + inputs, padding + targets", "return padding + targets, padding + inputs"),
        ),
        Slip(
            "the newest item comes first in yours: oldest first, as in the history",
            ("padding + inputs, padding + targets", "padding + inputs[::-1], padding + targets[::-1]"),
        ),
    ],
    then="the last item of every user is held out for the test: what do you pass to this function?",
)
def sequence_targets(history: list[int], length: int) -> tuple[list[int], list[int]]:
    """Items, oldest first -> `length` inputs and as many targets, padded on the left with -1."""
    recent = history[-(length + 1) :]
    inputs, targets = recent[:-1], recent[1:]
    padding = [-1] * (length - len(inputs))
    return padding + inputs, padding + targets
