"""Thin layers for a wide one: Eckart and Young by numpy, parameters counted, answers at full rank."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import mlp, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import expected_bytes, factorize, svd_linear, truncated_svd


@given(st.integers(1, 9), st.integers(1, 7), st.data())
def test_error_is_the_rest_of_the_spectrum(m, n, data):
    rank = data.draw(st.integers(1, min(m, n)))
    matrix = numbers(m, n, seed=10 * m + n)
    A, B = truncated_svd(matrix, rank)
    assert A.shape == (m, rank) and B.shape == (rank, n)
    s = np.linalg.svd(matrix.numpy().astype(float), compute_uv=False)
    error = float(((A @ B - matrix) ** 2).sum())
    assert error == pytest.approx(float((s[rank:] ** 2).sum()), abs=1e-4)
    torch.testing.assert_close(A.norm(dim=0), B.norm(dim=1), rtol=1e-3, atol=1e-3)  # shared evenly


def test_no_other_pair_of_this_rank_is_nearer():
    matrix = numbers(8, 6)
    A, B = truncated_svd(matrix, 2)
    best = ((A @ B - matrix) ** 2).sum()
    for seed in range(20):
        C = A + 0.1 * numbers(8, 2, seed=seed)
        D = torch.linalg.lstsq(C, matrix).solution  # the best partner of C
        assert ((C @ D - matrix) ** 2).sum() > best


def test_by_hand():
    A, B = truncated_svd(torch.tensor([[3.0, 0.0], [0.0, 1.0]]), 1)
    torch.testing.assert_close(A @ B, torch.tensor([[3.0, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize("bias", [True, False])
def test_two_layers_answer_as_one_at_full_rank(bias):
    layer, x = nn.Linear(6, 10, bias=bias), numbers(5, 6)
    got = svd_linear(layer, 6)
    torch.testing.assert_close(got(x), layer(x), rtol=1e-4, atol=1e-5)
    got = svd_linear(layer, 2)
    A, B = truncated_svd(layer.weight, 2)
    torch.testing.assert_close(got(x), x @ (A @ B).T + (layer.bias if bias else 0), rtol=1e-4, atol=1e-5)
    assert got[0].bias is None and (got[1].bias is not None) == bias


def test_bytes_fall_below_the_break_even_rank_only():
    layer = nn.Linear(60, 40)  # 60 * 40 / 100 = 24
    assert (
        expected_bytes(svd_linear(layer, 23)) < expected_bytes(layer) < expected_bytes(svd_linear(layer, 25))
    )
    assert expected_bytes(svd_linear(layer, 24)) == expected_bytes(layer)
    assert expected_bytes(svd_linear(layer, 5)) == 4 * (5 * 100 + 40)


def test_layers_of_a_net_by_name():
    net = mlp()
    state = state_of(net)
    got = factorize(net, {"0": 2, "4": 1})
    assert [type(layer).__name__ for layer in got[::2]] == ["Sequential", "Linear", "Sequential"]
    assert got[0][0].out_features == 2 and got[4][0].out_features == 1
    assert all(isinstance(layer, nn.Sequential) for layer in factorize(net, 3)[::2])
    assert unchanged(net, state)
    got(numbers(2, 6)).sum().backward()
    assert got[0][0].weight.grad is not None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: svd_linear(nn.Linear(3, 5), 0), r"rank: 0; expected 1\.\.3 for a matrix of \(5, 3\)"),
        (lambda: svd_linear(nn.Linear(3, 5), 4), r"rank: 4; expected 1\.\.3"),
        (lambda: truncated_svd(torch.tensor([[float("nan")]]), 1), r"matrix: nan at \(0, 0\)"),
        (lambda: factorize(mlp(), {"7": 2}), "only: no layer '7'"),
        (lambda: factorize(mlp(), 4), r"rank: 4; expected 1\.\.3"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_only_linear_layers():
    with pytest.raises(TypeError, match="layer: Embedding; expected a linear layer"):
        svd_linear(nn.Embedding(3, 2), 1)
