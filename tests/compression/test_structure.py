"""Neurons and heads taken out: smaller shapes, and the answers of the net with their weights out at 0."""

from copy import deepcopy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import Scorer, mlp, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import (
    expected_bytes,
    hidden_layers,
    prune_heads,
    prune_neurons,
    quantize_module,
)
from recsys_course.compression.structure import neuron_scores
from recsys_course.neural import SASRecNet
from recsys_course.training import seeded


def sasrec(n_heads=4, seed=0, n_layers=2):
    """An untrained net of 8 factors for 9 items, every number drawn, so that no norm hides a mistake."""
    with seeded(seed):
        net = SASRecNet(nn.Embedding(9, 8), 8, 5, n_layers, n_heads, 12, 0.2)
        for parameter in net.parameters():
            nn.init.normal_(parameter)
    return net.eval()


HISTORIES = torch.tensor([[1, 2, 8], [0, 0, 7]])


def zeroed(net, before, after, n_out):
    """A copy in which the n_out weakest neurons of layer ``before`` say nothing to ``after``; by loops."""
    net = deepcopy(net)
    first, second = net.get_submodule(before), net.get_submodule(after)
    into, out = first.weight.tolist(), second.weight.tolist()
    scores = []
    for j in range(first.out_features):
        came = sum(w * w for w in into[j]) + float(first.bias.detach()[j]) ** 2
        scores.append(((came * sum(row[j] ** 2 for row in out)) ** 0.5, j))
    for _, j in sorted(scores)[:n_out]:
        second.weight.data[:, j] = 0
    return net


@given(st.floats(0, 0.94), st.integers(0, 50))
def test_smaller_shapes_and_the_answers_of_the_zeroed_net(share, seed):
    net, x = mlp(seed, sizes=(6, 11, 3)), numbers(9, 6)
    n_out = round(share * 11)
    small = prune_neurons(net, share)
    assert small[0].weight.shape == (11 - n_out, 6) and small[0].bias.shape == (11 - n_out,)
    assert small[2].weight.shape == (3, 11 - n_out)
    assert (small[0].out_features, small[2].in_features) == (11 - n_out,) * 2
    torch.testing.assert_close(small(x), zeroed(net, "0", "2", n_out)(x))


def test_sigmoid_neurons_do_not_leave_their_half_behind():
    net = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Dropout(0.5), nn.Linear(6, 2)).eval()
    x = numbers(5, 4)
    torch.testing.assert_close(prune_neurons(net, 0.5)(x), zeroed(net, "0", "3", 3)(x))


def test_two_hidden_layers_in_a_row():
    net = mlp()
    assert list(hidden_layers(net)) == ["0", "2"]
    small = prune_neurons(net, 0.5)
    assert [tuple(small[i].weight.shape) for i in (0, 2, 4)] == [(5, 6), (3, 5), (3, 3)]  # round(3.5) is 4
    only = prune_neurons(net, 0.5, only="2")
    assert [tuple(only[i].weight.shape) for i in (0, 2, 4)] == [(10, 6), (3, 10), (3, 3)]
    torch.testing.assert_close(only(numbers(4, 6)), zeroed(net, "2", "4", 4)(numbers(4, 6)))


def test_what_mixes_neurons_parts_layers():
    net = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    assert list(hidden_layers(net)) == ["2"]
    assert list(hidden_layers(Scorer())) == ["body.0"]


def test_scaling_in_against_out_changes_no_score():
    net = mlp(sizes=(6, 11, 3))
    before = neuron_scores(net[0], net[2])
    scale = numbers(11).exp()
    net[0].weight.data *= scale[:, None]
    net[0].bias.data *= scale
    net[2].weight.data /= scale
    torch.testing.assert_close(neuron_scores(net[0], net[2]), before)


def test_feed_forward_neurons_of_sasrec():
    net = sasrec()
    state = state_of(net)
    small = prune_neurons(net, 0.75)
    names = [name for name, _ in net.named_modules() if name.endswith("feed_forward")]
    other = net
    for name in names:
        assert small.get_submodule(name)[0].weight.shape == (3, 8)
        before, after = (f"{name}.{i}" for i in (0, len(net.get_submodule(name)) - 1))
        other = zeroed(other, before, after, 9)
    torch.testing.assert_close(small(HISTORIES), other(HISTORIES))
    assert len(names) == 2 and unchanged(net, state)
    assert expected_bytes(net) - expected_bytes(small) == 4 * 2 * 9 * (8 + 1 + 8)


@pytest.mark.parametrize("left", [1, 3, 4])
def test_heads_of_sasrec(left):
    net, d = sasrec(), 2
    state = state_of(net)
    small = prune_heads(net, left)
    other = deepcopy(net)
    for block in other.blocks:
        values, out = block.attention.qkv.weight.detach()[16:], block.attention.out.weight.detach()
        scores = [
            (float(values[h * d : h * d + d].norm()) * float(out[:, h * d : h * d + d].norm()), h)
            for h in range(4)
        ]
        for _, h in sorted(scores)[: 4 - left]:
            out[:, h * d : h * d + d] = 0
    torch.testing.assert_close(small(HISTORIES), other(HISTORIES))
    for block in small.blocks:
        assert block.attention.n_heads == left
        assert block.attention.qkv.weight.shape == (3 * left * d, 8)
        assert block.attention.out.weight.shape == (8, left * d)
    assert unchanged(net, state)
    if left == 4:
        assert unchanged(small, state)


def test_a_small_net_is_trained_like_any_other():
    small = prune_heads(prune_neurons(sasrec(), 0.5), 2).train()
    small(HISTORIES).sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for n, p in small.named_parameters())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: prune_neurons(mlp(), 1.0), r"share: 1.0 of 10; expected one in \[0, 1\) that leaves some"),
        (lambda: prune_neurons(mlp(), 0.96), "share: 0.96 of 10"),
        (lambda: prune_neurons(mlp(), -0.5), "share: -0.5"),
        (lambda: prune_neurons(mlp(), 0.5, only=["4"]), "only: no hidden layer '4'; expected of '0', '2'"),
        (lambda: prune_neurons(nn.Linear(2, 2), 0.5), "module: Linear has no two linear layers in a row"),
        (lambda: prune_heads(sasrec(), 0), r"n_heads: 0; expected 1\.\.4"),
        (lambda: prune_heads(sasrec(), 5), r"n_heads: 5; expected 1\.\.4"),
        (lambda: prune_heads(mlp(), 1), "module: Sequential has no attention"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_nan_is_named():
    net = mlp()
    net[0].weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"nan at \(0, 0\)"):
        prune_neurons(net, 0.5)


def test_heads_of_layers_in_codes_are_refused():
    with seeded(0):
        net = SASRecNet(nn.Embedding(7, 8), 8, 5, 1, 2, 8, 0.0)
    with pytest.raises(ValueError, match="module: attention of Int8Linear; expected linear layers in float"):
        prune_heads(quantize_module(net), 1)
