"""Do mistakes of protocol change which model wins? Four of them, on real data.

MovieLens 100K (any rating counts) and MovieLens 1M (4 stars or more). Each mistake is compared with the
protocol of the book (one moment in time, every item competes, every model tuned, nothing pruned):

- split: a random split in place of one moment in time;
- sampled: the held-out item ranked among 100 sampled others in place of all;
- untuned: one side at its defaults in place of tuned with the same number of trials;
- pruned: users and items with few events dropped before the split.

A flip is a pair of models whose order turns round. It is certain when the gap under either protocol has a
95 % interval, over that protocol's users, that excludes 0; otherwise it lies within the noise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from environments import HERE
from record import ML_1M_TEST_FROM, circumstances
from tqdm import tqdm

from recsys_course import Interactions, metrics
from recsys_course.data import DatasetError, Split, load, split_by_time, split_random
from recsys_course.registry import make_model, parameters

K, N_SAMPLED, CORE, N_SEEDS = 10, 100, 20, 3
SETTINGS: dict[str, list[dict[str, Any]]] = {  # as many trials for each; the defaults come first
    "item-knn": [
        {},
        {"k": 20, "shrinkage": 0.0},
        {"k": 100, "shrinkage": 50.0},
        {"k": 200, "shrinkage": 10.0, "inverse_frequency": True},
        {"k": 400, "shrinkage": 10.0, "inverse_frequency": True},
    ],
    "user-knn": [
        {},
        {"k": 20, "shrinkage": 0.0},
        {"k": 100, "shrinkage": 10.0},
        {"k": 200, "shrinkage": 50.0},
        {"k": 400, "shrinkage": 10.0, "inverse_frequency": True},
    ],
    "implicit-als": [
        {},
        {"n_factors": 16, "reg": 10.0},
        {"n_factors": 16, "reg": 50.0},
        {"n_factors": 32, "reg": 30.0, "alpha": 5.0},
        {"n_factors": 96, "reg": 8.0, "alpha": 0.4},
    ],
    "ease": [{}, {"reg": 50.0}, {"reg": 200.0}, {"reg": 1000.0}, {"reg": 3000.0}],
    "popularity": [{}],
}
DATA: dict[str, tuple[str, Callable[[], Interactions], float | None]] = {
    "ml-100k": ("MovieLens 100K, any rating", lambda: load("ml-100k").log.binary(), None),
    "ml-1m-positives": (
        "MovieLens 1M, 4 stars or more",
        lambda: load("ml-1m-positives").log.binary(),
        ML_1M_TEST_FROM,
    ),
}
EXAMPLES = """examples:
  python benchmarks/flips.py
  python benchmarks/flips.py --data ml-100k"""

Values = dict[str, np.ndarray]  # label of a model -> (B,) a metric of each user


# ---- pieces


def per_user(model: Any, split: Split) -> np.ndarray:
    """(B,) nDCG@10 of the users with events on both sides, every item competing."""
    users = judged(split)
    ranked = model.fit(split.train).recommend(users, K)
    return metrics.ndcg(ranked, split.test.to_csr()[users], K, mean=False)


def judged(split: Split) -> np.ndarray:
    """Users with training and test events."""
    return np.intersect1d(split.train.users, split.test.users)


def tuned(name: str, split: Split, hold_out: Callable[[Interactions], Split]) -> dict[str, Any]:
    """The setting that does best on a part of the training side, held back in the same way."""
    part = hold_out(split.train)
    return max(SETTINGS[name], key=lambda setting: per_user(make_model(name, **setting), part).mean())


def core(log: Interactions, k: int) -> Interactions:
    """The events of users and items with at least k of them, dropped until that holds of all."""
    while True:
        of_user, of_item = np.bincount(log.users), np.bincount(log.items)
        kept = (of_user[log.users] >= k) & (of_item[log.items] >= k)
        if kept.all():
            return log
        log = log.take(kept)


def first_new(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """(B,) users and the first item of each after the cut: one held-out item a user."""
    order = np.argsort(split.test.times, kind="stable")
    users, first = np.unique(split.test.users[order], return_index=True)
    warm = np.isin(users, split.train.users)
    return users[warm], split.test.items[order][first][warm]


def sampled_and_full(model: Any, split: Split, n_sampled: int) -> tuple[np.ndarray, np.ndarray]:
    """(B,) nDCG@10 of one held-out item among a sample, on average over all samples, and among all."""
    users, items = first_new(split)
    seen = split.train.to_csr()[users]
    rank = metrics.full_rank(model.fit(split.train).score(users), items, excluded=seen)
    left = split.train.n_items - np.diff(seen.indptr)  # (B,) items that compete
    one = [
        metrics.expected_when_sampled("ndcg", rank[[row]], int(n), min(n_sampled, int(n) - 1), K)[0]
        for row, n in enumerate(left)
    ]
    return np.array(one), np.where(rank <= K, 1 / np.log2(rank + 1), 0.0)


# ---- gaps and flips


def gap(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Mean of the paired differences over users and half the width of its 95 % interval."""
    d = a - b
    return float(d.mean()), float(1.96 * d.std(ddof=1) / np.sqrt(len(d)))


def flips(right: Values, wrong: Values) -> list[dict[str, Any]]:
    """Pairs of models that stand in another order under the two protocols."""
    found = []
    for a, b in combinations(right, 2):
        (first, half), (second, other) = gap(right[a], right[b]), gap(wrong[a], wrong[b])
        if first * second < 0:
            winner, loser = (a, b) if first > 0 else (b, a)
            certain = abs(first) > half and abs(second) > other
            found.append({
                "better": winner, "worse": loser, "gap": abs(first), "half": half,
                "gap_wrong": -abs(second), "half_wrong": other, "certain": bool(certain),
            })  # fmt: skip
    return sorted(found, key=lambda flip: (not flip["certain"], flip["gap_wrong"]))


def compared(right: Values, wrong: Values) -> dict[str, Any]:
    """Means under both protocols, the number of pairs, and those that flip."""
    means = {name: {"right": float(right[name].mean()), "wrong": float(wrong[name].mean())} for name in right}
    n = len(right) * (len(right) - 1) // 2
    sizes = {"right": len(next(iter(right.values()))), "wrong": len(next(iter(wrong.values())))}
    return {"users": sizes, "models": means, "pairs": n, "flips": flips(right, wrong)}


# ---- the four mistakes


def board(log: Interactions, at: float | None) -> dict[str, Any]:
    """All four mistakes on one log."""

    def by_time(data: Interactions) -> Split:
        return split_by_time(data, 0.2)

    split = by_time(log) if at is None else split_by_time(log, at=at)
    bar = tqdm(total=4 * len(SETTINGS), leave=False)
    best, default, late = {}, {}, {}
    for name in SETTINGS:
        bar.set_description(f"time, {name}")
        late[name] = tuned(name, split, by_time)
        best[name] = per_user(make_model(name, **late[name]), split)
        default[name] = per_user(make_model(name), split)
        bar.update()
    result: dict[str, Any] = {"settings": {"time": late}}
    result["split"] = _split(log, best, result["settings"], bar)
    result["sampled"] = _sampled(split, late, bar)
    result["untuned"] = _untuned(best, default)
    result["pruned"] = _pruned(log, at, late, best, bar)
    bar.close()
    return result


def _split(log: Interactions, best: Values, settings: dict[str, Any], bar: tqdm) -> dict[str, Any]:
    """Tuned on a random split's own validation part; a user counts once, with the mean over the seeds."""
    splits = [split_random(log, 0.2, seed=seed) for seed in range(N_SEEDS)]
    values, spread, settings["random"] = {}, {}, {}
    for name in SETTINGS:
        bar.set_description(f"random split, {name}")
        setting = tuned(name, splits[0], lambda data: split_random(data, 0.2, seed=N_SEEDS))
        each = np.full((N_SEEDS, log.n_users), np.nan)  # (seeds, U)
        for seed, part in enumerate(splits):
            each[seed, judged(part)] = per_user(_seeded(name, setting, seed), part)
        settings["random"][name], spread[name] = setting, np.nanmean(each, axis=1).tolist()
        values[name] = each[:, ~np.isnan(each).any(axis=0)].mean(axis=0)
        bar.update()
    return compared(best, values) | {"seeds": spread}


def _seeded(name: str, setting: dict[str, Any], seed: int) -> Any:
    return make_model(name, **setting | ({"seed": seed} if "seed" in parameters(name) else {}))


def _sampled(split: Split, late: dict[str, Any], bar: tqdm) -> dict[str, Any]:
    """One held-out item a user, tuned models and those at their defaults."""
    full, sampled = {}, {}
    for name in SETTINGS:
        bar.set_description(f"sampled, {name}")
        for label, setting in ((name, late[name]), (f"{name} (defaults)", {})):
            if label == name or late[name]:  # tuning may have chosen the defaults
                sampled[label], full[label] = sampled_and_full(make_model(name, **setting), split, N_SAMPLED)
        bar.update()
    return compared(full, sampled) | {"negatives": N_SAMPLED}


def _untuned(best: Values, default: Values) -> dict[str, Any]:
    """Each tuned model against each other one at its defaults: does it win only because of that?"""
    found = []
    for ours in best:
        for name in best:
            (fair, half), (unfair, other) = gap(best[ours], best[name]), gap(best[ours], default[name])
            if ours != name and fair < 0 < unfair:
                found.append({
                    "better": name, "worse": ours, "gap": -fair, "half": half,
                    "gap_wrong": -unfair, "half_wrong": other,
                    "certain": bool(-fair > half and unfair > other),
                })  # fmt: skip
    means = {name: {"right": float(best[name].mean()), "wrong": float(default[name].mean())} for name in best}
    n = len(best) * (len(best) - 1)
    size = len(best["popularity"])
    found.sort(key=lambda flip: (not flip["certain"], flip["gap_wrong"]))
    return {"users": {"right": size, "wrong": size}, "models": means, "pairs": n, "flips": found}


def _pruned(log: Interactions, at: float | None, late: dict[str, Any], best: Values, bar: tqdm) -> Any:
    """The same settings on the dense core of the log, over the users that are left there."""
    dense = core(log, CORE)
    split = split_by_time(dense, 0.2) if at is None else split_by_time(dense, at=at)
    values = {}
    for name in SETTINGS:
        bar.set_description(f"pruned, {name}")
        values[name] = per_user(make_model(name, **late[name]), split)
        bar.update()
    left = {"events": len(dense), "users": len(np.unique(dense.users)), "items": len(np.unique(dense.items))}
    return compared(best, values) | {"core": CORE, "left": left}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA), help="logs")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for flips.json")
    how = parser.parse_args(arguments)
    boards = {}
    try:
        for name in how.data:
            about, log_of, at = DATA[name]
            log = log_of()
            boards[name] = {"about": about, "events": len(log), "sha256": log.fingerprint()} | board(log, at)
    except DatasetError as error:
        parser.error(str(error))
    trials = {name: len(settings) for name, settings in SETTINGS.items()}
    report = circumstances() | {"protocol": (__doc__ or "").strip(), "trials": trials, "boards": boards}
    how.out.mkdir(parents=True, exist_ok=True)
    path = how.out / "flips.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
