r"""Looking before the end: what it costs, and a test that allows it.

A p-value holds for one look at a time fixed beforehand. Whoever looks K times and stops at
the first p < alpha errs far more often than alpha (:func:`peeking_error`).

The mixture sequential probability ratio test averages the likelihood ratio of "effect d"
over d ~ N(0, tau^2). For an estimate with variance V it is

.. math::
    \Lambda = \sqrt{\frac{V}{V + \tau^2}}
        \exp\Bigl(\frac{\tau^2\, \hat\delta^2}{2 V (V + \tau^2)}\Bigr)                    \tag{12.8}

Without an effect, it is a martingale of mean 1, so that it *ever* exceeds 1 / alpha with chance
at most alpha: the running minimum of 1 / Lambda is a p-value at every look, however many.
Turned round, an interval that holds at all looks at once:

.. math::
    \hat\delta \pm \sqrt{\frac{V (V + \tau^2)}{\tau^2}
        \Bigl(2 \ln \frac{1}{\alpha} + \ln \frac{V + \tau^2}{V}\Bigr)}                    \tag{12.9}

tau is the size of effect one expects; any value is valid, a good one stops sooner.
Source: Robbins 1970; Johari, Koomen, Pekelis & Walsh 2017. Differs: V is the estimated variance,
so the guarantee is that of large samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from recsys_course.evaluation.experiment.inputs import at_least, between, positive


def always_valid_p(estimates: Any, variances: Any, tau: float) -> np.ndarray:
    """(..., L) estimates at L looks, in order, with their variances -> (..., L) p-values.

    They never rise. Stop when one is below alpha.

    Raises:
        ValueError: shapes differ, a variance not above 0, NaN, tau not above 0.
    """
    d, V = _looks(estimates, variances)
    tau2 = positive("tau", tau) ** 2
    log_ratio = 0.5 * np.log(V / (V + tau2)) + tau2 * d**2 / (2 * V * (V + tau2))  # (12.8)
    p: np.ndarray = np.minimum.accumulate(np.exp(np.minimum(-log_ratio, 0.0)), axis=-1)
    return p


def confidence_sequence(
    estimates: Any, variances: Any, tau: float, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """(..., L) low and high ends (12.9): with chance ``level`` all of them hold at once.

    Raises:
        ValueError: as :func:`always_valid_p`, or level not between 0 and 1.
    """
    d, V = _looks(estimates, variances)
    tau2, alpha = positive("tau", tau) ** 2, 1 - between("level", level)
    half = np.sqrt(V * (V + tau2) / tau2 * (-2 * np.log(alpha) + np.log((V + tau2) / V)))
    return d - half, d + half


def fixed_p(estimates: Any, variances: Any) -> np.ndarray:
    """(..., L) two-sided p-values of each look by itself: right for one look, wrong for many."""
    d, V = _looks(estimates, variances)
    p: np.ndarray = 2 * norm.sf(np.abs(d) / np.sqrt(V))
    return p


def peeking_error(n_looks: int, alpha: float = 0.05, n_cells: int = 401) -> float:
    """Chance that at least one of n equally spaced looks has p < alpha though there is no effect.

    The sum of the first k normal steps that have not left the band |S_k| < z sqrt(k) has a
    density; each look convolves it with one more step and cuts what lies outside.

    Raises:
        ValueError: n_looks < 1 or alpha not between 0 and 1.

    Cost: O(n_looks n_cells^2) time, O(n_cells^2) memory.
    Source: Armitage, McPherson & Rowe 1969. Differs: integrates by the trapezoidal rule.
    """
    n_looks, z = at_least("n_looks", n_looks, 1), float(norm.ppf(1 - between("alpha", alpha) / 2))
    sums = np.linspace(-z, z, n_cells)  # the band after the first look
    density = norm.pdf(sums)
    for k in range(2, n_looks + 1):
        wider = np.linspace(-z, z, n_cells) * np.sqrt(k)
        weight = np.gradient(sums)
        weight[[0, -1]] /= 2
        density = norm.pdf(wider[:, None] - sums) @ (density * weight)
        sums = wider
    return float(1 - np.trapezoid(density, sums))


def simulated_looks(
    n_looks: int, n_repeats: int, effect: float = 0.0, sd: float = 1.0, n_per_look: int = 100, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Tests that grow by ``n_per_look`` users an arm: (R, L) estimates and (L,) their variances.

    Draws the arms' sums directly (they are normal), so a test of any size costs L numbers.

    Raises:
        ValueError: a count below 1, sd not above 0.
    """
    n_looks, n_repeats = at_least("n_looks", n_looks, 1), at_least("n_repeats", n_repeats, 1)
    n_per_look, sd = at_least("n_per_look", n_per_look, 1), positive("sd", sd)
    n = n_per_look * np.arange(1, n_looks + 1)  # (L,) users per arm so far
    steps = np.random.default_rng(seed).normal(
        effect * n_per_look, sd * np.sqrt(2 * n_per_look), size=(n_repeats, n_looks)
    )  # (R, L) difference of the two arms' sums
    return steps.cumsum(axis=1) / n, 2 * sd**2 / n


def _looks(estimates: Any, variances: Any) -> tuple[np.ndarray, np.ndarray]:
    d, V = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if d.ndim < 1 or d.shape[-1:] != V.shape[-1:]:
        raise ValueError(
            f"estimates, variances: shapes {d.shape}, {V.shape}; expected the same looks in both"
        )
    if not (np.isfinite(d).all() and np.isfinite(V).all() and (V > 0).all()):
        raise ValueError("variances: expected finite estimates, and variances above 0, at every look")
    return d, V
