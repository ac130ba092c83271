"""Errors of predicted stars."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.metrics.arguments import same_length


def rmse(truth: Any, predicted: Any) -> float:
    """Root of the mean squared error, in stars; NaN for no pairs."""
    errors = _errors(truth, predicted)
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")


def mae(truth: Any, predicted: Any) -> float:
    """Mean absolute error, in stars; NaN for no pairs."""
    errors = _errors(truth, predicted)
    return float(np.mean(np.abs(errors))) if errors.size else float("nan")


def _errors(truth: Any, predicted: Any) -> np.ndarray:
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    same_length(truth, predicted, "truth", "predicted")
    return predicted - truth
