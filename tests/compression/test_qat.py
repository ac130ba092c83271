"""Straight through: its value, its gradient, torch's; trained with rounding against rounded afterwards."""

from copy import deepcopy
from statistics import mean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import Scorer, mlp, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import Grid, affine, convert, fake_quantize, prepare_qat, quantize_module
from recsys_course.training import Training, seeded, train

settings = st.tuples(st.integers(2, 8), st.sampled_from(["tensor", "channel"]), st.booleans())


@given(settings, st.integers(0, 99))
def test_the_value_is_rounded_and_the_gradient_is_not(setting, seed):
    x = numbers(4, 5, seed=seed).requires_grad_()
    y = fake_quantize(x, *setting)
    torch.testing.assert_close(y.detach(), affine(x, *setting).dequantize())
    upstream = numbers(4, 5, seed=seed + 1)
    (got,) = torch.autograd.grad(y, x, upstream)
    torch.testing.assert_close(got, upstream)  # a grid that covers all numbers cuts none off


def test_by_hand_beyond_the_ends_nothing_flows():
    x = torch.tensor([-9.0, -0.6, 0.2, 3.4, 3.6], requires_grad=True)
    y = fake_quantize(x, n_bits=2, span=(torch.tensor(0.0), torch.tensor(3.0)))
    assert y.tolist() == [0, 0, 0, 3, 3]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 1, 1, 0]  # 3.4 is rounded to 3, 3.6 is cut off there


@pytest.mark.parametrize("span", [None, (torch.tensor(-1.0), torch.tensor(0.7))])
def test_same_as_torch(span):
    x = numbers(3000).requires_grad_()
    scale, zero_point = Grid(4).steps(*(span or (x.detach().min(), x.detach().max())))
    ours = fake_quantize(x, 4, span=span)
    theirs = torch.fake_quantize_per_tensor_affine(x, float(scale), int(zero_point), 0, 15)
    torch.testing.assert_close(ours, theirs)
    mine, other = (torch.autograd.grad((y**2).sum(), x)[0] for y in (ours, theirs))
    torch.testing.assert_close(mine, other)
    assert (mine == 0).float().mean() > (0.3 if span else 0)


def test_preparing_changes_no_weight_and_every_answer():
    net, x = mlp(), numbers(30, 6)
    state = state_of(net)
    prepared = prepare_qat(net, 3)
    assert torch.equal(prepared[0].parametrizations.weight.original, net[0].weight)
    torch.testing.assert_close(prepared(x), quantize_module(net, 3)(x))
    assert unchanged(net, state) and type(net[0]) is nn.Linear


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_converted_it_answers_as_trained(per, symmetric):
    net, x = prepare_qat(mlp(), 3, per, symmetric), numbers(30, 6)
    before = state_of(net)
    with seeded(0):
        optimizer = torch.optim.Adam(net.parameters(), 0.01)
        for _ in range(5):
            optimizer.zero_grad()
            (net(x) ** 2).mean().backward()
            optimizer.step()
    assert not unchanged(net, before)
    state, answers = state_of(net), net(x)
    torch.testing.assert_close(convert(net)(x), answers)
    assert unchanged(net, state)
    assert torch.equal(net(x), answers)  # converting has not touched what it was made from


def test_a_shared_table_is_rounded_in_both_places():
    net, codes = Scorer(), torch.arange(12)
    got = convert(prepare_qat(net, 2, only="items"))
    assert got.head.table is got.items
    with_both = prepare_qat(net, 2, only=["items", "head"])
    torch.testing.assert_close(convert(with_both)(codes), with_both(codes))


def planted(seed):
    """Classes by a random net of one hidden layer, so that a net of the same shape can be right."""
    with seeded(100 + seed):
        teacher = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 6))
        x = torch.randn(1500, 8)
        y = (3 * teacher(x)).argmax(1)
    return x[:1000], y[:1000], x[1000:], y[1000:]


def trained(net, x, y, n_epochs, seed, rate):
    def loss(module, rows, rng):
        return nn.functional.cross_entropy(module(x[rows]), y[rows])

    train(net, loss, len(x), Training(n_epochs, 100, rate, seed=seed, n_threads=1))
    return net


def right(net, x, y):
    return float((net(x).argmax(1) == y).float().mean())


def test_training_with_two_bits_recovers_what_rounding_to_two_bits_has_lost():
    """Against rounding at once, and against as many epochs more without feeling the rounding."""
    lost, won, fair = [], [], []
    for seed in range(3):
        x, y, x_test, y_test = planted(seed)
        with seeded(seed):
            net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 6))
        trained(net, x, y, 40, seed, 0.01)
        after = right(quantize_module(net, 2), x_test, y_test)
        aware = right(convert(trained(prepare_qat(net, 2), x, y, 20, seed, 0.003)), x_test, y_test)
        longer = trained(deepcopy(net), x, y, 20, seed, 0.003)
        lost.append(right(net, x_test, y_test) - after)
        won.append(aware - after)
        fair.append(aware - right(quantize_module(longer, 2), x_test, y_test))
    assert mean(lost) > 0.05
    assert mean(won) > 0.3 * mean(lost)
    assert mean(fair) > 0.02


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: prepare_qat(mlp(), 1), "n_bits: 1"),
        (lambda: prepare_qat(mlp(), only="x"), "only: no layer 'x'"),
        (lambda: convert(mlp()), "module: Sequential has no layer from prepare_qat; expected some"),
        (lambda: fake_quantize(numbers(3), 0), "n_bits: 0"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_nan_is_refused_before_training():
    net = mlp()
    net[2].weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"2.weight: nan at \(0, 0\)"):
        prepare_qat(net)


def test_a_span_may_be_plain_numbers_and_has_an_order():
    x = numbers(5)
    span = torch.tensor(-1.0), torch.tensor(2.0)
    assert torch.equal(fake_quantize(x, 4, span=(-1, 2.0)), fake_quantize(x, 4, span=span))
    for wrong in ((1.0, -1.0), (0.0, float("inf"))):
        with pytest.raises(ValueError, match=r"span: .* to .*; expected the least number first"):
            fake_quantize(x, span=wrong)
