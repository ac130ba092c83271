"""The references against something else: loops, torch, finite differences, a simulation."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from every_check import drawn
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from recsys_course.checks import deep_recommenders as dr


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 8))
def test_sequence_targets_are_the_last_neighbours_of_the_history(history, length):
    inputs, targets = dr.sequence_targets.reference(history, length)
    assert len(inputs) == len(targets) == length
    n_padded = length - min(max(len(history) - 1, 0), length)
    assert inputs[:n_padded] == targets[:n_padded] == [-1] * n_padded
    pairs = list(zip(inputs, targets, strict=True))[n_padded:]
    assert pairs == list(pairwise(history))[-length:]


def test_parameter_share_counts_a_torch_module():
    for fields, n_factors, hidden in drawn(dr.parameter_share):
        tables = nn.ModuleList(nn.Embedding(n, n_factors) for n in fields)
        widths = [len(fields) * n_factors, *hidden, 1]
        layers = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(widths)))
        in_tables, in_layers = (sum(p.numel() for p in part.parameters()) for part in (tables, layers))
        total, share = dr.parameter_share.reference(fields, n_factors, hidden)
        assert total == in_tables + in_layers and share == pytest.approx(in_tables / total)


def test_fm_interaction_is_the_sum_over_pairs():
    for X, V in drawn(dr.fm_interaction):
        pairs = list(combinations(range(X.shape[1]), 2))
        expected = [sum(V[i] @ V[j] * x[i] * x[j] for i, j in pairs) for x in X]
        np.testing.assert_allclose(dr.fm_interaction.reference(X, V), expected, atol=1e-12)


def test_layer_norm_is_torchs():
    for x, gain, bias, eps in drawn(dr.layer_norm):
        expected = functional.layer_norm(
            torch.tensor(x), x.shape[-1:], torch.tensor(gain), torch.tensor(bias), eps
        )
        np.testing.assert_allclose(dr.layer_norm.reference(x, gain, bias, eps), expected.numpy(), atol=1e-12)


def test_causal_mask_says_for_each_pair_of_places_what_the_words_say():
    for (items,) in drawn(dr.causal_mask):
        mask = dr.causal_mask.reference(items)
        for b, t, s in np.ndindex(mask.shape):
            assert mask[b, t, s] == ((s <= t and items[b, s] != -1) or s == t)


def test_with_the_causal_mask_every_softmax_of_torch_is_a_number():
    for (items,) in drawn(dr.causal_mask):
        mask = torch.tensor(dr.causal_mask.reference(items))
        x = torch.randn(*items.shape, 2, dtype=torch.float64)
        assert torch.isfinite(functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)).all()


def test_causal_attention_is_torchs_head_by_head():
    for X, Wq, Wk, Wv, n_heads in drawn(dr.causal_attention):
        asked = [torch.tensor(X @ W) for W in (Wq, Wk, Wv)]
        Q, K, V = (part.reshape(len(X), n_heads, -1).transpose(0, 1) for part in asked)
        expected = functional.scaled_dot_product_attention(Q, K, V, is_causal=True)
        mixed, weights = dr.causal_attention.reference(X, Wq, Wk, Wv, n_heads)
        np.testing.assert_allclose(mixed, expected.transpose(0, 1).reshape(X.shape).numpy())
        np.testing.assert_allclose(weights.sum(axis=-1), 1)


def test_causal_attention_never_lets_the_future_change_the_past():
    rng = np.random.default_rng(0)
    for X, *rest in drawn(dr.causal_attention):
        t = int(rng.integers(1, len(X)))
        changed = X.copy()
        changed[t:] += rng.normal(size=changed[t:].shape)
        before, after = (dr.causal_attention.reference(x, *rest)[0] for x in (X, changed))
        np.testing.assert_allclose(after[:t], before[:t], rtol=1e-12)
        assert np.abs(after[t:] - before[t:]).max() > 1e-9


def test_next_item_loss_is_torchs_with_the_padding_ignored():
    for scores, targets, others in drawn(dr.next_item_loss):
        real = targets.ravel() >= 0
        softmax, pair = dr.next_item_loss.reference(scores, targets, others)
        if not real.any():
            assert softmax == pair == 0
            continue
        flat = torch.tensor(scores.reshape(-1, scores.shape[-1]))
        expected = functional.cross_entropy(flat, torch.tensor(targets.ravel()), ignore_index=-1)
        assert softmax == pytest.approx(float(expected))
        hit = flat[real].gather(1, torch.tensor(targets.ravel()[real])[:, None])
        miss = flat[real].gather(1, torch.tensor(others.ravel()[real])[:, None])
        both = functional.binary_cross_entropy_with_logits(hit, torch.ones_like(hit))
        both = both + functional.binary_cross_entropy_with_logits(miss, torch.zeros_like(miss))
        assert pair == pytest.approx(float(both))


def test_in_batch_gradient_is_torchs():
    for P, Q, log_q in drawn(dr.in_batch_gradient):
        p, q = (torch.tensor(x, requires_grad=True) for x in (P, Q))
        loss = functional.cross_entropy(p @ q.T - torch.tensor(log_q), torch.arange(len(P)))
        loss.backward()
        for got, expected in zip(
            dr.in_batch_gradient.reference(P, Q, log_q), (loss.detach(), p.grad, q.grad), strict=True
        ):
            np.testing.assert_allclose(got, expected.numpy(), atol=1e-12)


def test_the_gradients_of_a_batch_push_nothing_on_the_whole():
    for P, Q, log_q in drawn(dr.in_batch_gradient):
        same = np.tile(P[0], (len(P), 1))  # one user, whose push on the items adds up to nothing
        np.testing.assert_allclose(
            dr.in_batch_gradient.reference(same, Q, log_q)[2].sum(axis=0), 0, atol=1e-12
        )


def test_stream_log_q_finds_the_chances_that_a_stream_was_drawn_with():
    rng = np.random.default_rng(0)
    chance = {"often": 0.5, "sometimes": 0.2, "seldom": 0.05}
    batches = [[item for item, q in chance.items() if rng.random() < q] for _ in range(20_000)]
    found = dr.stream_log_q.reference(batches, 0.01)
    # a gap has the spread sqrt(1 - q) / q, of which a moving average keeps the share sqrt(rate / 2)
    for item, q in chance.items():
        assert abs(math.exp(-found[item]) * q - 1) < 4 * math.sqrt(1 - q) * math.sqrt(0.01 / 2)


def test_stream_log_q_is_the_weighted_mean_of_the_gaps_written_out():
    for batches, rate in drawn(dr.stream_log_q):
        found = dr.stream_log_q.reference(batches, rate)
        assert set(found) == {item for batch in batches for item in batch}
        for item, log_q in found.items():
            steps = [0, *(n for n, batch in enumerate(batches, 1) if item in batch)]
            gaps = np.diff(steps)
            weights = rate * (1 - rate) ** np.arange(len(gaps))[::-1]  # newest last
            weights[0] /= rate
            assert math.exp(-log_q) == pytest.approx(weights @ gaps)


def test_random_cases_cover_what_the_text_speaks_of():
    histories = [h for h, _ in drawn(dr.sequence_targets)]
    assert any(len(h) > n + 1 for h, n in drawn(dr.sequence_targets)) and any(len(h) < 2 for h in histories)
    assert any(0 in h for h in histories)
    assert {len(hidden) for *_, hidden in drawn(dr.parameter_share)} >= {0, 1, 2}
    assert any((X == 0).any() for X, _ in drawn(dr.fm_interaction))
    assert {x.ndim for x, *_ in drawn(dr.layer_norm)} == {2, 3}
    assert any((x.std(axis=-1) == 0).any() for x, *_ in drawn(dr.layer_norm))
    assert any((items == -1).all(axis=1).any() for (items,) in drawn(dr.causal_mask))
    assert {heads for *_, heads in drawn(dr.causal_attention)} == {1, 2, 3}
    assert any((t == -1).any() and (t != -1).any() for _, t, _ in drawn(dr.next_item_loss))
    assert all(np.ptp(log_q) > 0 for *_, log_q in drawn(dr.in_batch_gradient))
    assert any(len(set(b)) < len(b) for batches, _ in drawn(dr.stream_log_q) for b in batches)
