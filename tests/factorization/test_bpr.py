"""BPR: one step as torch's gradient of -ln sigma, and what it may draw."""

import numpy as np
import pytest
import torch
from logs import plain, random_log, table

from recsys_course.base import Diverged
from recsys_course.factorization import BPR, bpr
from recsys_course.interactions import Interactions


def one_triple(P: np.ndarray, Q: np.ndarray, bias: np.ndarray, rate: float, reg: float) -> float:
    """Step on user 0, item 0 over item 1; returns the loss."""
    zero, one = np.array([0], np.int32), np.array([1], np.int32)
    return plain(bpr._epoch)(zero, one, zero, zero, np.array([0, 1]), zero, P, Q, bias, rate, reg)


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_one_step_follows_torchs_gradient_of_the_loss(scale):
    rng, rate, reg = np.random.default_rng(0), 1e-3, 0.3
    old = [scale * rng.normal(size=shape) for shape in ((1, 4), (2, 4), 2)]
    P, Q, bias = (torch.tensor(x, requires_grad=True) for x in old)
    x = bias[0] - bias[1] + P[0] @ (Q[0] - Q[1])
    penalty = (P**2).sum() + (Q**2).sum() + (bias**2).sum()
    fit = -torch.nn.functional.logsigmoid(x)
    (fit + reg / 2 * penalty).backward()
    new = [x.copy() for x in old]
    assert one_triple(*new, rate, reg) == pytest.approx(fit.item(), rel=1e-6)
    for before, after, x in zip(old, new, (P, Q, bias), strict=True):
        np.testing.assert_allclose((after - before) / rate, -x.grad.numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("sure", [-1_000.0, -90.0, 0.0, 90.0, 1_000.0])
def test_the_loss_has_no_overflow_however_sure_the_model_is(sure):
    """-ln sigma(x) is -x for very negative x, never infinity; pytest makes a warning an error."""
    P, Q = np.zeros((1, 2), np.float32), np.zeros((2, 2), np.float32)
    bias = np.array([sure, 0], np.float32)
    loss = one_triple(P, Q, bias, np.float32(0.5), np.float32(0))
    assert loss == pytest.approx(np.logaddexp(0, -sure), abs=1e-6)
    g = 0.5 * (1 - np.tanh(sure / 2))  # sigma(-x)
    np.testing.assert_allclose(bias, [sure + 0.5 * g, -0.5 * g], rtol=1e-6, atol=1e-12)


def test_two_epochs_are_the_update_written_as_loops():
    log, K, rate, reg = random_log(12, 9, 1, stars=False), 3, 0.1, 0.05
    model = BPR(n_factors=K, n_epochs=2, learning_rate=rate, reg=reg, seed=5).fit(log)
    rng, R = np.random.default_rng(5), log.to_csr()
    users, items, met = np.repeat(np.arange(12), np.diff(R.indptr)), R.indices, ~np.isnan(table(log))
    P, Q = (rng.normal(0, 0.1, (n, K)).astype(np.float32).astype(float) for n in (12, 9))
    P[-1] = 0  # no events
    bias, losses = np.zeros(9), []
    for _ in range(2):
        found = []
        drawn, against = (rng.integers(n, size=len(users), dtype=np.int32) for n in (len(users), 9))
        for t, d in enumerate(drawn):
            u, i = users[d], items[d]
            unmet = [j for j in np.roll(against, -t)[:10] if not met[u, j]]
            if not unmet:
                continue
            j = unmet[0]
            x = bias[i] - bias[j] + P[u] @ (Q[i] - Q[j])
            g = 1 / (1 + np.exp(x))
            p, q_i, q_j = P[u].copy(), Q[i].copy(), Q[j].copy()
            P[u] += rate * (g * (q_i - q_j) - reg * p)
            Q[i] += rate * (g * p - reg * q_i)
            Q[j] += rate * (-g * p - reg * q_j)
            bias[i] += rate * (g - reg * bias[i])
            bias[j] += rate * (-g - reg * bias[j])
            found.append(-np.log(1 / (1 + np.exp(-x))))
        losses.append(np.mean(found))
    for got, want in ((model.P_, P), (model.Q_, Q), (model.item_bias_, bias)):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)  # float32 against float64
    np.testing.assert_allclose(model.loss_, losses, rtol=1e-5)


def test_an_item_met_is_never_the_loser():
    """Every user met items 0 to 4 of 6, so item 5 alone can lose, and no met item's bias falls."""
    users, items = (axis.ravel() for axis in np.indices((30, 5)))
    model = BPR(n_factors=2, n_epochs=5, reg=0.0).fit(Interactions(users, items, 30, 6))
    assert (model.item_bias_[:5] > 0).all()
    assert model.item_bias_[5] < 0


def test_who_met_everything_teaches_nothing():
    model = BPR(n_epochs=3).fit(Interactions([0, 0, 0], [0, 1, 2], 1, 3))
    assert model.loss_.tolist() == [0, 0, 0]
    assert not model.item_bias_.any()


@pytest.mark.parametrize(
    "low, high, code, found", [(0, 4, 7, True), (0, 4, 6, False), (1, 3, 2, False), (2, 2, 5, False)]
)
def test_membership_by_halving(low, high, code, found):
    codes = np.array([2, 5, 7, 9], np.int32)
    assert bpr._has(codes, low, high, code) == found
    assert plain(bpr._has)(codes, low, high, code) == found


def test_the_loss_falls_and_met_items_rise_above_others():
    log = random_log(40, 25, 0, stars=False)
    model = BPR(n_factors=16, n_epochs=60, learning_rate=0.1, reg=0.001).fit(log)
    assert model.loss_[-1] < model.loss_[0] / 2
    met, scores = ~np.isnan(table(log)), model.score(np.arange(40))
    rights = [(scores[u][met[u]][:, None] > scores[u][~met[u]]).mean() for u in range(39)]
    assert np.mean(rights) > 0.9  # half would be chance


def test_a_user_without_events_gets_what_is_popular():
    model = BPR(n_epochs=3).fit(random_log(14, 9, 1))
    np.testing.assert_array_equal(model.score([13])[0], model.item_bias_)


def test_the_loop_runs_the_same_without_the_compiler(monkeypatch):
    log, small = random_log(8, 6, 2), {"n_factors": 3, "n_epochs": 3}
    compiled = BPR(**small).fit(log)
    monkeypatch.setattr(bpr, "_epoch", plain(bpr._epoch))
    np.testing.assert_allclose(BPR(**small).fit(log).P_, compiled.P_, rtol=1e-4, atol=1e-6)


def test_a_seed_is_one_result_and_two_are_two():
    log = random_log()
    one, again, other = (BPR(seed=s, n_epochs=3).fit(log).P_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_too_large_a_step_is_named():
    with pytest.raises(Diverged, match=r"BPR diverged .* Lower learning_rate \(now 1e\+20\)"):
        BPR(learning_rate=1e20, reg=1.0).fit(random_log())
