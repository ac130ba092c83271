"""Items, users, logging policy, sessions, feedback: a world from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np

from recsys_course.compiled import chunks
from recsys_course.data.world.feedback import History, Truth, answer
from recsys_course.data.world.items import Items, make_items, unit
from recsys_course.data.world.logging import LoggingPolicy
from recsys_course.data.world.scenarios import Scenario, scenario_named
from recsys_course.data.world.sessions import Slates, draw_visits
from recsys_course.data.world.users import Users, blend, make_users
from recsys_course.data.world.world import World
from recsys_course.progress import progress

SLATES_AT_ONCE = 65_536


def make_world(
    scenario: str | Scenario = "shop",
    n_users: int = 2000,
    n_items: int = 1000,
    n_exposures: int = 200_000,
    seed: int = 0,
) -> World:
    """A simulated platform whose truth can be asked.

    Args:
        scenario: shop, social, music, news, ads or courses; or a :class:`.Scenario`.
        n_users, n_items: U and I, at least 1.
        n_exposures: items shown in the log, rounded up to whole slates.
        seed: the same seed gives the same world.

    Raises:
        ValueError: an unknown scenario, a size below 1, or too few items for a scenario
            whose items leave the catalogue.

    Cost: O(N log N) time for N exposures, about 150 bytes an exposure at the peak.
    """
    scenario = scenario_named(scenario)
    check_sizes(scenario, n_users, n_items, n_exposures, seed)
    for_items, for_users = streams(seed)[:2]
    items = make_items(scenario, n_items, for_items)
    users = make_users(scenario, n_users, for_users)
    return simulate(scenario, items, users, n_exposures, seed)


def simulate(scenario: Scenario, items: Items, users: Users, n_exposures: int, seed: int) -> World:
    """The log of given items and users: policy, then visits, then slates, then answers."""
    _, _, for_policy, for_visits, for_slates, for_answers = streams(seed)
    policy = LoggingPolicy(scenario, items, users, for_policy)
    n_slates = -(-n_exposures // scenario.slate_size)  # rounded up
    who, times, sessions = draw_visits(scenario, users, n_slates, for_visits)
    shown, chance = _show(policy, who, times, for_slates)
    truth = Truth(scenario, items, users)
    clicks, purchases, ratings = answer(truth, who, shown, times, None, for_answers)
    slates = Slates(who, times, sessions, shown, chance, clicks, purchases, ratings)
    return World(truth, policy, slates, History.of(len(items), who, shown, clicks), seed)


def _show(
    policy: LoggingPolicy, users: np.ndarray, times: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(S,) users and times, in order -> (S, K) items and their propensities (W.4)."""
    positions = np.arange(1, len(policy.mix) + 1)
    shape = (len(users), len(positions))
    items, chance = np.empty(shape, dtype=np.int32), np.empty(shape)
    batches = list(_batches(policy.periods(times)))
    for period, a, b in progress(batches, "showing slates", unit="batch"):
        items[a:b] = policy.sample(users[a:b], period, rng)
        chance[a:b] = policy.propensity(users[a:b, None], items[a:b], positions, period)
    return items, chance


def _batches(periods: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(period, start, stop) of runs of equal periods, none longer than SLATES_AT_ONCE."""
    edges = np.flatnonzero(np.r_[True, np.diff(periods) != 0, True])
    for start, stop in pairwise(edges):
        for a, b in chunks(int(stop - start), SLATES_AT_ONCE):
            yield int(periods[start]), int(start + a), int(start + b)


def make_world_pair(
    relatedness: float = 0.5,
    share: Literal["users", "items"] = "users",
    scenarios: tuple[str | Scenario, str | Scenario] = ("shop", "courses"),
    n_users: int = 2000,
    n_items: int = 1000,
    n_exposures: int = 200_000,
    seed: int = 0,
) -> tuple[World, World]:
    r"""Two platforms that share people or things, and a chosen part of taste.

    What the two have in common is blended with what is new, :math:`r x + \sqrt{1-r^2}\, y`:

    - share="users": the same people (age, region, activity) on two platforms; r blends
      their tastes for topics, so the tastes correlate as r. Catalogues differ.
    - share="items": the same catalogue (texts, prices, pictures) before two audiences;
      r blends the items' appeal and quality, so what they mean to people correlates as r.
      Both platforms are then the first of ``scenarios``.

    Args:
        relatedness: r in 0..1. share: "users" or "items". scenarios: first and second.
        n_users, n_items, n_exposures, seed: as :func:`make_world`, for each of the two.

    Raises:
        ValueError: r outside 0..1, another ``share``, or as make_world.
    """
    if not 0 <= relatedness <= 1:
        raise ValueError(f"relatedness: {relatedness}; expected a number in 0..1")
    if share not in ("users", "items"):
        raise ValueError(f"share: {share!r}; expected 'users' or 'items'")
    one, two = scenario_named(scenarios[0]), scenario_named(scenarios[1])
    first = make_world(one, n_users, n_items, n_exposures, seed)
    # a seed of its own for the second world, that no plain seed gives
    second = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
    for_items, for_users = streams(second)[:2]
    if share == "users":
        items = make_items(two, n_items, for_items)
        users = _same_people(two, first.users, make_users(two, n_users, for_users), relatedness)
        return first, simulate(two, items, users, n_exposures, second)
    items = _same_catalogue(one, first.items, make_items(one, n_items, for_items), relatedness)
    users = make_users(one, n_users, for_users)
    return first, simulate(one, items, users, n_exposures, second)


def _same_people(scenario: Scenario, old: Users, new: Users, r: float) -> Users:
    taste = blend(old.taste, new.taste, r)
    return replace(new, age=old.age, region=old.region, activity=old.activity, taste=taste)


def _same_catalogue(scenario: Scenario, old: Items, new: Items, r: float) -> Items:
    z = blend(old.z, new.z, r)
    return replace(
        old,
        z=z,
        appeal=unit(blend(old.appeal, new.appeal, r)),
        popularity=np.exp(scenario.popularity_spread * z),
        quality=blend(old.quality, new.quality, r),
    )


def streams(seed: int) -> list[np.random.Generator]:
    """Six independent sources of chance: items, users, policy, visits, slates, answers."""
    return [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]


def check_sizes(scenario: Scenario, n_users: int, n_items: int, n_exposures: int, seed: int) -> None:
    """Refuse sizes that make no world."""
    sizes = {"n_users": n_users, "n_items": n_items, "n_exposures": n_exposures}
    for name, value in sizes.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name}: {value!r}; expected a whole number of at least 1")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed: {seed!r}; expected a whole number of 0 or more")
