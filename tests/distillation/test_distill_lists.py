"""Distillation of orders: slow loops, examples by hand, and what must hold."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_course.distillation import (
    cross_entropy_soft,
    discrepancy_weights,
    listmle,
    listnet,
    position_weights,
    rank_distillation,
    student_ranks,
)
from recsys_course.distillation.lists import WEIGHTS


def scores(m=5, n=8, seed=0):
    return torch.randn(m, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def lists(m=5, n=8, k=3, seed=1, short=True):
    """(m, k) without repeats; the second list is one short, the third empty."""
    rng = np.random.default_rng(seed)
    top = np.array([rng.permutation(n)[:k] for _ in range(m)])
    if short:
        top[1, -1:], top[2, :] = -1, -1
    return torch.as_tensor(top)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def rd_by_loops(s, top, weights, decay, mu):
    total = 0.0
    for row, items in zip(s.tolist(), top.tolist(), strict=True):
        terms = []
        for r, item in enumerate(items, 1):
            if item < 0:
                continue
            rank = 1 + sum(other > row[item] for other in row)
            w = 1.0
            if weights in ("position", "hybrid"):
                w *= math.exp(-r / decay)
            if weights in ("discrepancy", "hybrid"):
                w *= math.tanh(max(mu * (rank - r), 0))
            terms.append((w, -math.log(sigmoid(row[item]))))
        if (sum_w := sum(w for w, _ in terms)) > 0:
            total += sum(w * term for w, term in terms) / sum_w
    return total / len(s)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("decay, mu", [(10.0, 0.1), (1.5, 0.7)])
def test_rank_distillation_is_the_formula_as_loops(weights, decay, mu):
    s, top = scores(), lists()
    got = rank_distillation(s, top, weights, decay, mu)
    assert got.item() == pytest.approx(rd_by_loops(s, top, weights, decay, mu), rel=1e-6)


def test_position_weights_by_hand():
    """decay 1, three places: e^-1, e^-2, e^-3 over 0.5530."""
    assert [round(w, 4) for w in position_weights(3, 1.0).tolist()] == [0.6652, 0.2447, 0.0900]


def test_discrepancy_weights_by_hand():
    """Ranks 5, 1, 3 of a list of three: 4 places too low, one too high, right."""
    got = discrepancy_weights(torch.tensor([[5.0, 1.0, 3.0]]), mu=0.5)
    assert [round(w, 4) for w in got.tolist()[0]] == [round(math.tanh(2.0), 4), 0.0, 0.0]


def test_a_student_that_agrees_has_nothing_to_learn_under_discrepancy():
    s = scores()
    top = s.topk(3).indices
    assert rank_distillation(s, top, "discrepancy") == 0
    assert rank_distillation(s, top, "position") > 0


def test_ranks_are_counted_exactly_and_estimated_from_samples():
    s, top = scores(), lists(short=False)
    by_loops = [
        [1 + sum(o > row[i] for o in row) for i in items]
        for row, items in zip(s.tolist(), top.tolist(), strict=True)
    ]
    assert student_ranks(s, top).tolist() == by_loops
    every = torch.arange(8).expand(5, 8)
    some = torch.tensor([[0, 3]] * 5)
    share = (s[:, [0, 3]][:, None, :] > s.gather(1, top)[:, :, None]).double().mean(2)
    torch.testing.assert_close(student_ranks(s, top, some).double(), torch.floor(7 * share) + 1)
    assert (student_ranks(s, top, every) <= student_ranks(s, top)).all()


def test_ties_do_not_count_as_above():
    assert student_ranks(torch.zeros(1, 4), torch.tensor([[2, 0]])).tolist() == [[1, 1]]


def test_only_listed_items_get_a_gradient():
    s, top = scores().requires_grad_(), lists()
    rank_distillation(s, top).backward()
    listed = torch.zeros(5, 8, dtype=torch.bool)
    for row, items in enumerate(top.tolist()):
        listed[row, [i for i in items if i >= 0]] = True
    assert (s.grad[listed] < 0).all() and (s.grad[~listed] == 0).all()


# ----------------------------------------------------------------- ListNet and ListMLE


@pytest.mark.parametrize("T", [1.0, 3.0])
def test_listnet_is_the_formula_as_loops(T):
    t, s = scores(seed=1), scores(seed=2)
    total = 0.0
    for a, b in zip(t.tolist(), s.tolist(), strict=True):
        p = [math.exp(x / T) / sum(math.exp(y / T) for y in a) for x in a]
        q = [math.exp(x / T) / sum(math.exp(y / T) for y in b) for x in b]
        total -= sum(x * math.log(y) for x, y in zip(p, q, strict=True)) / len(t)
    assert listnet(t, s, T).item() == pytest.approx(total)
    torch.testing.assert_close(listnet(t, s, T), cross_entropy_soft(t, s, T))


def listmle_by_loops(s, order):
    total = 0.0
    for row, items in zip(s.tolist(), order.tolist(), strict=True):
        left = set(range(len(row)))
        for item in items:
            if item < 0:
                continue
            total -= row[item] - math.log(sum(math.exp(row[j]) for j in left))
            left.remove(item)
    return total / len(s)


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("short", [True, False])
def test_listmle_is_the_formula_as_loops(k, short):
    s, order = scores(), lists(k=k, short=short)
    s.requires_grad_()
    got = listmle(s, order)
    assert got.item() == pytest.approx(listmle_by_loops(s, order))
    got.backward()
    assert s.grad.isfinite().all()


def test_listmle_gradient_by_differences():
    s, order = scores(3, 5).requires_grad_(), lists(3, 5, 3)
    assert torch.autograd.gradcheck(lambda x: listmle(x, order), s)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=4))
def test_the_chances_of_all_orders_add_up_to_one(row):
    s = torch.tensor([row], dtype=torch.float64)
    total = sum(math.exp(-listmle(s, torch.tensor([order]))) for order in permutations(range(len(row))))
    assert total == pytest.approx(1)


def test_listmle_is_least_for_the_students_own_order():
    s = scores(1, 4)
    losses = {order: listmle(s, torch.tensor([order])).item() for order in permutations(range(4))}
    assert min(losses, key=losses.get) == tuple(s[0].argsort(descending=True).tolist())


# ----------------------------------------------------------------- refusals


@pytest.mark.parametrize("loss, name", [(rank_distillation, "top"), (listmle, "order")])
def test_refuses_wrong_lists(loss, name):
    with pytest.raises(ValueError, match=rf"{name}: shape \(4, 3\); expected \(5, k\)"):
        loss(scores(), lists(m=4))
    with pytest.raises(ValueError, match=rf"{name}: item 9; expected codes in 0..7"):
        loss(scores(), torch.full((5, 2), 9))
    with pytest.raises(ValueError, match=rf"{name}: shape \(5, 0\)"):
        loss(scores(), torch.empty(5, 0, dtype=torch.long))


def test_refuses_wrong_settings():
    with pytest.raises(ValueError, match="weights: 'linear'; expected one of uniform, position"):
        rank_distillation(scores(), lists(), "linear")
    with pytest.raises(ValueError, match="decay: 0; expected places, more than 0"):
        rank_distillation(scores(), lists(), decay=0)
    with pytest.raises(ValueError, match="mu: -1; expected a sharpness of more than 0"):
        rank_distillation(scores(), lists(), "hybrid", mu=-1)
    with pytest.raises(ValueError, match="k: 0; expected a list of at least 1"):
        position_weights(0)
