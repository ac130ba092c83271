"""Attention against loops and torch; the future cannot change the past; the network of SASRec."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from recsys_course.neural.attention import SASRecNet, SelfAttention, attention, causal_mask
from recsys_course.neural.tables import embedding


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def net(n_items=9, n_factors=8, max_length=6, n_layers=2, n_heads=2, dropout=0.0):
    torch.manual_seed(1)
    items = embedding(np.ones(n_items, dtype=bool), n_factors, spread=1.0)
    made = SASRecNet(items, n_factors, max_length, n_layers, n_heads, 2 * n_factors, dropout)
    return made.eval()


NET = net()


@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_torchs_and_that_of_a_slow_loop(masked):
    Q, K, V = random(2, 3, 5, 4), random(2, 3, 5, 4, seed=1), random(2, 3, 5, 6, seed=2)
    mask = causal_mask(5) if masked else None
    got = attention(Q, K, V, mask)
    torch.testing.assert_close(got, scaled_dot_product_attention(Q, K, V, attn_mask=mask))
    for t in range(5):
        seen = range(t + 1 if masked else 5)
        weights = [math.exp((Q[1, 2, t] @ K[1, 2, s]).item() / 2) for s in seen]  # the root of 4
        slow = sum(w * V[1, 2, s] for w, s in zip(weights, seen, strict=True)) / sum(weights)
        torch.testing.assert_close(got[1, 2, t], slow)


def test_by_hand():
    Q, K, V = torch.tensor([[2.0]]), torch.tensor([[0.0], [math.log(3) / 2]]), torch.tensor([[4.0], [8.0]])
    assert attention(Q, K, V).item() == pytest.approx(7)  # weights 1/4 and 3/4
    assert causal_mask(3).int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("n_heads", [1, 2, 4])
def test_self_attention_is_the_readable_function_head_by_head(n_heads):
    torch.manual_seed(0)
    layer, x = SelfAttention(8, n_heads), random(3, 5, 8)
    q, k, v = layer.qkv(x).split(8, dim=2)
    d = 8 // n_heads
    heads = [
        attention(*(part[..., h * d : (h + 1) * d] for part in (q, k, v)), causal_mask(5))
        for h in range(n_heads)
    ]
    torch.testing.assert_close(layer(x), layer.out(torch.cat(heads, dim=2)))


@given(st.lists(st.integers(0, 8), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 8))
def test_the_future_cannot_change_the_past(history, place, other):
    place = min(place, len(history) - 1)
    changed = [*history[:place], other, *history[place + 1 :]]
    module = NET
    with torch.no_grad():
        before, after = module(torch.tensor([history]))[0], module(torch.tensor([changed]))[0]
    torch.testing.assert_close(
        before[: place + 1], after[: place + 1]
    )  # rows 0..place have seen 0..place items
    if other != history[place]:
        assert not torch.allclose(before[place + 1], after[place + 1])


def test_padding_behind_a_history_does_not_show():
    module = net()
    with torch.no_grad():
        alone, padded = module(torch.tensor([[3, 5]])), module(torch.tensor([[3, 5, 0, 0], [1, 2, 3, 4]]))
    torch.testing.assert_close(alone[0], padded[0, :3])


def test_the_order_of_items_matters_and_an_empty_history_has_a_vector():
    module = net()
    with torch.no_grad():
        assert not torch.allclose(
            module(torch.tensor([[3, 5]]))[0, -1], module(torch.tensor([[5, 3]]))[0, -1]
        )
        empty = module(torch.zeros(2, 0, dtype=torch.long))
    assert empty.shape == (2, 1, 8)
    torch.testing.assert_close(empty[0], empty[1])


def test_dropout_is_of_training_alone():
    module, x = net(dropout=0.5), torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        torch.testing.assert_close(module(x), module(x))
        module.train()
        assert not torch.allclose(module(x), module(x))
