"""Skip-gram with negative sampling: the gradient, the compiled step, pairs and draws."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from logs import plain
from scipy.stats import chisquare

from recsys_course.base import Diverged
from recsys_course.content.text import (
    keep_probabilities,
    negative_probabilities,
    sgns,
    sgns_gradient,
    sgns_training,
    train_sgns,
)
from recsys_course.content.text.sgns_training import draw, pairs


def some_vectors(seed, K=4, M=3, scale=1.0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=K), scale * rng.normal(size=K), scale * rng.normal(size=(M, K))


@pytest.mark.parametrize("M", [0, 1, 5])
@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0])
def test_the_gradient_is_torchs(M, scale):
    arrays = some_vectors(M, M=M, scale=scale)
    v, c, N = (torch.tensor(x, requires_grad=True) for x in arrays)
    log_sigmoid = torch.nn.functional.logsigmoid
    (-log_sigmoid(v @ c) - log_sigmoid(-(N @ v)).sum()).backward()
    loss, *gradients = sgns_gradient(*arrays)
    assert loss == pytest.approx((-log_sigmoid(v @ c) - log_sigmoid(-(N @ v)).sum()).item(), rel=1e-12)
    for got, x in zip(gradients, (v, c, N), strict=True):
        np.testing.assert_allclose(got, x.grad.numpy(), rtol=1e-10, atol=1e-14)


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4))
def test_the_gradient_is_the_slope(seed, K, M):
    arrays = some_vectors(seed, K, M)
    _, *gradients = sgns_gradient(*arrays)
    h = 1e-6
    for place, (x, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        for cell in np.ndindex(x.shape):
            ends = []
            for step in (h, -h):
                moved = [a.copy() for a in arrays]
                moved[place][cell] += step
                ends.append(sgns_gradient(*moved)[0])
            assert gradient[cell] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-6)


def test_the_gradient_by_hand():
    """All products are 0, so every sigma is 1/2: the loss is (1 + M) ln 2."""
    loss, d_v, d_c, d_N = sgns_gradient([1, 0], [0, 2], [[0, 4], [0, 0]])
    assert loss == pytest.approx(3 * math.log(2))
    assert d_v.tolist() == [0, -0.5 * 2 + 0.5 * 4]
    assert d_c.tolist() == [-0.5, 0]
    assert d_N.tolist() == [[0.5, 0], [0.5, 0]]


def test_no_overflow_however_sure():
    loss, d_v, *_ = sgns_gradient([1000.0], [-1000.0], [[1000.0]])
    assert loss == pytest.approx(2e6)
    assert d_v.tolist() == [2000.0]
    V, C = np.array([[1000.0]]), np.array([[-1000.0], [1000.0]])
    code = np.array([0], np.int32)
    assert sgns.steps(code, code, np.array([[1]], np.int32), np.array([0.0]), V, C) == pytest.approx(2e6)


@pytest.mark.parametrize(
    "bad", [([1, 2], [1], [[1, 2]]), ([1, 2], [1, 2], [1, 2]), ([[1]], [[1]], [[1]]), ([1], [1], [[1, 2]])]
)
def test_shapes_of_the_gradient_are_checked(bad):
    with pytest.raises(ValueError, match=r"v, c_pos, C_neg: shapes .*expected \(K,\), \(K,\), \(M, K\)"):
        sgns_gradient(*bad)


def many_pairs(seed, P=60, V=7, M=4, K=5):
    """Few words, so that a negative is often drawn twice or is the neighbour itself."""
    rng = np.random.default_rng(seed)
    middle, near = (rng.integers(V, size=P, dtype=np.int32) for _ in range(2))
    drawn = rng.integers(V, size=(P, M), dtype=np.int32)
    return middle, near, drawn, rng.uniform(0.01, 0.3, P), rng.normal(size=(V, K)), rng.normal(size=(V, K))


def repeated_gradients(middle, near, drawn, rates, V, C):
    V, C, total = V.copy(), C.copy(), 0.0
    for i, j, negatives, rate in zip(middle, near, drawn, rates, strict=True):
        negatives = [m for m in negatives if m != j]
        loss, d_v, d_c, d_N = sgns_gradient(V[i], C[j], C[negatives])
        total += loss
        V[i] -= rate * d_v
        C[j] -= rate * d_c
        np.subtract.at(C, negatives, rate * d_N)
    return total, V, C


@pytest.mark.parametrize("step", [sgns.steps, plain(sgns.steps)], ids=["compiled", "plain"])
@pytest.mark.parametrize("seed", range(3))
def test_the_loop_is_one_gradient_step_after_the_other(step, seed):
    middle, near, drawn, rates, V, C = many_pairs(seed)
    total, want_V, want_C = repeated_gradients(middle, near, drawn, rates, V, C)
    assert step(middle, near, drawn, rates, V, C) == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(V, want_V, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(C, want_C, rtol=1e-10, atol=1e-12)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 4), st.integers(0, 99))
def test_pairs_are_those_of_slow_loops(lengths, window, seed):
    which = np.repeat(np.arange(len(lengths)), lengths)
    T = len(which)
    spans = np.random.default_rng(seed).integers(1, window + 1, size=T)
    want = [
        (p, q)
        for p in range(T)
        for q in range(T)
        if p != q and which[p] == which[q] and abs(p - q) <= spans[p]
    ]
    whole = list(zip(*(x.tolist() for x in pairs(which, spans, 0, T)), strict=True))
    assert sorted(whole) == want
    cut = seed % (T + 1)
    parts = [pairs(which, spans, *ends) for ends in ((0, cut), (cut, T)) if ends[0] < ends[1]]
    middle, near = (np.concatenate(part).tolist() for part in zip(*parts, strict=True))
    assert sorted(zip(middle, near, strict=True)) == want


@pytest.fixture
def recorded(monkeypatch):
    """What training hands to the step: a list of (middle, near, drawn, rates)."""
    calls, real = [], sgns_training.steps

    def record(middle, near, drawn, rates, V, C):
        calls.append((middle.copy(), near.copy(), drawn.copy(), rates.copy()))
        return real(middle, near, drawn, rates, V, C)

    monkeypatch.setattr(sgns_training, "steps", record)
    return calls


def zipf_sequences(seed=0, n=300, length=40, V=12):
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, V + 1)
    return [rng.choice(V, size=length, p=p / p.sum()) for _ in range(n)]


@pytest.mark.parametrize("power", [0.75, 1.0, 0.0, -0.5])
def test_negatives_follow_the_counts_to_the_power(recorded, power):
    sequences = zipf_sequences()
    train_sgns(sequences, 12, n_factors=2, n_epochs=1, window=1, n_negatives=3, sample=0, power=power)
    drawn = np.concatenate([call[2].ravel() for call in recorded])
    counts = np.bincount(np.concatenate(sequences), minlength=12)
    seen, weight = np.bincount(drawn, minlength=12), counts.astype(float) ** power
    assert chisquare(seen, weight / weight.sum() * len(drawn)).pvalue > 1e-3
    other = counts.astype(float) ** (power + 0.15)
    assert chisquare(seen, other / other.sum() * len(drawn)).pvalue < 1e-6  # the test can tell


def test_negative_probabilities_by_hand():
    np.testing.assert_allclose(negative_probabilities([16, 1, 0], 0.75), [8 / 9, 1 / 9, 0])
    np.testing.assert_allclose(negative_probabilities([16, 1, 0], 0), [0.5, 0.5, 0])
    np.testing.assert_allclose(negative_probabilities([16, 1, 0], -0.5), [0.2, 0.8, 0])
    np.testing.assert_allclose(negative_probabilities([10**6, 1], -100), [0, 1], atol=1e-12)


def test_draws_never_leave_the_codes():
    class Edge:
        def random(self, size):
            return np.full(size, np.nextafter(1.0, 0))

    assert draw(np.array([0.3, 0.3, 1.0000000000000002]), (1, 2), Edge()).tolist() == [[2, 2]]
    assert draw(np.array([0.1] * 3), (1, 1), Edge()).tolist() == [[0]]  # codes without a share are not drawn


def test_chances_of_staying_by_hand():
    """1 % of all words at t = 0.001: sqrt(0.1); rarer than t: certain."""
    keep = keep_probabilities([10_000 - 100 - 5, 100, 5], 1e-3)
    np.testing.assert_allclose(keep, [math.sqrt(1e-3 / 0.9895), math.sqrt(0.1), 1.0])
    assert keep_probabilities([5, 0], 0).tolist() == [1, 1]
    assert keep_probabilities([5, 0], 0.2)[1] == 1


def test_frequent_words_are_left_out_at_the_rate_of_the_formula(recorded):
    """Every word kept is in the middle as often as it has neighbours; pairs of one word, window 1."""
    sequences, t, epochs = [np.array([n % 4 // 2, 2 + n % 4 // 3]) for n in range(8000)], 0.05, 6
    keep = keep_probabilities(np.bincount(np.concatenate(sequences)), t)
    train_sgns(sequences, 4, n_factors=2, n_epochs=epochs, window=1, n_negatives=1, sample=t)
    seen = np.zeros((4, 4))
    for middle, near, *_ in recorded:
        np.add.at(seen, (middle, near), 1)
    there = np.zeros((4, 4))
    for a, b in sequences:
        there[a, b] += epochs
    chance = np.outer(keep, keep)  # both have to stay
    mean, spread = there * chance, np.sqrt(there * chance * (1 - chance))
    some = there > 0
    assert (np.abs(seen - mean)[some] < 5 * spread[some]).all()
    assert (seen == seen.T).all()  # window 1: a pair is met from both ends
    assert ((seen + seen.T)[~(some | some.T)] == 0).all()


def test_the_window_is_drawn_evenly(recorded):
    """Of 1..3: places 1, 2, 3 apart are met with chances 1, 2/3, 1/3."""
    sequences = [np.arange(8)] * 3000
    train_sgns(sequences, 8, n_factors=2, n_epochs=1, window=3, n_negatives=1, sample=0)
    middle, near = (np.concatenate([call[n] for call in recorded]) for n in (0, 1))
    far = np.bincount(np.abs(middle.astype(int) - near), minlength=5)
    np.testing.assert_allclose(far[:5] / 3000, [0, 14 * 1, 12 * 2 / 3, 10 / 3, 0], atol=0.35)


def test_training_is_the_repeated_gradient_and_the_rate_falls_to_almost_nothing(recorded):
    sequences, epochs, rate = zipf_sequences(1, n=8, length=6), 3, 0.2
    got = train_sgns(
        sequences, 12, n_factors=3, n_epochs=epochs, learning_rate=rate, window=2, sample=0.05, seed=4
    )
    V = np.random.default_rng(4).uniform(-0.5 / 3, 0.5 / 3, (12, 3)).astype(np.float32).astype(float)
    C = np.zeros_like(V)
    assert len(recorded) == epochs
    for epoch, call in enumerate(recorded):
        total, V, C = repeated_gradients(*call, V, C)
        assert got.loss[epoch] == pytest.approx(total / len(call[0]), rel=1e-5)
        low, high = rate * (1 - (epoch + 1) / epochs), rate * (1 - epoch / epochs)
        assert low - 1e-7 <= call[3].min() <= call[3].max() <= high + 1e-7
    assert recorded[-1][3].min() >= np.float32(rate * 1e-4)
    np.testing.assert_allclose(got.V, V, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got.C, C, rtol=1e-4, atol=1e-6)


def test_bounded_parts_give_every_pair_once(recorded, monkeypatch):
    sequences = zipf_sequences(2, n=20, length=9)
    options = {"n_factors": 2, "n_epochs": 1, "window": 1, "sample": 0}
    train_sgns(sequences, 12, **options)
    whole = [np.sort(np.concatenate([12 * call[0] + call[1] for call in recorded]))]
    recorded.clear()
    monkeypatch.setattr(sgns_training, "CELLS_AT_ONCE", 150)
    train_sgns(sequences, 12, **options)
    assert len(recorded) > 10
    parts = np.sort(np.concatenate([12 * call[0] + call[1] for call in recorded]))
    np.testing.assert_array_equal(whole[0], parts)


def test_a_seed_is_a_result():
    sequences = zipf_sequences(3, n=20)
    first, again, other = (train_sgns(sequences, 12, n_factors=4, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.V, again.V)
    assert not np.array_equal(first.V, other.V)


def test_codes_that_are_met_together_come_together():
    """Two sets of codes that never meet: inside a set the products are larger, for every seed."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sequences = [rng.choice(10, size=6) + 10 * (n % 2) for n in range(400)]
        V, C, loss = train_sgns(
            sequences, 20, n_factors=8, n_epochs=10, sample=0, learning_rate=0.05, seed=seed
        )
        products = V @ C.T
        same = np.arange(20)[:, None] // 10 == np.arange(20) // 10
        assert products[same].mean() > products[~same].mean() + 1
        assert loss[-1] < loss[0]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_factors": 0}, "n_factors: 0; expected factors, at least 1"),
        ({"window": 0}, "window: 0"),
        ({"n_negatives": 0}, "n_negatives: 0"),
        ({"n_epochs": 0}, "n_epochs: 0"),
        ({"learning_rate": 0}, "learning_rate: 0; expected a step size of more than 0"),
        ({"sample": -1}, "sample: -1"),
        ({"power": float("inf")}, "power: inf; expected a finite exponent"),
        ({"learning_rate": float("nan")}, "learning_rate: nan"),
    ],
)
def test_settings_of_the_training_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        train_sgns([np.array([0, 1])], 2, **options)


def test_sequences_are_checked():
    with pytest.raises(ValueError, match="sequences: none holds two codes"):
        train_sgns([np.array([0]), np.array([], dtype=int)], 2)
    with pytest.raises(ValueError, match="sequences: none holds two codes"):
        train_sgns([], 2)
    with pytest.raises(ValueError, match=r"sequences: codes 0..5; expected 0..2"):
        train_sgns([np.array([0, 5])], 3)
    with pytest.raises(ValueError, match=r"sequences: codes -1..1"):
        train_sgns([np.array([-1, 1])], 3)
    with pytest.raises(TypeError, match="sequences: dtype float64"):
        train_sgns([np.array([0.0, 1.0])], 3)


def test_too_long_steps_are_noticed():
    with (
        np.errstate(all="ignore"),
        pytest.raises(Diverged, match=r"Mine diverged in epoch .*lower learning_rate"),
    ):
        train_sgns(zipf_sequences(n=50), 12, learning_rate=1e30, n_epochs=3, sample=0, what="Mine")


SMALL_RUN = """
import json, sys
{block}
from recsys_course.content.text import GloVe, Word2Vec
texts = ["tent rope lamp tent", "rope tent cup", "cup pot cup lamp"] * 3
models = [Word2Vec(n_factors=4, sample=0, n_epochs=2), GloVe(n_factors=4, n_epochs=3)]
result = [[model.fit(texts).V_.tolist(), model.loss_.tolist()] for model in models]
print(json.dumps([sys.modules.get("numba") is not None, result]))
"""


def test_without_numba_the_same_vectors_come_out():
    pytest.importorskip("numba")
    runs = []
    for block in ("sys.modules['numba'] = None", ""):
        code = SMALL_RUN.format(block=block)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        runs.append(json.loads(done.stdout))
    assert [run[0] for run in runs] == [False, True]
    for (V, loss), (want_V, want_loss) in zip(runs[0][1], runs[1][1], strict=True):
        np.testing.assert_allclose(V, want_V, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(loss, want_loss, rtol=1e-4)
