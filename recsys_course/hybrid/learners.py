"""Learners over features of user-item pairs: made by name or given, asked for one number a pair."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np

from recsys_course.extras import need

ESTIMATORS = ("logistic", "forest", "boosting", "lightgbm")
MOST_ORDERS = 24  # orders of features that an explanation averages over


def make_estimator(estimator: Any, seed: int, scale: bool = False) -> Any:
    """An unfitted learner: by name, or a copy of one that has ``fit`` and ``predict``.

    Args:
        estimator: "logistic", "forest" (bagged trees), "boosting" (boosted trees), "lightgbm" (the extra
            boosting), or any object in scikit-learn's form.
        seed: of the learners made by name. scale: bring features to one deviation before "logistic".

    Raises:
        ValueError: another name. TypeError: an object without ``fit`` or ``predict``.
        MissingExtra: "lightgbm" without the library.
    """
    if not isinstance(estimator, str):
        if isinstance(estimator, type) or not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
            raise TypeError(f"estimator: {estimator!r}; expected an object with fit(X, y) and predict(X)")
        return copy.deepcopy(estimator)  # the one given stays as it is
    if estimator == "logistic":
        return _logistic(scale)
    if estimator == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(n_estimators=50, max_leaf_nodes=64, random_state=seed)
    if estimator == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_leaf_nodes=15, early_stopping=False, random_state=seed)
    if estimator == "lightgbm":
        lightgbm = need("lightgbm", "boosting", "estimator='lightgbm'")
        return lightgbm.LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1)
    raise ValueError(f"estimator: {estimator!r}; expected one of {', '.join(ESTIMATORS)}, or an object")


def _logistic(scale: bool) -> Any:
    from sklearn.linear_model import LogisticRegression  # imported late: it takes a second
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learner = LogisticRegression(max_iter=1000)
    return make_pipeline(StandardScaler(), learner) if scale else learner


def taught(estimator: Any, X: np.ndarray, y: np.ndarray) -> Any:
    """The estimator, fitted to (N, F) features and (N,) labels."""
    with one_openmp_thread():
        return estimator.fit(X, y)


def answers(estimator: Any, X: np.ndarray) -> np.ndarray:
    """(N, F) features -> (N,): the chance of class 1, else the decision function, else the prediction."""
    if not len(X):
        return np.empty(0)
    with one_openmp_thread():
        return _answers(estimator, X)


def one_openmp_thread() -> Any:
    """Keep a learner from threads of its own: inside ours, or where others work, they wait for each other."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="openmp")


def _answers(estimator: Any, X: np.ndarray) -> np.ndarray:
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(X), dtype=float)[:, 1]
    ask = getattr(estimator, "decision_function", estimator.predict)
    return np.asarray(ask(X), dtype=float).ravel()


def shapley(value: Callable[[np.ndarray], np.ndarray], n: int, seed: int = 0) -> np.ndarray:
    """(n, I) what each of n groups of features adds to ``value``, averaged over orders of adding them.

    Args:
        value: (n,) bool, the groups that are known -> (I,) the answers then.
        n: groups. seed: of the orders that are drawn where there are more than ``MOST_ORDERS``.

    In every order the additions sum to all known less none known, so their means do.

    Cost: up to ``MOST_ORDERS`` (n + 1) calls, each set of groups once.
    Source: Shapley 1953; Štrumbelj and Kononenko 2014 (sampled orders).
    """
    found: dict[bytes, np.ndarray] = {}

    def ask(known: np.ndarray) -> np.ndarray:
        if known.tobytes() not in found:
            found[known.tobytes()] = value(known)
        return found[known.tobytes()]

    rng = np.random.default_rng(seed)
    every = math.factorial(n) <= MOST_ORDERS
    orders = list(permutations(range(n))) if every else [rng.permutation(n) for _ in range(MOST_ORDERS)]
    added = np.zeros((n, len(ask(np.zeros(n, dtype=bool)))))
    for order in orders:
        known = np.zeros(n, dtype=bool)
        for group in order:
            before, known[group] = ask(known), True
            added[group] += ask(known) - before
    return added / len(orders)
