r"""How many users a test needs, and what a test of a given size can see.

All tests are two-sided at ``alpha``; :math:`z_q` is the normal quantile. For rates
:math:`p_a, p_b` with :math:`\bar p` their mean over the users, and n users an arm:

.. math::
    n = \frac{\bigl(z_{1-\alpha/2} \sqrt{2 \bar p (1 - \bar p)}
        + z_{power} \sqrt{p_a (1 - p_a) + p_b (1 - p_b)}\bigr)^2}{(p_b - p_a)^2}         \tag{12.1}

.. math::
    n = \frac{2\, \sigma^2 (z_{1-\alpha/2} + z_{power})^2}{\delta^2}                      \tag{12.2}

for means with standard deviation sigma and effect delta. Both are normal approximations.
Source: Fleiss, Levin & Paik 2003, chapter 4.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from recsys_course.evaluation.experiment.inputs import at_least, between, positive, rate


def rates_power(p_a: float, p_b: float, n_a: int, n_b: int | None = None, alpha: float = 0.05) -> float:
    """Chance that the test (12.3) of two rates finds the difference; alpha where there is none (0 where
    both rates are 0, or both 1).

    Args:
        p_a, p_b: true rates of control and treatment. n_a, n_b: users; n_b = n_a if None.

    Raises:
        ValueError: a rate outside 0..1, alpha not between 0 and 1, an arm without users.
    """
    p_a, p_b, alpha = rate("p_a", p_a), rate("p_b", p_b), between("alpha", alpha)
    n_a, n_b = at_least("n_a", n_a, 1), at_least("n_b", n_a if n_b is None else n_b, 1)
    mean = (n_a * p_a + n_b * p_b) / (n_a + n_b)
    under_null = math.sqrt(mean * (1 - mean) * (1 / n_a + 1 / n_b))
    true = math.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    return _power(p_b - p_a, under_null, true, alpha)


def rates_sample_size(p_a: float, p_b: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Users *per arm* by (12.1), rounded up.

    Raises:
        ValueError: a rate outside 0..1, equal rates, alpha or power not between 0 and 1.
    """
    p_a, p_b = rate("p_a", p_a), rate("p_b", p_b)
    if p_a == p_b:
        raise ValueError(f"p_b: {p_b}, as p_a; expected another rate: no size finds a difference of 0")
    z_alpha, z_power = _quantiles(alpha, power)
    mean = (p_a + p_b) / 2
    spread = z_alpha * math.sqrt(2 * mean * (1 - mean))
    spread += z_power * math.sqrt(p_a * (1 - p_a) + p_b * (1 - p_b))
    return math.ceil(spread**2 / (p_b - p_a) ** 2)


def rates_detectable(p_a: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest *absolute* increase of the rate that n users per arm find with this power.

    Raises:
        ValueError: as :func:`rates_sample_size`; or not even a rate of 1 would be found.
    """
    between("power", power)
    if power <= alpha:
        raise ValueError(f"power: {power}; expected more than alpha, which is {alpha}")
    if p_a == 1:
        raise ValueError("p_a: 1; expected a rate that can rise")
    if rates_power(p_a, 1.0, n, alpha=alpha) < power:
        raise ValueError(f"n: {n}; expected more: not even a rate of 1 would be found with power {power}")

    def missing(effect: float) -> float:
        return rates_power(p_a, min(p_a + effect, 1.0), n, alpha=alpha) - power

    return float(brentq(missing, 0.0, 1.0 - p_a, xtol=1e-12))


def means_power(effect: float, sd: float, n_a: int, n_b: int | None = None, alpha: float = 0.05) -> float:
    """Chance to find a difference of means ``effect`` where single users vary by ``sd``.

    Raises:
        ValueError: sd <= 0, alpha not between 0 and 1, an arm without users.
    """
    sd, alpha = positive("sd", sd), between("alpha", alpha)
    n_a, n_b = at_least("n_a", n_a, 1), at_least("n_b", n_a if n_b is None else n_b, 1)
    error = sd * math.sqrt(1 / n_a + 1 / n_b)
    return _power(effect, error, error, alpha)


def means_sample_size(effect: float, sd: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Users *per arm* by (12.2), rounded up; effect and sd in the same unit.

    Raises:
        ValueError: sd <= 0, an effect of 0, alpha or power not between 0 and 1.
    """
    sd = positive("sd", sd)
    if effect == 0 or not np.isfinite(effect):
        raise ValueError(f"effect: {effect}; expected a difference other than 0")
    return math.ceil(2 * sd**2 * sum(_quantiles(alpha, power)) ** 2 / effect**2)


def means_detectable(sd: float, n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest difference of means that n users per arm find with this power: (12.2) solved for it.

    Raises:
        ValueError: as :func:`means_sample_size`.
    """
    sd, n = positive("sd", sd), at_least("n", n, 1)
    return sd * math.sqrt(2 / n) * sum(_quantiles(alpha, power))


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    alpha, power = between("alpha", alpha), between("power", power)
    return float(norm.ppf(1 - alpha / 2)), float(norm.ppf(power))


def _power(effect: float, under_null: float, true: float, alpha: float) -> float:
    """Both tails of a normal estimate: its error as the test sees it, and as it is."""
    limit = float(norm.ppf(1 - alpha / 2)) * under_null
    if true == 0:  # rates of 0 and 1 do not vary
        return float(abs(effect) > limit)
    return float(norm.sf((limit - effect) / true) + norm.cdf((-limit - effect) / true))
