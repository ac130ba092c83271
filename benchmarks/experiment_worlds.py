"""Experiments in simulated platforms: interleaving, a shared supply, offline up and online flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from recsys_course import metrics, split_by_time
from recsys_course.data.world import SCENARIOS, World, make_world
from recsys_course.data.world.scenarios import Mix
from recsys_course.evaluation.experiment import (
    SharedSupply,
    TeamDraft,
    assign_blocks,
    block_of,
    compare_means,
    compare_ratios,
    credit,
    sign_test,
    switchback_effect,
    winners,
)
from recsys_course.evaluation.significance import paired_t
from recsys_course.neighbors import ItemKNN, UserKNN

Row = dict[str, Any]


# ---- interleaving against A/B


def interleaving(scale: float) -> Iterator[Row]:
    """How often each method finds the better ranker, by number of users.

    The unit is a user's week. Users come between never and dozens of times, so clicks *per
    user* vary much more than clicks *per visit*; interleaving compares within the user.
    """
    world = make_world("shop", n_users=2000, n_items=500, n_exposures=50_000, seed=0)
    a = ranked_with_noise(world, 1.0, seed=1)
    rivals = {"the same ranker": a} | {
        f"noise {x:g}": ranked_with_noise(world, x, seed=2) for x in (0.8, 0.6)
    }
    for name, b in rivals.items():
        pool = weeks(world, a, b, n_weeks=max(12, int(40 * scale)))
        row: Row = {"control": "noise 1", "treatment": name, "users_in_pool": len(pool["won"])}
        row |= {"value_a": world.policy_value(a), "value_b": world.policy_value(b)}
        yield row | {"share_of_ties": float((pool["won"] == 0).mean()), "found": found_by_size(pool, scale)}


def ranked_with_noise(world: World, noise: float, seed: int) -> np.ndarray:
    """(U, 20) items by true utility plus noise: the less noise, the better the ranker."""
    utility = world.utility(np.arange(world.n_users)[:, None], np.arange(world.n_items))
    shaken = utility + noise * np.random.default_rng(seed).normal(size=utility.shape)
    return np.argsort(-shaken, axis=1)[:, :20]


def weeks(world: World, a: np.ndarray, b: np.ndarray, n_weeks: int) -> dict[str, np.ndarray]:
    """A row a user and week: clicks and visits under a, under b, and who won when interleaved."""
    clicks_a, clicks_b, won = [], [], []
    for week in range(n_weeks):
        for policy, rows, start in ((a, clicks_a, 0), (b, clicks_b, 10_000)):
            slates = world.run(policy, n_rounds=7, seed=start + week)
            rows.append(per_user(slates.users, slates.clicks.sum(axis=1), np.ones(len(slates))))
        draft = TeamDraft(lambda u, n: a[u, :n], lambda u, n: b[u, :n], depth=1, seed=week)
        slates = world.run(draft, n_rounds=7, seed=20_000 + week)
        won.append(winners(per_user(slates.users, *credit(draft.teams_, slates.clicks).T)))
    return {"a": np.concatenate(clicks_a), "b": np.concatenate(clicks_b), "won": np.concatenate(won)}


def per_user(users: np.ndarray, *values: np.ndarray) -> np.ndarray:
    """(V,) users of visits and values -> (users who came, values) sums."""
    came = np.bincount(users) > 0
    return np.stack([np.bincount(users, value)[came] for value in values], axis=1)


SIZES = (100, 200, 400, 800, 1600, 3200, 6400, 12800)
METHODS = ("ab_clicks_per_user", "ab_clicks_per_visit", "interleaving")


def found_by_size(pool: dict[str, np.ndarray], scale: float) -> list[Row]:
    """Share of tests of so many users with p < 0.05 in favour of b; an A/B test has half in each arm.

    All tests draw from one pool, so those of the largest size share a fifth of their users.
    """
    rng, n, rows = np.random.default_rng(5), max(10, int(400 * scale)), []
    for size in SIZES:
        found: dict[str, int] = dict.fromkeys(
            ("ab_clicks_per_user", "ab_clicks_per_visit", "interleaving"), 0
        )
        for _ in range(n):
            a, b = (rng.choice(pool[arm], size // 2, replace=False) for arm in "ab")
            per_head, per_visit = compare_means(a[:, 0], b[:, 0]), compare_ratios(*a.T, *b.T)
            verdict = sign_test(rng.choice(pool["won"], size, replace=False))
            found["ab_clicks_per_user"] += per_head.p < 0.05 and per_head.difference > 0
            found["ab_clicks_per_visit"] += per_visit.p < 0.05 and per_visit.difference > 0
            found["interleaving"] += verdict.p < 0.05 and verdict.b > verdict.a
        rows.append({"users": size, "repeats": n} | {name: hits / n for name, hits in found.items()})
    return rows


# ---- a shared supply


def interference(scale: float) -> dict[str, Any]:
    """One market, the truth by Erlang's formula, and what tests by user and by time find."""
    market, repeats = SharedSupply(), max(4, int(400 * scale))
    rows = [summary("by user", [by_user(market, seed) for seed in range(repeats)], market)]
    for length in (0.5, 1.0, 2.0, 4.0, 8.0):
        for burn_in in (0.0, 1.0):
            if burn_in < length:
                name = f"blocks of {length:g} h" + (f", first {burn_in:g} h left out" if burn_in else "")
                tests = [by_time(market, length, burn_in, seed) for seed in range(repeats)]
                rows.append(summary(name, tests, market) | {"length": length, "burn_in": burn_in})
    return {
        "market": vars(market), "hours": HOURS, "true_effect": market.true_effect,
        "user_split_effect": market.user_split_effect, "designs": rows,
    }  # fmt: skip


HOURS = 160.0  # of every test, whatever its design


def by_user(market: SharedSupply, seed: int) -> Any:
    coins = np.random.default_rng([7, seed])
    visits = market.run(HOURS, lambda hours: coins.integers(2, size=len(hours)), seed=seed)
    return compare_means(visits.ordered[visits.arms == 0], visits.ordered[visits.arms == 1])


def by_time(market: SharedSupply, length: float, burn_in: float, seed: int) -> Any:
    arms = assign_blocks(int(HOURS / length), seed)
    visits = market.run(HOURS, lambda hours: arms[block_of(hours, length)], seed=seed)
    return switchback_effect(visits.hours, visits.ordered, arms, length, burn_in)


def summary(name: str, tests: list[Any], market: SharedSupply) -> Row:
    found = np.array([t.difference for t in tests])
    held = [t.low <= market.true_effect <= t.high for t in tests]
    return {
        "design": name, "mean": float(found.mean()), "sd": float(found.std(ddof=1)),
        "standard_error": float(found.std(ddof=1) / np.sqrt(len(found))),
        "bias": float(found.mean() - market.true_effect), "coverage": float(np.mean(held)),
        "repeats": len(tests),
    }  # fmt: skip


# ---- offline up, online flat


def offline_online(scale: float) -> Iterator[Row]:
    """A model that repeats the old policy, against ItemKNN: nDCG on the log and true value, by seed."""
    for seed in range(max(2, int(10 * scale))):
        world = make_world("shop", n_users=1500, n_items=500, n_exposures=150_000, seed=seed)
        train, test = split_by_time(world.log, 0.2)
        judged = np.unique(test.users)
        relevant = test.to_csr()[judged]
        lists = candidates(world, train)
        fair = on_random_slates(lists, train, seed)
        ndcg = {name: metrics.ndcg(top[judged], relevant, k=10, mean=False) for name, top in lists.items()}
        for name, top in lists.items():
            gap = paired_t(ndcg[name], ndcg["ItemKNN"])
            yield {
                "seed": seed, "model": name, "ndcg@10": float(ndcg[name].mean()), "p_against_item_knn": gap.p,
                "ndcg@10_random_slates": fair[name], "value": world.policy_value(top),
            }  # fmt: skip


def on_random_slates(lists: dict[str, np.ndarray], train: Any, seed: int) -> dict[str, float]:
    """nDCG of the lists on clicks of the same people, before slates drawn at random."""
    anything = Mix(0.0, 0.0, 0.0, 1.0)
    shop = replace(SCENARIOS["shop"], top=anything, bottom=anything)
    world = make_world(shop, n_users=1500, n_items=500, n_exposures=300_000, seed=seed)
    relevant = world.log.to_csr()
    relevant = relevant - relevant.multiply(train.to_csr() > 0)  # met in training: cannot be recommended
    relevant.eliminate_zeros()
    judged = np.flatnonzero(np.diff(relevant.indptr))
    return {name: metrics.ndcg(top[judged], relevant[judged], k=10) for name, top in lists.items()}


def candidates(world: World, train: Any) -> dict[str, np.ndarray]:
    """(U, 10) lists without what was clicked in training."""
    everybody, seen = np.arange(world.n_users), train.to_csr().toarray() > 0
    pairs = everybody[:, None], np.arange(world.n_items)
    shown = sum(world.propensity(*pairs, position=k) for k in range(1, world.scenario.slate_size + 1))

    def ranked(scores: np.ndarray) -> np.ndarray:
        return np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :10]

    fitted = {"ItemKNN": ItemKNN(k=50, shrinkage=5), "UserKNN": UserKNN(k=50, shrinkage=5)}
    lists = {name: m.fit(train).recommend(everybody, n=10, cold="popular") for name, m in fitted.items()}
    return lists | {"old policy": ranked(shown), "true taste": ranked(world.utility(*pairs))}
