"""FunkSVD: one epoch as loops, one step as torch's gradient, and what it must recover."""

import numpy as np
import pytest
import torch
from logs import plain, random_log

from recsys_course.base import Diverged
from recsys_course.factorization import FunkSVD, sgd
from recsys_course.interactions import Interactions


def start_of(model: FunkSVD, log: Interactions) -> tuple[np.ndarray, ...]:
    """(b_u, b_i, P, Q) in float64 and the first order, drawn as the model draws them."""
    rng = np.random.default_rng(model.seed)
    P, Q = (rng.normal(0, 0.01, (n, model.n_factors)).astype(np.float32) for n in (log.n_users, log.n_items))
    P[np.setdiff1d(np.arange(log.n_users), log.users)] = 0  # chance says nothing of the unknown
    Q[np.setdiff1d(np.arange(log.n_items), log.items)] = 0
    zeros = np.zeros(log.n_users), np.zeros(log.n_items)
    return *zeros, P.astype(float), Q.astype(float), rng


@pytest.mark.parametrize("rate, reg, K", [(0.05, 0.02, 3), (0.01, 0.5, 7), (0.2, 0.0, 1)])
def test_two_epochs_are_the_update_written_as_loops(rate, reg, K):
    log = random_log(14, 9, 1)
    model = FunkSVD(n_factors=K, n_epochs=2, learning_rate=rate, reg=reg, seed=3).fit(log)
    b_u, b_i, P, Q, rng = start_of(model, log)
    mean, losses = log.values.mean(), []
    for _ in range(2):
        errors = []
        for n in rng.permutation(len(log)):
            u, i = log.users[n], log.items[n]
            e = log.values[n] - (mean + b_u[u] + b_i[i] + P[u] @ Q[i])
            b_u[u], b_i[i] = b_u[u] + rate * (e - reg * b_u[u]), b_i[i] + rate * (e - reg * b_i[i])
            P[u], Q[i] = P[u] + rate * (e * Q[i] - reg * P[u]), Q[i] + rate * (e * P[u] - reg * Q[i])
            errors.append(e**2)
        losses.append(np.mean(errors))
    tolerance = {"rtol": 2e-5, "atol": 2e-6}  # float32 against float64
    for got, want in zip(
        (model.user_bias_, model.item_bias_, model.P_, model.Q_), (b_u, b_i, P, Q), strict=True
    ):
        np.testing.assert_allclose(got, want, **tolerance)
    np.testing.assert_allclose(model.loss_, losses, rtol=1e-5)
    model.clip = False
    by_hand = mean + b_u[log.users] + b_i[log.items] + (P[log.users] * Q[log.items]).sum(axis=1)
    np.testing.assert_allclose(model.predict(log.users, log.items), by_hand, rtol=1e-5)


def test_one_step_follows_torchs_gradient_of_the_loss():
    """The loss has squares, so its gradient has a factor 2, which the step leaves to eta."""
    rng, rate, reg, r = np.random.default_rng(0), 0.01, 0.3, 1.7
    old = [rng.normal(size=1), rng.normal(size=1), rng.normal(size=(1, 4)), rng.normal(size=(1, 4))]
    b_u, b_i, p, q = (torch.tensor(x, requires_grad=True) for x in old)
    e = r - b_u - b_i - (p * q).sum()
    (e**2 + reg * (b_u**2 + b_i**2 + (p**2).sum() + (q**2).sum())).sum().backward()
    new = [x.copy() for x in old]
    zero = np.zeros(1, dtype=int)
    loss = plain(sgd._epoch)(zero, zero, np.array([r]), zero, *new, rate, reg)
    for before, after, x in zip(old, new, (b_u, b_i, p, q), strict=True):
        np.testing.assert_allclose((after - before) / rate, -x.grad.numpy() / 2, rtol=1e-9)
    assert loss == pytest.approx(e.item() ** 2)


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch):
    log, small = random_log(8, 6, 2), {"n_factors": 3, "n_epochs": 3, "learning_rate": 0.05}
    compiled = FunkSVD(**small).fit(log)
    monkeypatch.setattr(sgd, "_epoch", plain(sgd._epoch))
    np.testing.assert_allclose(FunkSVD(**small).fit(log).P_, compiled.P_, rtol=1e-4, atol=1e-6)


def planted(noise: float, seed: int = 0) -> tuple[Interactions, np.ndarray, np.ndarray]:
    """Rank-1 taste on top of a mean, all pairs but a fifth; with the truth, and which pairs are left out."""
    rng = np.random.default_rng(seed)
    truth = 3 + np.outer(rng.choice([-1.0, 1.0], 60), rng.uniform(0.5, 1.5, 30))
    asked = rng.random(truth.shape) < 0.2
    users, items = np.nonzero(~asked)
    values = truth[users, items] + rng.normal(0, noise, len(users))
    log = Interactions(users, items, 60, 30, np.maximum(values, 0))
    return log, truth, asked


def test_a_taste_of_rank_one_is_recovered_up_to_the_noise():
    """A least-squares fit of m numbers to N ratings leaves sigma sqrt(m / N) of the noise in its
    predictions: here m is 2 (60 + 30), factors and biases, and N about 1440. Steps that never
    come to rest may double that; the taste itself has a spread of 1."""
    sigma = 0.3
    log, truth, asked = planted(sigma)
    model = FunkSVD(n_factors=1, n_epochs=200, learning_rate=0.02, reg=0.005).fit(log)
    model.clip = False
    error = model.predict(*np.nonzero(asked)) - truth[asked]
    numbers = 2 * (60 + 30)  # factors and biases
    assert np.sqrt(np.mean(error**2)) < 2 * sigma * np.sqrt(numbers / len(log))
    assert np.std(truth[asked]) > 0.9


def test_the_loss_falls():
    loss = FunkSVD(n_factors=5, n_epochs=40, learning_rate=0.02).fit(random_log(30, 20, 0)).loss_
    assert loss[-1] < loss[10] < loss[0]


def test_who_was_never_met_is_predicted_by_what_is_known():
    log = random_log(14, 9, 1)  # the last user and the last item have no ratings
    model = FunkSVD(n_factors=50, n_epochs=3).fit(log)
    model.clip = False
    assert model.predict([13], [8]) == pytest.approx(log.values.mean())
    assert model.predict([13], [2]) == pytest.approx(model.mean_ + model.item_bias_[2])
    assert model.predict([3], [8]) == pytest.approx(model.mean_ + model.user_bias_[3])


def test_too_large_a_step_is_named_with_a_smaller_one():
    with pytest.raises(
        Diverged, match=r"FunkSVD diverged .* Lower learning_rate \(now 8.0\), for example to 2,"
    ):
        FunkSVD(learning_rate=8.0).fit(random_log())


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (FunkSVD(seed=s, n_epochs=3).fit(log).P_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize(
    "name, value", [("n_factors", 0), ("n_epochs", 0), ("learning_rate", 0.0), ("reg", -0.1), ("reg", np.nan)]
)
def test_a_setting_outside_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name}: {value}; expected"):
        FunkSVD(**{name: value}).fit(random_log())
