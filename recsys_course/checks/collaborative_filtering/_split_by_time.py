"""A split that lets nothing of the future into the training part."""

from __future__ import annotations

import random

from recsys_course.checks.engine import Case, Slip, check

Event = tuple[int, int, int]  # user, item, time


def log_and_cut(rng: random.Random) -> tuple[list[Event], int]:
    """Up to fourteen events in no order of time, several at the cut."""
    events = [(rng.randrange(4), rng.randrange(4), rng.randrange(8)) for _ in range(rng.randrange(15))]
    return events, rng.choice([time for *_, time in events] or [5])


@check(
    by_hand=[
        Case(
            ([(0, 0, 1), (1, 0, 9), (1, 1, 2), (0, 1, 5), (0, 0, 4)], 5),
            ([(0, 0, 1), (1, 1, 2), (0, 0, 4)], [(1, 0, 9), (0, 1, 5)]),
            "events before time 5 are for training; the one at 5 is already the future",
        ),
        Case(
            ([(0, 0, 1), (2, 0, 7), (0, 3, 8), (0, 0, 9)], 5),
            ([(0, 0, 1)], [(0, 0, 9)]),
            "user 2 and item 3 do not occur before the cut: a model fitted there knows neither",
        ),
        Case(
            ([(0, 0, 6), (1, 1, 8)], 5), ([], []), "nothing is known before the cut, so nothing can be judged"
        ),
    ],
    at_random=log_and_cut,
    slips=[
        Slip(
            "an event at the very moment of the cut is in the training part: train on what is earlier",
            ("if e[2] < cut", "if e[2] <= cut"),
            ("if e[2] >= cut", "if e[2] > cut"),
        ),
        Slip(
            "events at the cut are in both parts: they belong to the test",
            ("if e[2] < cut", "if e[2] <= cut"),
        ),
        Slip(
            "events at the cut are in neither part: they belong to the test",
            ("if e[2] >= cut", "if e[2] > cut"),
        ),
        Slip(
            "you cut each user's history by itself: what others did later stays in the training part",
            (
                "    train = [e for e in events if e[2] < cut]",
                "    last = {e[0]: e for e in sorted(events, key=lambda e: e[2])}\n"
                "    train = [e for e in events if e != last[e[0]]]",
            ),
            ("if e[2] >= cut", "if e == last[e[0]]"),
        ),
        Slip(
            "you split at random: the training part then holds events later than those of the test",
            (
                "    train = [e for e in events if e[2] < cut]",
                "    rng = random.Random(0)\n"
                "    held = [rng.random() < 0.2 for e in events]\n"
                "    train = [e for e, h in zip(events, held) if not h]",
            ),
            (
                "future = [e for e in events if e[2] >= cut]",
                "future = [e for e, h in zip(events, held) if h]",
            ),
        ),
        Slip(
            "you took the last rows of the list: the log is in no order of time, so look at the times",
            ("[e for e in events if e[2] < cut]", "events[: int(len(events) * 0.8)]"),
            ("[e for e in events if e[2] >= cut]", "events[int(len(events) * 0.8) :]"),
        ),
        Slip(
            "you took the known users and items from the whole log: what is fitted, "
            "even a list of who is known, may see the training part alone",
            ("for user, _, _ in train", "for user, _, _ in events"),
            ("for _, item, _ in train", "for _, item, _ in events"),
        ),
        Slip(
            "a user without an event before the cut is in your test: the model cannot know them",
            ("e[0] in users and ", ""),
        ),
        Slip(
            "an item without an event before the cut is in your test: the model cannot know it",
            (" and e[1] in items", ""),
        ),
    ],
    then="how would you judge a model on the users and items that you dropped here?",
)
def split_by_time(events: list[Event], cut: int) -> tuple[list[Event], list[Event]]:
    """(user, item, time) events -> train, before the cut, and test, from it on, of what train knows."""
    train = [e for e in events if e[2] < cut]
    users = {user for user, _, _ in train}
    items = {item for _, item, _ in train}
    future = [e for e in events if e[2] >= cut]
    return train, [e for e in future if e[0] in users and e[1] in items]
