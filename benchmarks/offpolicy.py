"""Off-policy estimates against the truth: many simulated logs, and two real ones.

    python benchmarks/offpolicy.py

writes benchmarks/results/offpolicy.json: aggregated numbers only. The real logs (Open Bandit, Coat) are read
from RECSYS_COURSE_DATA; without them it stops and says so, or leaves them out with --simulated-only.
"""

from __future__ import annotations

import argparse
import json
import platform
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from tqdm import tqdm

import recsys_course
from recsys_course.baselines import DampedMeans
from recsys_course.data import DatasetError, load_coat, load_open_bandit, split_random
from recsys_course.data.logged import LOGGED
from recsys_course.data.world import SCENARIOS, make_world
from recsys_course.evaluation.offpolicy import (
    Estimate,
    OverlapWarning,
    TablePolicy,
    clipped_ips,
    cross_fitted_means,
    direct_method,
    doubly_robust,
    estimate_propensities,
    ips,
    self_normalised_ips,
)
from recsys_course.factorization import ALS, FunkSVD

OUT = Path(__file__).parent / "results" / "offpolicy.json"
N_USERS, N_ITEMS, N_LINES, N_SEEDS = 200, 30, 2000, 200
FIRST_SEED = 10_000  # other worlds than those of the tests
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the draws that the sharp policy makes in the target
CLIPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
TEMPERATURE = 0.5
USERS, ITEMS = np.arange(N_USERS)[:, None], np.arange(N_ITEMS)
_SHOP = SCENARIOS["shop"]
SCENARIO = replace(_SHOP, launched_before=1.0, slate_size=1, bottom=_SHOP.top)  # one item a line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="simulated logs (default: %(default)s)")
    parser.add_argument("--simulated-only", action="store_true", help="leave the real logs out")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    if args.seeds < 2:
        parser.error(f"--seeds: {args.seeds}; expected at least 2")
    result: dict[str, Any] = {"about": about(args.seeds)}
    try:
        if not args.simulated_only:
            result |= {"open_bandit": open_bandit(), "coat": coat()}
    except DatasetError as error:
        parser.error(str(error))
    result["simulated"] = simulated(range(FIRST_SEED, FIRST_SEED + args.seeds))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rounded(result), indent=1) + "\n")
    print(f"{args.out}: {args.seeds} simulated logs" + ("" if args.simulated_only else ", Open Bandit, Coat"))


# ---- simulated


def simulated(seeds: range) -> dict[str, Any]:
    """Bias, error and coverage by share of the sharp policy and by estimator."""
    trials: dict[str, dict[str, list[list[float]]]] = {}
    for seed in tqdm(seeds, desc="worlds"):
        for share, found in one_world(seed).items():
            for name, row in found.items():
                trials.setdefault(f"{share:g}", {}).setdefault(name, []).append(row)
    by_share = {
        share: {name: summed_up(np.array(rows)) for name, rows in by.items()} for share, by in trials.items()
    }
    sizes = {"lines": N_LINES, "users": N_USERS, "items": N_ITEMS, "temperature": TEMPERATURE}
    return sizes | {"by_share": by_share}


def one_world(seed: int) -> dict[float, dict[str, list[float]]]:
    """Each share of the sharp policy: [error, standard error, covered, effective lines] by estimator."""
    world = make_world(SCENARIO, N_USERS, N_ITEMS, N_LINES, seed=seed)
    log = TablePolicy(world.propensity(USERS, ITEMS))
    sharp = TablePolicy.softmax(world.utility(USERS, ITEMS), TEMPERATURE)
    s = world.slates
    u, a, r, p = s.users, s.items[:, 0], s.clicks[:, 0].astype(float), s.propensities[:, 0]
    seen = world.history.before(u[:, None], ITEMS, np.arange(len(a))[:, None])
    right = world.click_probability(u[:, None], ITEMS, 1, s.times[:, None], seen)  # (N, I)
    models = {"wrong model": cross_fitted_means(a, r, N_ITEMS), "right model": right}
    others = {
        "uniform p": np.full(len(p), 1 / N_ITEMS),
        "p by item": estimate_propensities(a, N_ITEMS)[0, a],
        "p by user and item": estimate_propensities(a, N_ITEMS, u)[u, a],
    }
    result = {}
    for share in SHARES:
        target = log.blend(sharp, share)
        truth = world.policy_value(target, over="log")
        found = estimates(r, p, target.chance(u, a), a, target.probabilities(u), models, others)
        found["click rate of the log"] = ips(r, p, p)  # what counting clicks says of any policy
        result[share] = {
            name: [e.value - truth, e.standard_error, e.covers(truth), e.effective_sample_size, truth]
            for name, e in found.items()
        }
    return result


def estimates(
    r: np.ndarray,
    p: np.ndarray,
    pi: np.ndarray,
    a: np.ndarray,
    chances: np.ndarray,
    models: dict[str, np.ndarray],
    others: dict[str, np.ndarray],
) -> dict[str, Estimate]:
    """Every estimator on one log: (N,) columns, (N, I) chances and models, (N,) other propensities."""
    lines = np.arange(len(a))
    sides = {name: (q[lines, a], (chances * q).sum(axis=1)) for name, q in models.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverlapWarning)  # the effective sample size is in the result
        found = {"IPS": ips(r, p, pi), "SNIPS": self_normalised_ips(r, p, pi)}
        found |= {f"clipped at {clip:g}": clipped_ips(r, p, pi, clip) for clip in CLIPS}
        for name, (q, q_pi) in sides.items():
            found |= {
                f"DM, {name}": direct_method(q_pi),
                f"DR, {name}": doubly_robust(r, p, pi, q, q_pi),
                f"self-normalised DR, {name}": doubly_robust(r, p, pi, q, q_pi, self_normalised=True),
                f"DR, {name}, uniform p": doubly_robust(r, others["uniform p"], pi, q, q_pi),
            }
        found |= {f"IPS, {name}": ips(r, guess, pi) for name, guess in others.items()}
        found |= {f"SNIPS, {name}": self_normalised_ips(r, guess, pi) for name, guess in others.items()}
    return found


def summed_up(rows: np.ndarray) -> dict[str, float]:
    """(seeds, 5) -> bias with its standard error, RMSE, claimed error, coverage, effective lines, truth."""
    errors = rows[:, 0]
    return {
        "bias": errors.mean(), "bias_se": errors.std(ddof=1) / np.sqrt(len(rows)),
        "sd": errors.std(ddof=1), "rmse": np.sqrt((errors**2).mean()), "claimed_se": rows[:, 1].mean(),
        "coverage": rows[:, 2].mean(), "ess": rows[:, 3].mean(), "truth": rows[:, 4].mean(),
    }  # fmt: skip


# ---- Open Bandit


def open_bandit() -> dict[str, Any]:
    """Each policy's click rate from the other's log, beside the rate in its own log."""
    return {campaign: crossed(campaign) for campaign in ("men", "women")}


def crossed(campaign: Any) -> dict[str, Any]:
    uniform, bts = load_open_bandit("random", campaign), load_open_bandit("bts", campaign)
    A = uniform.n_actions
    # The sampler's chances change over the days; its mean policy is the frequency at each position.
    mean_policy = estimate_propensities(bts.actions, A, bts.positions - 1)  # (3, A)
    targets: dict[str, tuple[Any, Callable[[Any], np.ndarray]]] = {
        "random from bts": (bts, lambda log: np.full(len(log), 1 / A)),
        "bts from random": (uniform, lambda log: mean_policy[log.positions - 1, log.actions]),
    }
    on_policy = {"random": uniform, "bts": bts}
    result: dict[str, Any] = {"items": A}
    for name, (log, chance) in targets.items():
        r, p, pi = log.rewards, log.propensities, chance(log)
        found = {"IPS": ips, "SNIPS": self_normalised_ips, "clipped at 10": clipped_ips}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OverlapWarning)
            rows = {label: asdict(estimator(r, p, pi)) for label, estimator in found.items()}
        own = on_policy[name.split()[0]]
        result[name] = {
            "on_policy": asdict(ips(own.rewards, own.propensities, own.propensities)),
            "log_clicks": float(r.sum()), "largest_weight": float((pi / p).max()),
            "mean_weight": float((pi / p).mean()), "estimates": rows,
        }  # fmt: skip
    return result


# ---- Coat


def coat() -> dict[str, Any]:
    """Squared error of rating models: on held-out chosen ratings, weighted, and on random items."""
    data = load_coat()
    models = {
        "damped means": lambda: DampedMeans(),
        "FunkSVD": lambda: FunkSVD(n_factors=10),
        "ALS": lambda: ALS(n_factors=8, reg=0.2),
    }
    rows: dict[str, list[list[float]]] = {name: [] for name in models}
    for seed in range(20):
        train, held = split_random(data.data.log, 0.25, seed=seed)
        p = data.propensities[held.users, held.items]
        for name, make in models.items():
            model = make().fit(train)
            errors = (model.predict(held.users, held.items) - held.values) ** 2
            weighted = self_normalised_ips(errors, p, np.full(len(p), p.min()))  # any constant target
            random = (model.predict(data.test.users, data.test.items) - data.test.values) ** 2
            rows[name].append([errors.mean(), weighted.value, random.mean(), weighted.effective_sample_size])
    names = ("naive_mse", "snips_mse", "random_mse", "ess")
    found = {
        model: {
            n: {"mean": float(c.mean()), "sd": float(c.std(ddof=1))}
            for n, c in zip(names, np.array(v).T, strict=True)
        }
        for model, v in rows.items()
    }
    log = data.data.log
    return {
        "splits": 20, "held_out": round(len(log) * 0.25), "models": found,
        "mean_stars_chosen": float(log.values.mean()), "mean_stars_random": float(data.test.values.mean()),
        "mean_stars_snips": self_normalised_ips(
            log.values, data.propensities[log.users, log.items], np.full(len(log), data.propensities.min())
        ).value,
    }  # fmt: skip


# ---- the record


def about(n_seeds: int) -> dict[str, Any]:
    """How the file was made."""
    return {
        "command": "python benchmarks/offpolicy.py",
        "date": datetime.now(UTC).date().isoformat(),
        "seeds": [FIRST_SEED, FIRST_SEED + n_seeds - 1],
        "python": platform.python_version(),
        **{m.__name__: m.__version__ for m in (recsys_course, np, scipy)},
        "sha256": {name: dict(info.files) for name, info in LOGGED.items()},
    }


def rounded(value: Any) -> Any:
    """Five significant digits."""
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}")
    return value


if __name__ == "__main__":
    main()
