"""New slates before the same people: what a policy is worth, and what it gets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recsys_course.compiled import chunks
from recsys_course.data.world.feedback import History, Truth, answer
from recsys_course.data.world.items import DAY
from recsys_course.data.world.sessions import Slates

CELLS_AT_ONCE = 2**20


class Contexts(NamedTuple):
    """(C,) who comes, when, and before which slate of the log (inf: after all of it)."""

    users: np.ndarray
    times: np.ndarray
    slates: np.ndarray


def expected_clicks(truth: Truth, history: History, policy: Any, contexts: Contexts, n: int) -> np.ndarray:
    """(C,) expected clicks on a slate of n in each context: the inner sums of (W.10)."""
    values = np.empty(len(contexts.users))
    width = len(truth.items) if hasattr(policy, "probabilities") else n
    for a, b in chunks(len(values), max(1, CELLS_AT_ONCE // width)):
        batch = Contexts(*(column[a:b, None] for column in contexts))  # (B, 1)
        values[a:b] = _expected(truth, history, policy, batch, n)
    return values


def _expected(truth: Truth, history: History, policy: Any, x: Contexts, n: int) -> np.ndarray:
    """(B,) the same for one batch."""
    positions = np.arange(1, n + 1)
    if hasattr(policy, "probabilities"):
        chance = np.asarray(policy.probabilities(x.users[:, 0]))  # (B, I)
        items = np.arange(len(truth.items))[None]
        utility = truth.utility(x.users, items, x.times)
        click = truth.click(utility, 1, history.before(x.users, items, x.slates))
        return (chance * click).sum(axis=1) * truth.examination(positions).sum()
    items = ask(policy, x.users[:, 0], n, len(truth.items))[0]  # (B, n)
    shown = np.maximum(items, 0)
    utility = truth.utility(x.users, shown, x.times)
    click = truth.click(utility, positions, history.before(x.users, shown, x.slates))
    return (click * (items >= 0)).sum(axis=1)


def one_round(
    truth: Truth,
    history: History,
    policy: Any,
    people: np.ndarray,
    n: int,
    size: int,
    start: float,
    rng: np.random.Generator,
) -> tuple[Slates, History]:
    """``size`` of the people come in the day from ``start``; their slates, and the history after."""
    weight = truth.users.activity[people]
    users = rng.choice(people, size=size, p=weight / weight.sum()).astype(np.int32)
    times = (start + DAY * np.sort(rng.random(size))).astype(np.int64)
    items, chance = ask(policy, users, n, len(truth.items))
    clicks, purchases, ratings = answer(truth, users, items, times, history, rng)
    slates = Slates(users, times, np.arange(size), items, chance, clicks, purchases, ratings)
    slate, _ = np.nonzero(clicks)
    return slates, history.and_also(users[slate], items[clicks])


def ask(policy: Any, users: np.ndarray, n: int, n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """A policy's (B, n) items, checked, and their (B, n) propensities, NaN if it names none.

    Raises:
        ValueError: the policy gave another shape, no integers, or an item outside -1..I-1.
    """
    if hasattr(policy, "recommend"):
        given: Any = policy.recommend(users, n)
    elif callable(policy):
        given = policy(users, n)
    else:
        given = np.asarray(policy)[users, :n]
    items, chance = given if isinstance(given, tuple) else (given, np.nan)
    items = np.asarray(items)
    if items.shape != (len(users), n) or not np.issubdtype(items.dtype, np.integer):
        got, wanted = f"{items.dtype} of shape {items.shape}", f"item codes of shape {(len(users), n)}"
        raise ValueError(f"policy: gave {got}; expected {wanted}")
    if items.min() < -1 or items.max() >= n_items:
        raise ValueError(f"policy: gave items {items.min()}..{items.max()}; expected -1..{n_items - 1}")
    return items.astype(np.int32), np.broadcast_to(chance, items.shape).astype(float)
