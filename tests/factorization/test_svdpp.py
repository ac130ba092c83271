"""SVD++: one epoch as loops, one user's step as torch's gradient, the implicit part at work."""

import numpy as np
import pytest
import torch
from logs import plain, random_log

from recsys_course.base import Diverged
from recsys_course.factorization import SVDpp, svdpp
from recsys_course.interactions import Interactions


@pytest.mark.parametrize("rate, reg", [(0.05, 0.02), (0.02, 0.5)])
def test_two_epochs_are_the_update_written_as_loops(rate, reg):
    log, K = random_log(12, 9, 1), 3
    model = SVDpp(n_factors=K, n_epochs=2, learning_rate=rate, reg=reg, seed=4).fit(log)
    rng = np.random.default_rng(4)
    P, Q = (rng.normal(0, 0.1, (n, K)).astype(np.float32).astype(float) for n in (12, 9))
    P[-1] = Q[-1] = 0  # no ratings
    Y, b_u, b_i, mean, losses = np.zeros((9, K)), np.zeros(12), np.zeros(9), log.values.mean(), []
    for _ in range(2):
        errors = []
        for u in rng.permutation(12):
            mine = log.items[log.users == u]
            if len(mine) == 0:
                continue
            implicit, slopes = Y[mine].sum(axis=0) / np.sqrt(len(mine)), 0.0
            for i, r in zip(mine, log.values[log.users == u], strict=True):
                e = r - (mean + b_u[u] + b_i[i] + Q[i] @ (P[u] + implicit))
                slopes = slopes + e * Q[i] / np.sqrt(len(mine))
                b_u[u] += rate * (e - reg * b_u[u])
                b_i[i] += rate * (e - reg * b_i[i])
                P[u], Q[i] = (
                    P[u] + rate * (e * Q[i] - reg * P[u]),
                    Q[i] + rate * (e * (P[u] + implicit) - reg * Q[i]),
                )
                errors.append(e**2)
            for j in mine:
                Y[j] += rate * (slopes - reg * len(mine) * Y[j])
        losses.append(np.mean(errors))
    tolerance = {"rtol": 2e-5, "atol": 2e-6}  # float32 against float64
    for got, want in ((model.user_bias_, b_u), (model.item_bias_, b_i), (model.Q_, Q), (model.Y_, Y)):
        np.testing.assert_allclose(got, want, **tolerance)
    np.testing.assert_allclose(model.loss_, losses, rtol=1e-5)
    for u in range(12):  # the bracket, and the formula with it
        mine = log.items[log.users == u]
        whole = P[u] + Y[mine].sum(axis=0) / np.sqrt(max(len(mine), 1))
        np.testing.assert_allclose(model.P_[u], whole, rtol=1e-4, atol=1e-5)
        model.clip = False
        want = mean + b_u[u] + b_i + Q @ whole
        np.testing.assert_allclose(model.predict(np.full(9, u), np.arange(9)), want, rtol=1e-5)


def test_one_users_step_follows_torchs_gradient_of_the_loss():
    """At a rate so small that the ratings of the user hardly see each other's steps, the sum
    of the steps is minus half the gradient (the factor 2 is left to eta)."""
    rng, rate, reg, K, n = np.random.default_rng(0), 1e-6, 0.3, 4, 3
    shapes = (1,), (n,), (1, K), (n, K), (n, K)
    old = [rng.normal(size=shape) for shape in shapes]
    values = rng.normal(size=n)
    b_u, b_i, P, Q, Y = (torch.tensor(x, requires_grad=True) for x in old)
    bracket = P[0] + Y.sum(dim=0) / np.sqrt(n)
    errors = torch.tensor(values) - b_u - b_i - Q @ bracket
    penalty = n * b_u[0] ** 2 + (b_i**2).sum() + n * (P**2).sum() + (Q**2).sum() + n * (Y**2).sum()
    ((errors**2).sum() + reg * penalty).backward()
    new = [x.copy() for x in old]
    plain(svdpp._epoch)(np.array([0]), np.array([0, n]), np.arange(n), values, *new, rate, reg)
    for before, after, x in zip(old, new, (b_u, b_i, P, Q, Y), strict=True):
        np.testing.assert_allclose((after - before) / rate, -x.grad.numpy() / 2, rtol=1e-4, atol=1e-4)


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch):
    log, small = random_log(8, 6, 2), {"n_factors": 3, "n_epochs": 3, "learning_rate": 0.05}
    compiled = SVDpp(**small).fit(log)
    monkeypatch.setattr(svdpp, "_epoch", plain(svdpp._epoch))
    np.testing.assert_allclose(SVDpp(**small).fit(log).P_, compiled.P_, rtol=1e-4, atol=1e-6)


def test_what_was_chosen_predicts_what_will_be_liked():
    """Each user rates two signposts of the own tribe, always 3 stars, and some of the 8 films in
    question, 5 stars in the own tribe and 1 in the other's. Of the last 20 users only the
    signposts are known: their stars say nothing, their choice says all."""
    rng = np.random.default_rng(0)
    events = []
    for u in range(80):
        tribe = u % 2
        events += [(u, 8 + 2 * tribe, 3.0), (u, 9 + 2 * tribe, 3.0)]
        if u < 60:
            events += [(u, i, 5.0 if i % 2 == tribe else 1.0) for i in rng.permutation(8)[:5]]
    users, items, values = (np.array(column) for column in zip(*events, strict=True))
    model = SVDpp(n_factors=2, n_epochs=150, learning_rate=0.02, reg=0.005)
    model.fit(Interactions(users, items, 80, 12, values))
    for u in range(60, 80):
        stars = model.predict(np.full(8, u), np.arange(8))
        own = np.arange(8) % 2 == u % 2
        assert stars[own].min() > stars[~own].max()


def test_too_large_a_step_is_named():
    with pytest.raises(Diverged, match=r"SVDpp diverged .* Lower learning_rate \(now 8.0\)"):
        SVDpp(learning_rate=8.0).fit(random_log())


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (SVDpp(seed=s, n_epochs=3).fit(log).P_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_the_loss_falls():
    loss = SVDpp(n_factors=5, n_epochs=40, learning_rate=0.02).fit(random_log(30, 20, 0)).loss_
    assert loss[-1] < loss[10] < loss[0]
