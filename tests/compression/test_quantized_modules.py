"""Modules in codes: answers near the old ones, whole numbers by (10.3), calibration, sharing, torch's own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import Scorer, mlp, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import (
    Grid,
    Int8Embedding,
    Int8Linear,
    Observer,
    Tied,
    affine,
    bytes_on_disk,
    expected_bytes,
    quantize_module,
    replace_table,
    tie,
    torch_dynamic,
)

CODES = torch.tensor([[0, 3, 3], [11, 7, 1]])


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("per", ["tensor", "channel"])
@pytest.mark.parametrize("n_bits", [2, 3, 5, 8])
def test_the_weights_are_those_of_affine(n_bits, per, symmetric):
    net = mlp()
    state = state_of(net)
    got = quantize_module(net, n_bits, per, symmetric)
    for i in (0, 2, 4):
        weight = affine(net[i].weight, n_bits, per, symmetric).dequantize()
        torch.testing.assert_close(got[i].weight, weight, rtol=0, atol=0)
        assert torch.equal(got[i].bias, net[i].bias)
    assert unchanged(net, state)
    assert not any(p.requires_grad for p in got.parameters())


def test_eight_bits_are_near_and_four_further():
    net, x = mlp(), numbers(200, 6)
    error = {b: (quantize_module(net, b)(x) - net(x)).abs().max() / net(x).abs().max() for b in (8, 4)}
    assert error[8] < 0.01 < error[4] < 0.3


def test_a_table_gives_its_rows_and_all_of_them():
    table = numbers(12, 5)
    for n_bits, symmetric in ((8, False), (3, True), (4, False)):
        got = Int8Embedding(table, n_bits, symmetric=symmetric)
        want = affine(table, n_bits, "channel", symmetric).dequantize()
        torch.testing.assert_close(got(CODES), want[CODES], rtol=0, atol=0)
        torch.testing.assert_close(got.weight, want, rtol=0, atol=0)


@given(st.integers(2, 8), st.booleans(), st.sampled_from(["tensor", "channel"]), st.integers(0, 50))
def test_bytes_are_counted_by_hand(n_bits, symmetric, per, seed):
    n, k = 7 + seed % 5, 1 + seed % 9
    got = Int8Embedding(numbers(n, k), n_bits, per, symmetric)
    steps = n if per == "channel" else 1
    by_hand = n * -(-k * n_bits // 8) + 4 * steps + (0 if symmetric else steps)
    assert got.n_bytes == expected_bytes(got) == by_hand


def test_the_file_shrinks_as_the_numbers_do():
    net = nn.Sequential(nn.Embedding(5000, 64))
    for n_bits in (8, 4, 2):
        small = quantize_module(net, n_bits)
        assert expected_bytes(small) == 5000 * (64 * n_bits // 8 + 4)
        saved = bytes_on_disk(net) - bytes_on_disk(small)
        assert saved == pytest.approx(expected_bytes(net) - expected_bytes(small), abs=2000)


@given(st.integers(3, 8), st.booleans(), st.integers(0, 30))
def test_floats_say_what_whole_numbers_say(n_bits, symmetric, seed):
    layer, x = mlp(seed)[0], 2 * numbers(20, 6, seed=seed)
    low, high = torch.tensor(-1.5), torch.tensor(2.5)  # some inputs lie outside
    got = Int8Linear(layer, Grid(n_bits, "channel", symmetric), (low, high))
    torch.testing.assert_close(got(x), got.whole(x), rtol=1e-5, atol=1e-5)
    rounded = Grid(n_bits)
    scale, zero_point = rounded.steps(low, high)
    inputs = (rounded.encode(x, scale, zero_point) - zero_point) * scale
    torch.testing.assert_close(got(x), nn.functional.linear(inputs, got.weight, layer.bias))


def test_calibration_watches_each_layer():
    net, x = mlp(), numbers(300, 6)
    got = quantize_module(net, calibrate=[x[:100], x[100:]])
    hidden = net[1](net[0](x))
    scale, zero_point = Grid(8).steps(hidden.detach().min(), hidden.detach().max())
    assert torch.equal(got[2].input_scale, scale) and torch.equal(got[2].input_zero_point, zero_point)
    only_weights = quantize_module(net)
    assert only_weights[2].input_scale is None
    assert (got(x) - net(x)).abs().max() < 0.05
    assert not torch.equal(got(x), only_weights(x))


def test_a_percentile_does_better_beside_an_outlier():
    net, x = mlp(), numbers(2000, 6)
    x[0] = 3000.0
    error = {}
    for kind in ("minmax", "percentile"):
        got = quantize_module(net, 8, calibrate=[x], observer=Observer(kind, 0.999))
        error[kind] = (got(x[1:]) - net(x[1:])).abs().mean()
    assert error["percentile"] < error["minmax"] / 10


def test_how_a_batch_is_run():
    class Pairs(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = mlp(sizes=(4, 3))

        def forward(self, a, b):
            return self.net(a + b)

    a, b = numbers(9, 4), numbers(9, 4, seed=1)
    as_tuple = quantize_module(Pairs(), calibrate=[(a, b)])
    as_call = quantize_module(Pairs(), calibrate=[9], call=lambda module, n: module(a[:n], b[:n]))
    assert torch.equal(as_tuple.net[0].input_scale, as_call.net[0].input_scale)


def test_what_is_shared_stays_shared():
    net = Scorer()
    got = quantize_module(net)
    assert isinstance(got.head, Int8Linear)  # named itself: its own codes of the same numbers
    got = quantize_module(net, only="items")
    assert isinstance(got.head, Tied) and got.head.table is got.items
    assert torch.equal(got.head.bias, net.head.bias) and type(got.body[0]) is nn.Linear
    assert (got(CODES) - net(CODES)).abs().max() < 0.05
    table = replace_table(net, "items", Int8Embedding(net.items))
    assert isinstance(table.head, Tied) and table.head.table is table.items


def test_a_layer_that_stands_twice_is_replaced_twice():
    layer = nn.Linear(3, 3)
    net = nn.ModuleDict({"a": layer, "b": layer})
    net["c"] = nn.Sequential(layer, nn.ReLU(), layer)
    got = quantize_module(net)
    assert isinstance(got["a"], Int8Linear)
    assert got["a"] is got["b"] is got["c"][0] is got["c"][2]


def test_a_lone_layer_is_a_module_too():
    assert isinstance(quantize_module(nn.Linear(3, 2)), Int8Linear)
    assert isinstance(quantize_module(nn.Embedding(3, 2)), Int8Embedding)


def test_without_bias_and_in_training_mode():
    net = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Dropout(0.5)).train()
    got = quantize_module(net)
    assert got[0].bias is None and got.training and got[0].training and got[1].training


def test_gradients_flow_through_to_the_inputs():
    x = numbers(4, 6).requires_grad_()
    quantize_module(mlp())(x).sum().backward()
    assert x.grad.abs().sum() > 0


def test_tie():
    net = Scorer()
    net.head.weight = nn.Parameter(numbers(12, 4))
    tied = tie(net, "items", "head")
    assert tied.head.table is tied.items
    assert expected_bytes(net) - expected_bytes(tied) == 4 * 12 * 4
    h = tied.body(tied.items(CODES))
    torch.testing.assert_close(tied.head(h), h @ net.items.weight.T + net.head.bias)


def test_torchs_own_kernels_are_near():
    net, x = mlp(sizes=(16, 32, 8)), numbers(40, 16)
    state = state_of(net)
    theirs = torch_dynamic(net)
    assert (theirs(x) - net(x)).abs().max() < 0.05 and not torch.equal(theirs(x), net(x))
    assert unchanged(net, state)
    weight = theirs[0].weight().dequantize()
    ours = affine(net[0].weight, 8, "tensor", symmetric=True)
    assert (weight - ours.dequantize()).abs().max() <= ours.scale
    assert expected_bytes(theirs) < expected_bytes(net) / 2  # weights in a byte; a step and a zero beside


def test_torch_without_such_kernels_is_named(monkeypatch):
    monkeypatch.delattr(torch.ao.quantization, "quantize_dynamic")
    with pytest.raises(RuntimeError, match="has no quantize_dynamic; torchao took its place"):
        torch_dynamic(mlp())


def empty():
    net = mlp()
    net[0].weight = nn.Parameter(torch.empty(0, 6))
    return net


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: quantize_module(mlp(), 16), "n_bits: 16; expected a whole number from 2 to 8"),
        (lambda: quantize_module(mlp(), per="row"), "per: 'row'"),
        (lambda: quantize_module(mlp(), only="1"), "only: no layer '1'; expected some of '0', '2', '4'"),
        (lambda: quantize_module(nn.ReLU()), "module: ReLU has no Linear or Embedding"),
        (lambda: quantize_module(mlp(), calibrate=[]), "calibrate: no batches; expected at least one"),
        (
            lambda: quantize_module(mlp(), calibrate=[numbers(3, 6)], call=lambda m, x: m[0](x)),
            "calibrate: no batch went through '2'",
        ),
        (lambda: quantize_module(empty()), r"table: shape \(0, 6\); expected at least one number"),
        (lambda: Int8Embedding(torch.empty(0, 4)), r"table: shape \(0, 4\); expected at least one number"),
        (lambda: Int8Embedding(torch.ones(4)), r"table: shape \(4,\); expected \(n, k\)"),
        (lambda: Int8Embedding([[1.0, float("nan")]]), r"table: nan at \(0, 1\)"),
        (lambda: quantize_module(mlp())[0].whole(numbers(2, 6)), "span: inputs have no range"),
        (lambda: replace_table(Scorer(), "item", Int8Embedding(torch.ones(12, 4))), "only: no layer 'item'"),
        (
            lambda: replace_table(Scorer(), "items", Int8Embedding(torch.ones(13, 4))),
            r"new: a table of \(13, 4\); expected \(12, 4\), as 'items'",
        ),
        (lambda: tie(Scorer(), "items", "body.0"), r"head: 'body.0' has \(6, 4\); expected \(12, 4\)"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_whole_numbers_of_a_wide_layer_do_not_overflow():
    wide = nn.Linear(70_000, 1)
    wide.weight.data.fill_(1.0)
    x = torch.ones(1, 70_000)
    layer = quantize_module(nn.Sequential(wide), calibrate=[x])[0]
    assert layer.whole(x).item() == pytest.approx(70_000, rel=1e-3)
