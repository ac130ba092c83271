"""(10.1): half a step, an exact zero, channels, bits in bytes, ranges; by hand, torch and Hypothesis."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from nets_to_compress import numbers

from recsys_course.compression import Grid, Observer, affine, pack, unpack

NAN, INF = float("nan"), float("inf")
matrices = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=3, max_side=6),
    elements=st.floats(-1e6, 1e6, width=32),
)
settings = st.tuples(st.integers(2, 8), st.sampled_from(["tensor", "channel"]), st.booleans())
ROUNDING = 1e-5  # of a step: what float32 adds to half of one


def test_by_hand_with_a_zero_point():
    got = affine([-1.0, 0.0, 0.5, 2.0], n_bits=2)
    assert got.scale == 1.0 and got.zero_point == 1  # 3 steps over -1..2
    assert got.values.tolist() == [0, 1, 1, 3]  # 0.5 rounds to the even 0
    assert got.dequantize().tolist() == [-1, 0, 0, 2]
    assert got.values.dtype == torch.uint8


def test_by_hand_symmetric():
    got = affine([-1.0, 0.0, 0.5, 2.0], n_bits=3, symmetric=True)
    assert got.scale == pytest.approx(2 / 3) and got.zero_point == 0  # codes -3..3 over -2..2
    assert got.values.tolist() == [-2, 0, 1, 3]  # -1.5 rounds to the even -2
    assert got.values.dtype == torch.int8


def test_a_range_without_zero_is_widened_to_hold_it():
    got = affine([3.0, 4.0], n_bits=2)
    assert got.scale == pytest.approx(4 / 3) and got.zero_point == 0
    got = affine([-4.0, -3.0], n_bits=2)
    assert got.zero_point == 3 and got.dequantize()[0] == pytest.approx(-4)


@given(matrices, settings)
def test_no_number_moves_by_more_than_half_a_step(x, setting):
    got = affine(x, *setting)
    error = (got.dequantize() - torch.as_tensor(x)).abs()
    assert (error <= got.scale * (0.5 + ROUNDING)).all()


@given(matrices, settings)
def test_zero_stays_zero(x, setting):
    x.flat[0] = 0.0
    assert affine(x, *setting).dequantize().flatten()[0] == 0


@given(matrices, settings)
def test_codes_stay_inside_their_bits(x, setting):
    low, high = Grid(*setting).codes
    values = affine(x, *setting).values
    assert low <= int(values.min()) and int(values.max()) <= high
    assert high - low + 1 == 2 ** setting[0] - setting[2]  # a symmetric grid leaves one code out


@given(matrices, st.integers(2, 8), st.booleans())
def test_channels_never_have_wider_steps_than_the_tensor(x, n_bits, symmetric):
    by_tensor, by_channel = (affine(x, n_bits, per, symmetric) for per in ("tensor", "channel"))
    assert (by_channel.scale <= by_tensor.scale * (1 + 1e-6)).all()
    assert by_channel.scale.shape == (len(x), *[1] * (x.ndim - 1))


def test_channels_save_the_small_row_beside_a_large_one():
    x = torch.stack([numbers(50), 1000 * numbers(50, seed=1)])
    errors = {per: (affine(x, 8, per).dequantize() - x).abs()[0].max() for per in ("tensor", "channel")}
    assert errors["channel"] < errors["tensor"] / 50


@given(matrices, settings)
def test_rounding_twice_is_rounding_once(x, setting):
    once = affine(x, *setting)
    twice = affine(once.dequantize(), *setting)
    assert torch.equal(twice.values, once.values) or bool((once.scale < 1e-30).any())


@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_same_codes_as_torch(per):
    x = numbers(5, 40)
    got = affine(x, 8, per)
    scale, zero_point = got.scale.flatten(), got.zero_point.flatten()
    if per == "tensor":
        theirs = torch.fake_quantize_per_tensor_affine(x, float(scale), int(zero_point), 0, 255)
    else:
        theirs = torch.fake_quantize_per_channel_affine(x, scale, zero_point, 0, 0, 255)
    torch.testing.assert_close(got.dequantize(), theirs)


@given(st.integers(2, 8), st.integers(0, 5), st.integers(0, 9), st.integers(0, 99))
def test_packed_codes_come_back(n_bits, n_rows, n_columns, seed):
    rng = torch.Generator().manual_seed(seed)
    codes = torch.randint(2**n_bits, (n_rows, n_columns), generator=rng)
    packed = pack(codes, n_bits)
    assert packed.shape == (n_rows, -(-n_columns * n_bits // 8)) and packed.dtype == torch.uint8
    assert torch.equal(unpack(packed, n_bits, n_columns).long(), codes)


def test_packed_by_hand():
    assert pack(torch.tensor([[1, 2, 15]]), 4).tolist() == [[1 + 2 * 16, 15]]


def test_an_outlier_widens_every_step_and_a_percentile_leaves_it_out():
    x = torch.cat([numbers(5000), torch.tensor([500.0])])
    spans = {}
    for kind in ("minmax", "percentile"):
        observer = Observer(kind)
        for part in x.split(1000):
            observer.see(part)
        spans[kind] = observer.span()
    assert spans["minmax"][1] == 500 and spans["minmax"][0] == x.min()
    low, high = np.quantile(x.numpy(), [0.0005, 0.9995])
    assert spans["percentile"][0] == pytest.approx(low, rel=1e-5)
    assert spans["percentile"][1] == pytest.approx(high, rel=1e-5)


def test_a_long_batch_is_sampled_in_all_its_places():
    observer = Observer("percentile", share=0.9)
    observer.see(torch.arange(200_000.0).view(2000, 100))
    low, high = observer.span()
    assert float(low) == pytest.approx(10_000, abs=1500) and float(high) == pytest.approx(190_000, abs=1500)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: affine([1.0], n_bits=1), "n_bits: 1; expected a whole number from 2 to 8"),
        (lambda: affine([1.0], n_bits=9), "n_bits: 9"),
        (lambda: affine([1.0], n_bits=4.5), "n_bits: 4.5"),
        (lambda: affine([1.0], per="row"), "per: 'row'; expected 'tensor' or 'channel'"),
        (lambda: affine([1.0], per="channel"), "at least two dimensions"),
        (lambda: affine(torch.empty(0, 4)), r"x: shape \(0, 4\); expected at least one number"),
        (lambda: affine([[1.0, 2.0], [NAN, 0.0]]), r"x: nan at \(1, 0\); expected finite numbers"),
        (lambda: affine([INF]), r"x: inf at \(0,\)"),
        (lambda: Observer("mean"), "kind: 'mean'"),
        (lambda: Observer(share=0), "share: 0; expected a share in"),
        (lambda: Observer().span(), "calibrate: no numbers seen"),
        (lambda: pack(torch.tensor([[4]]), 2), r"codes: 4\.\.4; expected 0\.\.3"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()
