"""What the biased factor models share: means, biases, factors, and the prediction."""

from __future__ import annotations

import numpy as np

from recsys_course.base import RatingPredictor, Recommender, check_range
from recsys_course.compiled import kernel
from recsys_course.interactions import Interactions


class BiasedFactors(RatingPredictor, Recommender):
    r"""A rating as mean, two biases and an inner product.

    .. math:: \hat r_{ui} = \mu + b_u + b_i + p_u^\top q_i

    Attributes:
        mean_: mu, in stars. user_bias_: (U,) and item_bias_: (I,), in stars.
        P_: (U, K) and Q_: (I, K), factors.
    """

    mean_: float
    user_bias_: np.ndarray
    item_bias_: np.ndarray
    P_: np.ndarray
    Q_: np.ndarray

    def _predict(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        taste = inner_products(self.P_, self.Q_, users, items)  # (N,)
        return (self.mean_ + self.user_bias_[users] + self.item_bias_[items] + taste).astype(np.float64)

    def _score(self, users: np.ndarray) -> np.ndarray:
        taste = self.P_[users] @ self.Q_.T  # (B, I)
        return self.mean_ + self.user_bias_[users, None] + self.item_bias_ + taste

    def _start(self, data: Interactions, n_factors: int, scale: float, rng: np.random.Generator) -> None:
        """Zero biases and small random factors, in float32, which halves the memory traffic."""
        self.mean_ = float(data.values.mean())
        self.user_bias_ = np.zeros(data.n_users, dtype=np.float32)
        self.item_bias_ = np.zeros(data.n_items, dtype=np.float32)
        self.P_ = first_factors(data.users, data.n_users, n_factors, scale, rng)
        self.Q_ = first_factors(data.items, data.n_items, n_factors, scale, rng)


@kernel
def inner_products(P, Q, users, items):  # type: ignore[no-untyped-def]
    """(U, K), (I, K), N pairs of codes -> (N,) inner products, without an (N, K) copy of either side."""
    out = np.empty(len(users), P.dtype)
    for n in range(len(users)):
        p, q = P[users[n]], Q[items[n]]
        s = p[0] * 0
        for k in range(len(p)):
            s += p[k] * q[k]
        out[n] = s
    return out


def first_factors(
    met: np.ndarray, n: int, n_factors: int, scale: float, rng: np.random.Generator
) -> np.ndarray:
    """(n, K) small random factors; 0 for codes not in ``met``, about which chance has nothing to say."""
    factors = rng.normal(0, scale, (n, n_factors)).astype(np.float32)
    factors[np.bincount(met, minlength=n) == 0] = 0
    return factors


def check_training(model: object) -> None:
    """The configuration that every iterative factor model has, checked in one place."""
    limits = {
        "n_factors": (1, "factors,", False), "n_epochs": (1, "passes over the data,", False),
        "learning_rate": (0, "a step size of", True), "reg": (0, "a penalty of", False),
    }  # fmt: skip
    for name, (low, what, strict) in limits.items():
        if hasattr(model, name):
            check_range(name, getattr(model, name), low, what, strict)
