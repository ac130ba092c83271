"""Bytes counted and computed, also of mixed precision; a median with its interval, on one thread."""

import numpy as np
import pytest
import torch
from nets_to_compress import Scorer, mlp, numbers
from torch import nn

from recsys_course.compression import Latency, bytes_on_disk, expected_bytes, latency, measure
from recsys_course.training import Training, train

FRAME = 2500  # bytes of a file with a few tensors beside their numbers: names, places, an index


@pytest.mark.parametrize("n", [10, 1000, 30_000])
def test_the_file_is_the_numbers_and_a_frame(n):
    net = nn.Sequential(nn.Embedding(n, 16), nn.Linear(16, 4))
    assert expected_bytes(net) == 4 * (16 * n + 64 + 4)
    assert 0 < bytes_on_disk(net) - expected_bytes(net) < FRAME


def test_what_is_shared_counts_once():
    net = Scorer()
    apart = 4 * (12 * 4 + (4 * 6 + 6) + (6 * 4 + 4) + 12)
    assert expected_bytes(net) == apart
    net.head.weight = nn.Parameter(net.head.weight.detach().clone())
    assert expected_bytes(net) == apart + 4 * 48


def test_buffers_and_other_types_count_by_their_size():
    net = nn.Module()
    net.register_buffer("codes", torch.zeros(100, dtype=torch.uint8))
    net.register_buffer("scales", torch.zeros(10, dtype=torch.float16))
    assert expected_bytes(net) == 120
    assert expected_bytes(nn.ReLU()) == 0


def test_mixed_precision_saves_no_byte_of_the_saved_model():
    x, sizes, seen = numbers(40, 6), [], []

    def loss(module, rows, rng):
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            y = module(x[rows])
        seen.append(y.dtype)
        return (y.float() ** 2).mean()

    for mixed in (False, True):
        net = mlp()
        train(net, loss, len(x), Training(n_epochs=1, batch_size=40, mixed_precision=mixed, n_threads=1))
        sizes.append((bytes_on_disk(net), expected_bytes(net)))
        assert all(p.dtype == torch.float32 for p in net.parameters())
    assert seen == [torch.float32, torch.bfloat16]  # it was on: products in 16 bits, weights in 32
    assert sizes[0] == sizes[1]


def test_median_and_interval_of_given_times(monkeypatch):
    times = np.random.default_rng(0).exponential(2.0, 200)
    clock = iter(np.repeat(np.r_[0, np.cumsum(times)], 2)[1:-1] / 1e3)
    monkeypatch.setattr(measure.time, "perf_counter", lambda: next(clock))
    got = latency(lambda: None, repeats=200, warmup=0)
    assert got.median == pytest.approx(np.median(times))
    assert got.low < np.median(times) < got.high
    from scipy.stats import bootstrap

    theirs = bootstrap((times,), np.median, method="percentile", rng=1).confidence_interval
    assert got.low == pytest.approx(theirs.low, rel=0.1) and got.high == pytest.approx(theirs.high, rel=0.1)


def test_calls_threads_and_gradients():
    calls = []

    def fn():
        calls.append((torch.get_num_threads(), torch.is_grad_enabled()))

    before = torch.get_num_threads()
    got = latency(fn, repeats=7, warmup=3)
    assert calls == [(1, False)] * 10 and torch.get_num_threads() == before
    assert 0 <= got.low <= got.median <= got.high
    assert str(Latency(1.23456, 1.0, 2.0)) == "1.23 ms (1 to 2)"


@pytest.mark.parametrize(
    ("settings", "said"), [({"repeats": 1}, "repeats: 1"), ({"warmup": -1}, "warmup: -1")]
)
def test_refusals(settings, said):
    with pytest.raises(ValueError, match=said):
        latency(lambda: None, **settings)
