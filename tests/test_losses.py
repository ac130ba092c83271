"""Losses against loops, against torch, and against what they estimate."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys_course import losses
from recsys_course.losses import bce, bpr, full_softmax, in_batch_softmax, sampled_softmax, softmax_over_table


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    """Normal numbers that take a gradient, in double precision."""
    made = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (2 * made).requires_grad_()


def test_by_hand():
    zero, two = torch.zeros(1), torch.tensor([[0.0, 0.0]])
    assert bce(zero, torch.ones(1)).item() == pytest.approx(math.log(2))
    assert bpr(torch.tensor([math.log(3)]), torch.zeros(1, 1)).item() == pytest.approx(math.log(4 / 3))
    assert full_softmax(two, torch.tensor([1])).item() == pytest.approx(math.log(2))
    assert sampled_softmax(zero, two).item() == pytest.approx(math.log(3))
    assert sampled_softmax(zero, two, torch.tensor([math.log(0.5)]), torch.log(torch.tensor([[0.25, 0.25]]))
                           ).item() == pytest.approx(-math.log(2 / (2 + 4 + 4)))  # fmt: skip
    users, items = torch.eye(2), torch.eye(2)
    assert in_batch_softmax(users, items).item() == pytest.approx(math.log(1 + math.exp(-1)))
    assert in_batch_softmax(users, items, temperature=0.5).item() == pytest.approx(math.log(1 + math.exp(-2)))


def test_the_formulas_written_as_loops():
    positive, negative = numbers(5).detach(), numbers(5, 3, seed=1).detach()
    labels = torch.tensor([0, 1, 1, 0, 0.25])
    pairs = [math.log(1 + math.exp(n - p)) for p, row in zip(positive, negative, strict=True) for n in row]
    assert bpr(positive, negative).item() == pytest.approx(sum(pairs) / 15)
    rows = [
        math.log(math.exp(p) + sum(math.exp(n) for n in row)) - p
        for p, row in zip(positive.tolist(), negative.tolist(), strict=True)
    ]
    assert sampled_softmax(positive, negative).item() == pytest.approx(sum(rows) / 5)
    crossed = [
        -(y * math.log(1 / (1 + math.exp(-s))) + (1 - y) * math.log(1 - 1 / (1 + math.exp(-s))))
        for s, y in zip(positive.tolist(), labels.tolist(), strict=True)
    ]
    assert bce(positive, labels).item() == pytest.approx(sum(crossed) / 5)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("twins", [False, True])
def test_in_batch_softmax_as_loops(corrected, twins):
    users, items = numbers(4, 3), numbers(4, 3, seed=1)
    codes, log_q = torch.tensor([7, 2, 7, 1]), torch.log(torch.tensor([0.5, 0.2, 0.5, 0.1]))
    total = 0.0
    for i in range(4):
        s = [(users[i] @ items[j]).item() / 0.7 - corrected * log_q[j].item() for j in range(4)]
        rivals = [j for j in range(4) if j == i or not (twins and codes[j] == codes[i])]
        total += math.log(sum(math.exp(s[j]) for j in rivals)) - s[i]
    got = in_batch_softmax(users, items, log_q if corrected else None, codes if twins else None, 0.7)
    assert got.item() == pytest.approx(total / 4)


def gradients(loss: torch.Tensor, *of: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, of))


def test_corrected_for_q_the_batch_estimates_the_gradient_over_all_items():
    """Wrong items drawn by q, many to a row: the mean gradient is that of the full softmax; without the
    correction it is not."""
    torch.manual_seed(0)
    vectors, targets = numbers(6, 2).detach(), torch.arange(6)
    user = torch.tensor([[0.5, -0.3]], dtype=torch.float64)
    log_q = torch.log(torch.tensor([0.4, 0.3, 0.12, 0.1, 0.05, 0.03], dtype=torch.float64))

    def gradient(b: int, corrected: bool) -> torch.Tensor:
        drawn = torch.multinomial(log_q.exp(), b, replacement=True)  # rows of a batch, item by q
        shared = user.clone().requires_grad_()
        loss = in_batch_softmax(shared.expand(b, 2), vectors[drawn], log_q[drawn] if corrected else None)
        return gradients(loss, shared)[0]

    whole = user.clone().requires_grad_()
    share = log_q.exp() @ torch.log_softmax(whole @ vectors.T, 1)[0, targets]
    (wanted,) = gradients(-share, whole)
    sides = {c: torch.stack([gradient(120, c) for _ in range(100)]) for c in (True, False)}
    error = {c: (g.mean(0) - wanted).abs().max().item() for c, g in sides.items()}
    noise = (sides[True].std(0) / 100**0.5).max().item()
    assert error[True] < 4 * noise + 1 / 120  # what is left is of order 1 / b
    assert error[False] > 5 * error[True]


@pytest.mark.parametrize("at_once", [1, 7, 40, 10_000])
def test_a_softmax_over_a_table_is_the_plain_one_with_its_gradients(at_once, monkeypatch):
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", at_once)
    h, table, targets = numbers(9, 4), numbers(7, 4, seed=1), torch.tensor([0, 6, 6, 2, 1, 0, 3, 3, 3])
    plain, ours = 3 * full_softmax(h @ table.T, targets), 3 * softmax_over_table(h, table, targets)
    assert ours.item() == pytest.approx(plain.item())
    for got, wanted in zip(gradients(ours, h, table), gradients(plain, h, table), strict=True):
        torch.testing.assert_close(got, wanted)


def test_a_softmax_over_a_table_stays_finite_where_scores_are_large():
    h = torch.tensor([[1000.0], [-1000.0]], requires_grad=True)
    table = torch.tensor([[1.0], [-1.0], [0.5]], requires_grad=True)
    loss = softmax_over_table(h, table, torch.tensor([0, 0]))
    assert loss.item() == pytest.approx(1000)  # 0 and 2000
    assert all(torch.isfinite(g).all() for g in gradients(loss, h, table))


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=8), st.floats(-50, 50))
def test_a_softmax_knows_no_constant_and_is_never_negative(scores, shift):
    s = torch.tensor([scores], dtype=torch.float64)
    loss = full_softmax(s, torch.tensor([0])).item()
    assert loss >= 0
    assert full_softmax(s + shift, torch.tensor([0])).item() == pytest.approx(loss, abs=1e-9)
    assert sampled_softmax(s[:, 0], s[:, 1:]).item() == pytest.approx(loss, abs=1e-9)


def test_refusals_name_the_argument():
    a = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="temperature: 0; expected a number more than 0"):
        in_batch_softmax(a, a, temperature=0)
    with pytest.raises(ValueError, match=r"items: shape \(2, 2\); expected \(3, 2\), that of users"):
        in_batch_softmax(a, a[:2])


def test_shapes_that_would_broadcast_to_something_else_are_refused():
    three = torch.zeros(3)
    with pytest.raises(ValueError, match=r"negative: shape \(3,\) beside positive \(3,\); expected \(b, n\)"):
        bpr(three, three)
    vectors = torch.ones(3, 2)
    with pytest.raises(ValueError, match=r"log_q: shape \(3, 1\); expected \(3,\)"):
        in_batch_softmax(vectors, vectors, three[:, None])
    with pytest.raises(ValueError, match=r"item_codes: shape \(2,\); expected \(3,\)"):
        in_batch_softmax(vectors, vectors, item_codes=torch.zeros(2, dtype=torch.long))
