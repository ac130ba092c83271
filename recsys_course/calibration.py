r"""Scores into probabilities that can be believed: Platt scaling, isotonic regression, and how to see it.

A probability is calibrated when, of all rows that get p, a share p are ones. Bids, expected revenue and sums
of several predictions need that; the order of a list does not. Fit on rows that the model was not trained on.

Both calibrators have ``fit(scores, labels) -> self`` and ``predict(scores) -> probabilities``. Platt keeps
the order of the scores (turns it round if its slope is negative) and moves all by one curve; isotonic
follows any rising curve, needs more rows, and makes ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binomtest

from recsys_course.base import NotFitted
from recsys_course.metrics.arguments import flat, judged, probabilities_of
from recsys_course.metrics.binary import bins_of
from recsys_course.plots import FAINT, INK, OKABE_ITO

RIDGE = 1e-10  # keeps the 2 x 2 system solvable when all scores are equal


@dataclass
class Platt:
    r"""Logistic regression on one score, with targets that leave room for doubt.

    .. math::
        p = \sigma(a s + b), \qquad
        \min_{a,b} -\sum_i \left[ t_i \log p_i + (1 - t_i) \log(1 - p_i) \right], \qquad
        t = \frac{n_+ + 1}{n_+ + 2} \text{ for ones}, \quad \frac{1}{n_- + 2} \text{ for zeros}

    With targets of 1 and 0, scores that part the classes would send a to infinity.

    Args:
        max_steps: Newton steps at most; some ten are enough.

    Attributes:
        slope_, intercept_: a and b; a is negative if higher scores mean fewer ones.

    Raises:
        ValueError: no rows, lengths differ, a label is neither 0 nor 1, a score is NaN or infinite.
        NotFitted: ``predict`` before ``fit``.

    Cost: O(N) a step.
    Source: Platt 1999; the search is that of Lin, Lin & Weng 2007.
    Differs: scores are scaled to mean 0 and deviation 1 inside, so that steps do not depend on their unit.
    """

    max_steps: int = 100

    def fit(self, scores: Any, labels: Any) -> Platt:
        """Learn from (N,) scores and (N,) labels 0 or 1."""
        positive, s = _pairs(scores, labels)
        centre, spread = s.mean(), (s.std() if np.ptp(s) > 0 else 1.0)
        X = np.column_stack([(s - centre) / spread, np.ones(len(s))])  # (N, 2)
        n_pos, n_neg = positive.sum(), (~positive).sum()
        t = np.where(positive, (n_pos + 1) / (n_pos + 2), 1 / (n_neg + 2))  # (N,)
        a, b = _newton(X, t, self.max_steps)
        self.slope_, self.intercept_ = float(a / spread), float(b - a * centre / spread)
        return self

    def predict(self, scores: Any) -> np.ndarray:
        """(N,) probabilities of a one."""
        if not hasattr(self, "slope_"):
            raise NotFitted("Platt is not fitted; call fit(scores, labels) first")
        return expit(self.slope_ * _finite(scores) + self.intercept_)


@dataclass
class Isotonic:
    """The rising step function that is nearest to the labels in squares, joined by straight lines.

    scikit-learn's ``IsotonicRegression``; scores outside those of ``fit`` get the value at the end. It gives
    exactly 0 or 1 where the lowest or highest scores have one class: log loss punishes that.

    Attributes:
        model_: scikit-learn's regression.

    Raises:
        ValueError: as for :class:`Platt`.
        NotFitted: ``predict`` before ``fit``.

    Cost: O(N log N).
    Source: Zadrozny & Elkan 2002.
    """

    def fit(self, scores: Any, labels: Any) -> Isotonic:
        """Learn from (N,) scores and (N,) labels 0 or 1."""
        from sklearn.isotonic import IsotonicRegression

        positive, s = _pairs(scores, labels)
        self.model_ = IsotonicRegression(y_min=0, y_max=1, increasing=True, out_of_bounds="clip")
        self.model_.fit(s, positive.astype(float))
        return self

    def predict(self, scores: Any) -> np.ndarray:
        """(N,) probabilities of a one."""
        if not hasattr(self, "model_"):
            raise NotFitted("Isotonic is not fitted; call fit(scores, labels) first")
        s = _finite(scores)
        return np.asarray(self.model_.predict(s)) if len(s) else s


def undo_downsampling(probabilities: Any, rate: float) -> np.ndarray:
    r"""Probabilities of a model that was trained on all ones and on a share of the zeros, put right.

    .. math::
        q = \frac{p}{p + (1 - p) / w}

    w is the share of zeros that were kept. Odds p/(1-p) were 1/w times too high.

    Args:
        probabilities: (N,) or any shape, in 0..1. rate: w, above 0 and at most 1; 1 changes nothing.

    Raises:
        ValueError: a probability is NaN or outside 0..1, or rate is.

    Source: He et al. 2014.
    """
    if not 0 < rate <= 1:
        raise ValueError(f"rate: {rate}; expected above 0 and at most 1")
    p = np.asarray(probabilities, dtype=float)
    probabilities_of(flat(p.ravel(), "probabilities"))
    return p / (p + (1 - p) / rate)


def reliability(
    labels: Any, probabilities: Any, n_bins: int = 10, *, equal_mass: bool = False, confidence: float = 0.95
) -> pd.DataFrame:
    """Predicted against observed, bin by bin: the numbers of a reliability diagram.

    Args:
        labels: (N,) 0 or 1. probabilities: (N,) of a one, in 0..1.
        n_bins, equal_mass: as in :func:`expected_calibration_error`.
        confidence: of the intervals.

    Returns:
        One row a bin that is not empty: predicted (mean), observed (share of ones), count, and low and
        high, the Wilson interval of the observed share. The index is the number of the bin, from 0.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, a probability is NaN or outside 0..1,
            n_bins < 1, confidence outside (0, 1).

    Source: the interval of Wilson 1927, which stays inside 0..1 for small counts.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}; expected between 0 and 1")
    positive, p = judged(labels, probabilities, "probabilities")
    bins = bins_of(p, n_bins, equal_mass=equal_mass)
    count = np.bincount(bins, minlength=n_bins)
    there = np.flatnonzero(count)
    n, ones = count[there], np.bincount(bins, positive, n_bins)[there].astype(int)
    ends = [binomtest(k, m).proportion_ci(confidence, method="wilson") for k, m in zip(ones, n, strict=True)]
    table = {
        "predicted": np.bincount(bins, p, n_bins)[there] / n, "observed": ones / n, "count": n,
        "low": [end.low for end in ends], "high": [end.high for end in ends],
    }  # fmt: skip
    return pd.DataFrame(table, index=pd.Index(there, name="bin"))


def plot_reliability(ax: Any, table: pd.DataFrame, label: str = "", colour: str = OKABE_ITO[0]) -> None:
    """Draw what :func:`reliability` returned on a matplotlib axis: dots with intervals, and the diagonal.

    A dot below the diagonal promised more than happened. Call it once for each model, with a colour each.
    """
    if not ax.lines:  # the first call draws what all share
        ax.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="calibrated")
        ax.set(xlabel="mean predicted probability", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))
        ax.grid(color=FAINT, alpha=0.3)
    below, above = table["observed"] - table["low"], table["high"] - table["observed"]
    ax.errorbar(
        table["predicted"], table["observed"], yerr=[below.clip(lower=0), above.clip(lower=0)],
        fmt="o-", color=colour, capsize=2, linewidth=1, label=label or None,
    )  # fmt: skip


def _newton(X: np.ndarray, t: np.ndarray, max_steps: int) -> np.ndarray:
    """(2,) minimum of the log loss on targets t; steps are halved until the loss falls enough."""
    w = np.array([0.0, np.log((t.sum()) / (1 - t).sum())])  # the base rate, no slope
    for _ in range(max_steps):
        p = expit(X @ w)
        gradient = X.T @ (p - t)
        if np.abs(gradient).max() < 1e-10 * len(t):
            break
        step = np.linalg.solve((X.T * (p * (1 - p))) @ X + RIDGE * np.eye(2), gradient)
        length, before = 1.0, _loss(X, t, w)
        while _loss(X, t, w - length * step) > before - 1e-4 * length * gradient @ step and length > 1e-10:
            length /= 2
        w = w - length * step
    return w


def _loss(X: np.ndarray, t: np.ndarray, w: np.ndarray) -> float:
    z = X @ w
    return float((np.logaddexp(0, z) - t * z).sum())


def _pairs(scores: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    positive, _ = judged(labels, scores, "scores")
    if not len(positive):
        raise ValueError("scores: no rows; expected at least one to learn from")
    return positive, _finite(scores)


def _finite(scores: Any) -> np.ndarray:
    s = flat(scores, "scores")
    if np.isinf(s).any():
        raise ValueError(
            f"scores: {s[np.isinf(s)][0]} in row {np.flatnonzero(np.isinf(s))[0]}; expected finite"
        )
    return s
