"""InfoNCE against its formula, torch and finite differences; two views of one latent brought together."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.base import NotFitted
from recsys_course.multimodal import ContrastiveAlignment, fuse, info_nce, unit_rows

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))


def slow(a, b, temperature):
    """(5.6) in loops."""
    n = len(a)
    s = [
        [a[i] @ b[j] / np.linalg.norm(a[i]) / np.linalg.norm(b[j]) / temperature for j in range(n)]
        for i in range(n)
    ]
    total = 0.0
    for i in range(n):
        total -= s[i][i] - np.log(sum(np.exp(s[i][j]) for j in range(n)))
        total -= s[i][i] - np.log(sum(np.exp(s[j][i]) for j in range(n)))
    return total / (2 * n)


def test_by_hand():
    # cosines 1 and 0 at temperature 1: each row and column gives -ln(e / (e + 1))
    assert info_nce([[2.0, 0], [0, 1]], [[1.0, 0], [0, 3]], 1.0) == pytest.approx(np.log(1 + np.exp(-1)))
    # partners swapped: cosines 0 with the partner and 1 with the other
    assert info_nce([[2.0, 0], [0, 1]], [[0, 3.0], [1, 0]], 1.0) == pytest.approx(np.log(1 + np.e))
    assert info_nce(np.ones((5, 3)), np.ones((5, 3))) == pytest.approx(np.log(5))  # all alike
    assert info_nce([[1.0, 2]], [[-1.0, 5]]) == 0  # nobody to be mistaken for


@given(seed=st.integers(0, 10_000), n=st.integers(1, 6), temperature=st.floats(0.05, 5))
def test_equals_slow_loops_and_both_directions_count_alike(seed, n, temperature):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n, 3))
    got = info_nce(a, b, temperature)
    assert got == pytest.approx(slow(a, b, temperature), abs=1e-9)
    assert got == pytest.approx(info_nce(b, a, temperature), abs=1e-9)
    order = rng.permutation(n)
    assert got == pytest.approx(info_nce(a[order], b[order], temperature), abs=1e-9)
    assert got == pytest.approx(info_nce(7 * a, 0.1 * b, temperature), abs=1e-9)  # lengths do not count


def test_equals_the_cross_entropy_of_torch():
    a, b = (torch.as_tensor(x) for x in (A, B))
    s = torch.nn.functional.cosine_similarity(a[:, None], b[None], dim=2) / 0.2
    both = [torch.nn.functional.cross_entropy(side, torch.arange(6)) for side in (s, s.T)]
    torch.testing.assert_close(info_nce(a, b, 0.2), sum(both) / 2)


def test_gradient_equals_finite_differences():
    a = torch.as_tensor(A).clone().requires_grad_()
    b = torch.as_tensor(B).clone().requires_grad_()
    info_nce(a, b, 0.3).backward()
    h = 1e-6
    for grad, place in ((a.grad, 0), (b.grad, 1)):
        for i, j in ((0, 0), (2, 3), (5, 1)):
            values = []
            for step in (h, -h):
                moved = [A.copy(), B.copy()]
                moved[place][i, j] += step
                values.append(slow(*moved, 0.3))
            assert grad[i, j].item() == pytest.approx((values[0] - values[1]) / 2 / h, rel=1e-5, abs=1e-8)


def test_aligned_rows_lose_less_than_shuffled_ones_and_the_more_the_lower_the_temperature():
    noisy = A + 0.1 * B
    gaps = [info_nce(A, np.roll(noisy, 1, axis=0), t) - info_nce(A, noisy, t) for t in (1.0, 0.3, 0.1)]
    assert 0 < gaps[0] < gaps[1] < gaps[2]


@pytest.mark.parametrize(
    "a, b, temperature, message",
    [
        (A, B[:5], 0.1, r"b: shape \(5, 4\); expected that of a, \(6, 4\)"),
        (A[0], B[0], 0.1, r"b: shape \(4,\); expected that of a"),
        (A[:0], B[:0], 0.1, r"b: shape \(0, 4\)"),
        (A, B, 0.0, "temperature: 0.0; expected a number more than 0"),
    ],
)
def test_wrong_arguments_are_refused(a, b, temperature, message):
    with pytest.raises(ValueError, match=message):
        info_nce(a, b, temperature)


def two_views(seed, n=600, latent=4):
    """Views of 12 and 9 columns of one latent, each turned its own way and a little noisy."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, latent))
    views = (z @ rng.normal(size=(latent, d)) / 2 + 0.2 * rng.normal(size=(n, d)) for d in (12, 9))
    return tuple(x + 3 for x in views)  # off the origin, as encoders often are


def found_first(a, b):
    """Share of rows of a to which, among all rows of b, the partner is the nearest."""
    return float((np.argmax(unit_rows(a) @ unit_rows(b).T, axis=1) == np.arange(len(a))).mean())


@pytest.mark.parametrize("seed", range(3))
def test_partners_are_found_among_held_out_rows_and_not_without_alignment(seed):
    a, b = two_views(seed)
    model = ContrastiveAlignment(n_factors=8, n_epochs=40).fit(a[:400], b[:400])
    assert model.loss_[-1] < model.loss_[0] / 2
    held_a, held_b = model.encode_a(a[400:]), model.encode_b(b[400:])
    assert held_a.shape == held_b.shape == (200, 8)
    np.testing.assert_allclose(np.linalg.norm(held_a, axis=1), 1)
    assert found_first(held_a, held_b) > 0.2  # chance is 1 in 200
    assert found_first(held_b, held_a) > 0.2
    # the spaces as they came, brought to one dimension by chance: nothing is found
    raw_a, raw_b = (fuse({"x": x[400:]}, n_factors=8, seed=s) for s, x in enumerate((a, b)))
    assert found_first(raw_a, raw_b) < 0.05


def test_an_average_of_aligned_spaces_keeps_what_both_show_and_of_unaligned_ones_does_not():
    """Nearest items by the average are near in the latent only if the columns mean the same."""
    rng = np.random.default_rng(5)
    z = rng.normal(size=(500, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    a, b = z + 0.1 * rng.normal(size=z.shape), -z @ turn + 0.1 * rng.normal(size=z.shape)
    # an item that shows a alone is compared with items that show b alone
    gap_a, gap_b = a.copy(), b.copy()
    gap_a[250:], gap_b[:250] = np.nan, np.nan
    model = ContrastiveAlignment(n_factors=4, n_epochs=60).fit(a, b)
    aligned = fuse({"a": model.encode_a(gap_a), "b": model.encode_b(gap_b)})
    unaligned = fuse({"a": gap_a, "b": gap_b})
    true = unit_rows(z[:250]) @ unit_rows(z[250:]).T

    def agreement(x):
        return np.corrcoef((x[:250] @ x[250:].T).ravel(), true.ravel())[0, 1]

    assert agreement(aligned) > 0.8
    assert abs(agreement(unaligned)) < 0.5


def test_rows_with_a_gap_are_left_out_of_learning_and_stay_gaps():
    a, b = two_views(0, n=80)
    a[3], b[5] = np.nan, np.nan
    both = np.delete(np.arange(80), [3, 5])
    settings = {"n_factors": 3, "n_epochs": 2}
    with_gaps = ContrastiveAlignment(**settings).fit(a, b)
    without = ContrastiveAlignment(**settings).fit(a[both], b[both])
    np.testing.assert_array_equal(with_gaps.A_, without.A_)
    got = with_gaps.encode_a(a)
    assert np.isnan(got[3]).all()
    assert np.isfinite(np.delete(got, 3, axis=0)).all()


def test_a_row_is_encoded_the_same_alone_and_in_company_and_units_do_not_matter():
    a, b = two_views(1, n=60)
    settings = {"n_factors": 3, "n_epochs": 2}
    model = ContrastiveAlignment(**settings).fit(a, b)
    np.testing.assert_allclose(model.encode_a(a)[7:8], model.encode_a(a[7:8]))
    other = ContrastiveAlignment(**settings).fit(100 * a, b)
    np.testing.assert_allclose(other.encode_a(100 * a), model.encode_a(a), atol=1e-3)


def test_a_seed_means_one_result():
    a, b = two_views(2, n=60)
    first, again, other = (
        ContrastiveAlignment(n_factors=3, n_epochs=2, seed=s).fit(a, b).encode_a(a) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_refusals():
    a, b = two_views(0, n=10)
    with pytest.raises(NotFitted, match="ContrastiveAlignment is not fitted; call fit"):
        ContrastiveAlignment().encode_a(a)
    for options, message in (
        ({"n_factors": 0}, "n_factors: 0; expected factors, at least 1"),
        ({"temperature": 0}, "temperature: 0; expected a number more than 0"),
        ({"reg": -1}, "reg: -1; expected"),
        ({"n_epochs": 0}, "n_epochs: 0; expected"),
    ):
        with pytest.raises(ValueError, match=message):
            ContrastiveAlignment(**options).fit(a, b)
    with pytest.raises(ValueError, match=r"modalities\['B'\]: 9 rows; expected 10"):
        ContrastiveAlignment().fit(a, b[:9])
    gaps = np.full_like(b, np.nan)
    gaps[0] = 1
    with pytest.raises(ValueError, match="A, B: 1 rows with both vectors; expected at least 2"):
        ContrastiveAlignment().fit(a, gaps)
    model = ContrastiveAlignment(n_factors=2, n_epochs=1).fit(a, b)
    with pytest.raises(ValueError, match=r"A: shape \(10, 9\); expected \(rows, 12\), the columns of fit"):
        model.encode_a(b)
