"""The references of the chapter on compression against torch, scipy, bytes that exist, and plain loops."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from every_check import drawn
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.vq import vq

from recsys_course.checks import compression as cp


def packed(codes: np.ndarray, n_bits: int) -> np.ndarray:
    """(N, K) codes -> (N, ...) bytes: the bits of each row side by side, the last byte filled up."""
    bits = (codes[:, :, None] >> np.arange(n_bits)) & 1  # (N, K, n_bits)
    return np.packbits(bits.reshape(len(codes), -1).astype(bool), axis=1)


def test_table_bytes_are_those_of_arrays_that_hold_the_table():
    kinds = set()
    for n, k, method, size in drawn(cp.table_bytes):
        kinds.add(method)
        numbers = {"hash": [(size, k)], "low rank": [(n, size), (size, k)]}
        numbers["quotient-remainder"] = [(size, k), (len({i // size for i in range(n)}), k)]
        if method == "rows":
            codes = np.random.default_rng(0).integers(2**size, size=(n, k))
            held = packed(codes, size).nbytes + 2 * np.zeros(n, dtype=np.float32).nbytes
        elif method == "product":
            held = np.zeros((n, size), dtype=np.uint8).nbytes + np.zeros((256, k), dtype=np.float32).nbytes
        else:
            held = sum(np.zeros(shape, dtype=np.float32).nbytes for shape in numbers[method])
        assert cp.table_bytes.reference(n, k, method, size) == held
    assert len(kinds) == 5


def test_quotient_remainder_is_two_embeddings_of_torch():
    padded = 0
    for codes, Q, R in drawn(cp.quotient_remainder):
        got = cp.quotient_remainder.reference(codes, Q, R)
        quotients, remainders = (torch.nn.Embedding.from_pretrained(torch.tensor(T)) for T in (Q, R))
        for code, row in zip(codes, got, strict=True):
            if code < 0:
                padded += 1
                assert not row.any()
                continue
            first, second = divmod(int(code), len(R))
            expected = quotients(torch.tensor(first)) * remainders(torch.tensor(second))
            np.testing.assert_allclose(row, expected.numpy())
    assert padded >= 3


def test_no_two_items_share_both_rows():
    Q = np.random.default_rng(0).normal(size=(4, 3))
    R = np.random.default_rng(1).normal(size=(7, 3))
    vectors = cp.quotient_remainder.reference(np.arange(28), Q, R)
    assert len(np.unique(vectors.round(9), axis=0)) == 28


def test_magnitude_mask_is_torchs_pruning_where_there_are_no_ties():
    from torch.nn.utils import prune

    tied = 0
    for W, sparsity in drawn(cp.magnitude_mask):
        mask = cp.magnitude_mask.reference(W, sparsity)
        n_pruned = round(sparsity * W.size)
        assert (~mask).sum() == n_pruned
        if n_pruned:
            assert np.abs(W[~mask]).max() <= np.abs(W[mask]).min()
        if len(np.unique(np.abs(W))) < W.size:
            tied += 1
            continue
        layer = torch.nn.Linear(*W.shape[::-1], bias=False)
        layer.weight.data = torch.tensor(W, dtype=torch.float32)
        prune.l1_unstructured(layer, "weight", amount=n_pruned)
        np.testing.assert_array_equal(mask, layer.weight_mask.numpy() > 0)
    assert 3 <= tied <= 17


def test_of_tied_weights_the_first_go():
    for W, sparsity in drawn(cp.magnitude_mask):
        mask = cp.magnitude_mask.reference(W, sparsity).ravel()
        for size in np.unique(np.abs(W)):
            alike = mask[np.abs(W).ravel() == size]
            assert np.all(alike[:-1] <= alike[1:])


@given(
    start=st.integers(0, 50), length=st.integers(1, 100), final=st.floats(0.1, 0.99), step=st.integers(0, 200)
)
def test_sparsity_never_falls_and_its_slope_shrinks(start, length, final, step):
    s = [cp.sparsity_schedule.reference(t, start, start + length, final) for t in (step, step + 1, step + 2)]
    assert 0 <= s[0] <= s[1] <= s[2] <= final
    if step >= start:
        assert s[2] - s[1] <= s[1] - s[0] + 1e-12


def test_sparsity_is_the_polynomial_multiplied_out():
    within = 0
    for step, start, end, final in drawn(cp.sparsity_schedule):
        t = (step - start) / (end - start)
        within += 0 < t < 1
        expected = 0.0 if t <= 0 else final if t >= 1 else final * (3 * t - 3 * t**2 + t**3)
        assert cp.sparsity_schedule.reference(step, start, end, final) == pytest.approx(expected)
    assert within >= 5


def test_drop_neurons_computes_what_zeroing_computes_in_smaller_shapes():
    for W1, b1, W2, n_kept in drawn(cp.drop_neurons):
        small = cp.drop_neurons.reference(W1, b1, W2, n_kept)
        scores = [np.linalg.norm([*W1[j], b1[j]]) * np.linalg.norm(W2[:, j]) for j in range(len(W1))]
        gone = np.array(scores) < sorted(scores)[-n_kept]
        zeroed = np.where(gone[:, None], 0.0, W1), np.where(gone, 0.0, b1), W2
        np.testing.assert_array_equal(small[0], W1[~gone])  # in the old order
        x = np.random.default_rng(0).normal(size=(5, W1.shape[1]))
        answers = [np.maximum(x @ A.T + b, 0) @ B.T for A, b, B in (small, zeroed)]
        np.testing.assert_allclose(*answers)
        assert sum(a.size for a in small) < sum(a.size for a in zeroed)


def test_quantize_is_torchs():
    for x, n_bits in drawn(cp.quantize):
        codes, scale, zero = cp.quantize.reference(x, n_bits)
        observer = torch.ao.quantization.MinMaxObserver(
            dtype=torch.quint8, quant_min=0, quant_max=2**n_bits - 1, eps=1e-12
        )
        observer(torch.tensor(x, dtype=torch.float32))
        their_scale, their_zero = (float(q) for q in observer.calculate_qparams())
        assert (scale, zero) == (pytest.approx(their_scale, rel=1e-5), their_zero)
        fake = torch.fake_quantize_per_tensor_affine(
            torch.tensor(x, dtype=torch.float32), their_scale, int(their_zero), 0, 2**n_bits - 1
        )
        np.testing.assert_allclose(scale * (codes - zero), fake.numpy(), atol=1e-5)


def test_quantize_has_no_code_beyond_its_bits():
    codes, _, zero = cp.quantize.reference(np.array([-1.5, 0.0, 1.5]), 2)
    assert codes.max() == 3 and zero == 2  # 1.5 and 1.5 are both rounded up to 2: one step too many


@given(x=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=8), n_bits=st.integers(2, 8))
def test_a_round_trip_errs_by_half_a_step_at_most_and_keeps_zero(x, n_bits):
    x = np.array([*x, 0]) / 1000
    codes, scale, zero = cp.quantize.reference(x, n_bits)
    back = scale * (codes - zero)
    assert np.abs(back - x).max() <= scale / 2 * (1 + 1e-9) + 1e-12
    assert back[-1] == 0
    assert codes.min() >= 0 and codes.max() <= 2**n_bits - 1


def test_round_trip_per_channel_is_torchs():
    zeros = 0
    for W, n_bits in drawn(cp.round_trip_per_channel):
        top = 2 ** (n_bits - 1) - 1
        scale = np.abs(W).max(axis=1) / top
        zeros += (scale == 0).any()
        scale = torch.tensor(np.where(scale > 0, scale, 1), dtype=torch.float32)
        expected = torch.fake_quantize_per_channel_affine(
            torch.tensor(W, dtype=torch.float32), scale, torch.zeros(len(W), dtype=torch.int32), 0, -top, top
        )
        np.testing.assert_allclose(cp.round_trip_per_channel.reference(W, n_bits), expected, atol=1e-5)
    assert zeros >= 2


def test_straight_through_is_torchs_forward_and_backward():
    clipped = 0
    for x, upstream, scale, zero, n_bits in drawn(cp.straight_through):
        fake, slope = cp.straight_through.reference(x, upstream, scale, zero, n_bits)
        x_ = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        got = torch.fake_quantize_per_tensor_affine(x_, scale, zero, 0, 2**n_bits - 1)
        got.backward(torch.tensor(upstream))
        np.testing.assert_allclose(fake, got.detach(), atol=1e-6)
        np.testing.assert_allclose(slope, x_.grad, atol=1e-9)
        clipped += (slope == 0).sum()
    assert clipped >= 10


def test_no_other_matrix_of_that_rank_is_nearer():
    rng = np.random.default_rng(0)
    for W, rank in drawn(cp.low_rank_layer):
        best, n_numbers, share = cp.low_rank_layer.reference(W, rank)
        assert np.linalg.matrix_rank(best) == rank
        lost = ((W - best) ** 2).sum()
        assert share == pytest.approx(1 - lost / (W**2).sum())
        A, B = rng.normal(size=(len(W), rank)), rng.normal(size=(rank, W.shape[1]))
        assert n_numbers == A.size + B.size
        for _ in range(30):  # alternating least squares finds the best one, too (and nothing better)
            B = np.linalg.lstsq(A, W, rcond=None)[0]
            A = np.linalg.lstsq(B.T, W.T, rcond=None)[0].T
        assert lost <= ((W - A @ B) ** 2).sum() + 1e-9


def test_product_codes_are_scipys_part_by_part():
    for X, codebooks in drawn(cp.product_codes):
        codes, approximate = cp.product_codes.reference(X, codebooks)
        width = codebooks.shape[2]
        for m, book in enumerate(codebooks):
            part = X[:, m * width : (m + 1) * width]
            nearest, distance = vq(part, book)
            np.testing.assert_array_equal(codes[:, m], nearest)
            np.testing.assert_allclose(approximate[:, m * width : (m + 1) * width], book[nearest])
            every = [[np.linalg.norm(x - c) for c in book] for x in part]
            np.testing.assert_allclose(distance, np.min(every, axis=1))


def test_no_combination_of_centroids_is_nearer_to_the_whole_vector():
    X, codebooks = drawn(cp.product_codes)[0]
    _, approximate = cp.product_codes.reference(X, codebooks)
    n_parts, n_codes, _ = codebooks.shape
    for x, found in zip(X, approximate, strict=True):
        joined = [
            np.concatenate([codebooks[m, c] for m, c in enumerate(choice)])
            for choice in product(range(n_codes), repeat=n_parts)
        ]
        assert len(joined) == n_codes**n_parts
        assert ((x - found) ** 2).sum() == pytest.approx(min(((x - j) ** 2).sum() for j in joined))
