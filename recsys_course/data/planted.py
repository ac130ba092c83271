"""Tiny logs with a known right answer, rectangular so that a transpose crashes."""

from __future__ import annotations

import numpy as np

from recsys_course.interactions import Interactions


def two_tribes(n_users: int = 20, n_items: int = 12, held: int = 1) -> tuple[Interactions, np.ndarray]:
    """Two groups of users that like disjoint halves of the catalogue.

    Args:
        n_users: even users belong to tribe 0, odd ones to tribe 1.
        n_items: the first half is tribe 0's, the second tribe 1's.
        held: items of the own half that each user has not met yet, at least 1.

    Returns:
        the log, and (U,) the tribe of each user: whoever learns anything recommends
        every user an unmet item of the own tribe before any of the other's.

    Raises:
        ValueError: a tribe would have nothing left to meet, or nothing met.
    """
    tribe = np.arange(n_users) % 2
    half = n_items // 2
    if not 1 <= held < half:
        raise ValueError(f"held: {held}; expected 1..{half - 1}, less than the {half} items of a tribe")
    users, items = [], []
    for u in range(n_users):
        own = np.arange(half) + half * tribe[u]
        unmet = (u // 2 + np.arange(held)) % half
        kept = np.delete(own, unmet)
        users += [u] * len(kept)
        items += kept.tolist()
    times = np.arange(len(users))
    return Interactions(np.array(users), np.array(items), n_users, n_items, times=times), tribe
