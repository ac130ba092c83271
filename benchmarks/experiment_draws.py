"""Many draws with a known truth: false alarms, coverage, power, CUPED, looking too often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.stats import binomtest

from recsys_course.evaluation.experiment import (
    always_valid_p,
    compare_means,
    compare_rates,
    compare_ratios,
    cuped,
    fixed_p,
    means_sample_size,
    peeking_error,
    rates_power,
    rates_sample_size,
    sample_ratio_mismatch,
    simulated_looks,
)
from recsys_course.evaluation.significance import paired_bootstrap, paired_t, permutation_test

ALPHA = 0.05
Row = dict[str, Any]


def counted(hits: int, n: int, planned: float) -> Row:
    """A share of n repeats with its 95 % Wilson interval, beside what it should be."""
    interval = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    return {
        "planned": planned, "share": hits / n, "low": float(interval.low), "high": float(interval.high),
        "repeats": n,
    }  # fmt: skip


# ---- false alarms: nothing differs


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n,) values of users with a long tail: mean 1, most below it."""
    return rng.exponential(size=n)


def visitors(rng: np.random.Generator, n: int, more: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """(n,) clicks and views of users who differ in both; ``more`` multiplies every click rate."""
    views = 1 + rng.poisson(rng.gamma(1.0, 8.0, size=n))
    return rng.binomial(views, more * rng.beta(2, 8, size=n)), views


def correlated(rng: np.random.Generator, n: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """(n,) metric in the test and before it, normal, with correlation rho."""
    x = rng.normal(size=n)
    return rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n), x


def _rates(rng: np.random.Generator) -> float:
    return compare_rates(rng.binomial(2000, 0.1), 2000, rng.binomial(2000, 0.1), 2000).p


def _means(rng: np.random.Generator) -> float:
    return compare_means(skewed(rng, 200), skewed(rng, 200)).p


def _ratios(rng: np.random.Generator) -> float:
    return compare_ratios(*visitors(rng, 400), *visitors(rng, 400)).p


def _views_as_units(rng: np.random.Generator) -> float:
    (x_a, v_a), (x_b, v_b) = visitors(rng, 400), visitors(rng, 400)
    return compare_rates(x_a.sum(), v_a.sum(), x_b.sum(), v_b.sum()).p


def _cuped(rng: np.random.Generator) -> float:
    return cuped(*correlated(rng, 200, 0.7), *correlated(rng, 200, 0.7)).effect.p


def _mismatch(rng: np.random.Generator) -> float:
    return sample_ratio_mismatch(rng.multinomial(10_000, [0.9, 0.1]), [0.9, 0.1]).p


def _paired(test: Callable[..., Any], **options: Any) -> Callable[[np.random.Generator], float]:
    def p(rng: np.random.Generator) -> float:
        user = skewed(rng, 100)
        return test(user + rng.normal(size=100), user + rng.normal(size=100), **options).p

    return p


NOTHING_DIFFERS: dict[str, tuple[Callable[[np.random.Generator], float], int]] = {
    "two rates, z": (_rates, 6_000),
    "two means, Welch": (_means, 6_000),
    "clicks per view, users as units": (_ratios, 5_000),
    "clicks per view, views as units (wrong)": (_views_as_units, 5_000),
    "CUPED": (_cuped, 5_000),
    "sample ratio mismatch": (_mismatch, 6_000),
    "paired t": (_paired(paired_t), 6_000),
    "paired bootstrap": (_paired(paired_bootstrap, n_resamples=999), 3_000),
    "permutation": (_paired(permutation_test, n_resamples=999), 3_000),
}


def false_alarms(scale: float) -> Iterator[Row]:
    """Share of p < alpha where nothing differs, for every test."""
    for number, (name, (p, repeats)) in enumerate(NOTHING_DIFFERS.items()):
        n = max(1, int(repeats * scale))
        rng = np.random.default_rng([1, number])
        yield {"test": name} | counted(sum(p(rng) < ALPHA for _ in range(n)), n, ALPHA)


# ---- coverage and power: the difference is known


def coverage(scale: float) -> Iterator[Row]:
    """Share of 95 % intervals that hold the truth."""
    rng, n = np.random.default_rng(2), max(1, int(4_000 * scale))
    rates = [compare_rates(rng.binomial(2000, 0.1), 2000, rng.binomial(2000, 0.12), 2000) for _ in range(n)]
    means = [compare_means(skewed(rng, 200), 1.1 * skewed(rng, 200)) for _ in range(n)]
    ratios = [compare_ratios(*visitors(rng, 400), *visitors(rng, 400, more=1.1)) for _ in range(n)]
    known = {"two rates": (rates, 0.02, 0.2), "two means": (means, 0.1, 0.1)}
    known["clicks per view"] = (ratios, 0.02, 0.1)  # the mean of beta(2, 8) is 0.2
    for name, (effects, difference, lift) in known.items():
        held = sum(e.low <= difference <= e.high for e in effects)
        lifts = sum(e.lift_low <= lift <= e.lift_high for e in effects)
        yield {"interval": name} | counted(held, n, 1 - ALPHA)
        yield {"interval": f"{name}, relative lift"} | counted(lifts, n, 1 - ALPHA)
    for name, test in (("paired t", paired_t), ("paired bootstrap", paired_bootstrap)):
        options = {} if test is paired_t else {"n_resamples": 999}
        m, held = n // 2 or 1, 0
        for _ in range(m):
            got = test(skewed(rng, 100), np.full(100, 0.8), **options)
            held += got.low <= 0.2 <= got.high
        yield {"interval": name} | counted(held, m, 1 - ALPHA)


def power(scale: float) -> Iterator[Row]:
    """Planned for 80 %: how often is the difference found with the size that (12.1), (12.2) give?"""
    rng, n = np.random.default_rng(3), max(1, int(5_000 * scale))
    size = rates_sample_size(0.10, 0.11)
    hits = sum(compare_rates(*_two_arms(rng, size)).p < ALPHA for _ in range(n))
    planned = rates_power(0.10, 0.11, size)
    yield {"test": "two rates, 10 % and 11 %", "users_per_arm": size} | counted(hits, n, planned)
    size = means_sample_size(0.2, 1.0)
    hits = sum(compare_means(skewed(rng, size), 0.2 + skewed(rng, size)).p < ALPHA for _ in range(n))
    yield {"test": "two means, 0.2 sd apart", "users_per_arm": size} | counted(hits, n, 0.8)


def _two_arms(rng: np.random.Generator, n: int) -> tuple[int, int, int, int]:
    return rng.binomial(n, 0.10), n, rng.binomial(n, 0.11), n


# ---- CUPED, and looking too often


def variance_taken_out(scale: float) -> Iterator[Row]:
    """Variance of the adjusted estimate over that of the plain one, against 1 - rho^2."""
    n = max(10, int(2_000 * scale))
    for number, rho in enumerate((0.0, 0.3, 0.5, 0.7, 0.9)):
        rng, plain, adjusted = np.random.default_rng([4, number]), [], []
        for _ in range(n):
            (y_a, x_a), (y_b, x_b) = correlated(rng, 200, rho), correlated(rng, 200, rho)
            plain.append(y_b.mean() - y_a.mean())
            adjusted.append(cuped(y_a, x_a, y_b, x_b).effect.difference)
        ratio = float(np.var(adjusted) / np.var(plain))
        yield {"rho": rho, "planned": 1 - rho**2, "ratio": ratio, "repeats": n}


def peeking(scale: float) -> Iterator[Row]:
    """False alarms of who stops at the first p < alpha, by number of looks."""
    n = max(10, int(20_000 * scale))
    for looks in (1, 2, 5, 10, 20, 50, 100):
        d, V = simulated_looks(looks, n, seed=looks)
        naive, valid = (fixed_p(d, V) < ALPHA).any(axis=1), always_valid_p(d, V, tau=0.1)[:, -1] < ALPHA
        row = {"looks": looks, "theory": peeking_error(looks), "naive": counted(int(naive.sum()), n, ALPHA)}
        yield row | {"always_valid": counted(int(valid.sum()), n, ALPHA)}


def sequential_cost(scale: float) -> Iterator[Row]:
    """A fixed test with 80 % power at the last of 50 looks, against one that may stop at any look."""
    n, looks, per_look = max(10, int(10_000 * scale)), 50, 100
    effect = float(np.sqrt(2 / (looks * per_look)) * (1.959964 + 0.841621))
    for times in (1.0, 1.5, 2.0):
        d, V = simulated_looks(looks, n, effect=times * effect, n_per_look=per_look, seed=int(10 * times))
        below = always_valid_p(d, V, tau=effect) < ALPHA
        stopped = np.where(below.any(axis=1), below.argmax(axis=1) + 1, looks)
        yield {
            "effect_over_planned": times, "fixed_power": float((fixed_p(d, V)[:, -1] < ALPHA).mean()),
            "always_valid_power": float(below[:, -1].mean()), "repeats": n,
            "mean_share_of_users": float(stopped.mean() / looks),
        }  # fmt: skip
