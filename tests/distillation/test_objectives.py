"""The formulas of distillation: by hand, against torch, and what must hold for any logits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, kl_div

from recsys_course.distillation import (
    cross_entropy_soft,
    entropy,
    hard_labels,
    kd_loss,
    kl,
    log_soften,
    sigmoid_kd,
    soften,
)

TEACHER, STUDENT = (torch.tensor([row]).log() for row in ([0.8, 0.2], [0.6, 0.4]))


def logits(m=6, n=9, seed=0, size=2.0):
    rng = torch.Generator().manual_seed(seed)
    return size * torch.randn(m, n, generator=rng, dtype=torch.float64)


def gradient(loss, student):
    """(m, I) of the loss by the student's logits."""
    student = student.clone().requires_grad_()
    return torch.autograd.grad(loss(student), student)[0]


# ----------------------------------------------------------------- by hand


def test_two_classes_by_hand():
    """Teacher (0.8, 0.2), student (0.6, 0.4)."""
    ce = -0.8 * math.log(0.6) - 0.2 * math.log(0.4)
    h = -0.8 * math.log(0.8) - 0.2 * math.log(0.2)
    assert round(ce, 4) == 0.5919 and round(h, 4) == 0.5004 and round(ce - h, 4) == 0.0915
    assert cross_entropy_soft(TEACHER, STUDENT).item() == pytest.approx(ce, abs=1e-6)
    assert entropy(soften(TEACHER)).item() == pytest.approx(h, abs=1e-6)
    assert kl(TEACHER, STUDENT).item() == pytest.approx(ce - h, abs=1e-6)
    assert round(kl(TEACHER, STUDENT, reverse=True).item(), 4) == 0.1046
    assert (
        round((0.5 * cross_entropy_soft(TEACHER, STUDENT) + 0.5 * kl(TEACHER, STUDENT)).item(), 4) == 0.3417
    )


def test_temperature_by_hand():
    z = torch.tensor([[4.0, 2.0, 0.0]])
    assert [round(p, 3) for p in soften(z).tolist()[0]] == [0.867, 0.117, 0.016]
    assert [round(p, 3) for p in soften(z, 4).tolist()[0]] == [0.506, 0.307, 0.186]


def test_sigmoid_by_hand():
    """Teacher says 0.8, student 0.6: the cross-entropy above again; its gradient is 0.6 - 0.8."""
    teacher, student = (torch.tensor([p]).logit() for p in (0.8, 0.6))
    assert sigmoid_kd(teacher, student).item() == pytest.approx(0.5919, abs=5e-5)
    assert gradient(lambda s: sigmoid_kd(teacher, s), student).item() == pytest.approx(-0.2, abs=1e-6)


# ----------------------------------------------------------------- against torch


@pytest.mark.parametrize("T", [0.5, 1.0, 4.0])
def test_agree_with_torch(T):
    t, s = logits(seed=1), logits(seed=2)
    p, log_q = torch.softmax(t / T, 1), torch.log_softmax(s / T, 1)
    torch.testing.assert_close(cross_entropy_soft(t, s, T), cross_entropy(s / T, p))
    torch.testing.assert_close(kl(t, s, T), kl_div(log_q, p, reduction="batchmean"))
    torch.testing.assert_close(
        kl(t, s, T, reverse=True), kl_div(torch.log(p), torch.exp(log_q), reduction="batchmean")
    )
    torch.testing.assert_close(entropy(p), torch.distributions.Categorical(p).entropy())
    torch.testing.assert_close(log_soften(t, T).exp(), p)


@pytest.mark.parametrize("T", [1.0, 3.0])
def test_sigmoid_is_the_two_class_softmax(T):
    """A click's logit z against 0: the two classes (z, 0)."""
    t, s = logits(30, 1, seed=1), logits(30, 1, seed=2)
    both = [torch.cat([x, torch.zeros_like(x)], 1) for x in (t, s)]
    torch.testing.assert_close(sigmoid_kd(t, s, T), kd_loss(*both, T, "ce"))


# ----------------------------------------------------------------- what must hold

numbers = st.floats(-20, 20)
pairs = st.integers(2, 6).flatmap(
    lambda n: st.tuples(*[st.lists(numbers, min_size=n, max_size=n)] * 2, st.floats(0.3, 20))
)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_cross_entropy_is_entropy_plus_kl(case):
    t, s = (torch.tensor([row], dtype=torch.float64) for row in case[:2])
    T = case[2]
    both = entropy(soften(t, T)).mean() + kl(t, s, T)
    torch.testing.assert_close(cross_entropy_soft(t, s, T), both, atol=1e-9, rtol=1e-9)
    assert kl(t, s, T) > -1e-12 and kl(t, s, T, reverse=True) > -1e-12


@pytest.mark.parametrize("kind", ["ce", "kl", "reverse_kl"])
@pytest.mark.parametrize("T", [0.5, 1.0, 5.0])
def test_equal_logits_have_no_gradient(kind, T):
    t = logits()
    assert gradient(lambda s: kd_loss(t, s, T, kind), t).abs().max() < 1e-12
    moved = t + torch.arange(6.0)[:, None]  # another constant on every row is the same answer
    assert gradient(lambda s: kd_loss(t, s, T, kind), moved).abs().max() < 1e-12
    at_best = entropy(soften(t, T)).mean() * T**2 if kind == "ce" else torch.zeros((), dtype=t.dtype)
    torch.testing.assert_close(kd_loss(t, t, T, kind), at_best)


def test_cross_entropy_and_kl_pull_alike_and_so_does_any_mix():
    t, s = logits(seed=1), logits(seed=2)
    by_ce, by_kl, by_reverse = (
        gradient(lambda x, kind=kind: kd_loss(t, x, 2.0, kind), s) for kind in ("ce", "kl", "reverse_kl")
    )
    torch.testing.assert_close(by_ce, by_kl)
    for share in (0.1, 0.5, 0.9):
        mix = gradient(
            lambda x, a=share: a * kd_loss(t, x, 2.0, "ce") + (1 - a) * kd_loss(t, x, 2.0, "kl"), s
        )
        torch.testing.assert_close(mix, by_kl)
    assert (by_reverse - by_kl).abs().max() > 0.05  # the other direction is another loss


@pytest.mark.parametrize("T", [1.0, 3.0])
def test_gradient_is_the_difference_of_softened_answers(T):
    t, s = logits(seed=1), logits(seed=2)
    expected = T * (soften(s, T) - soften(t, T)) / len(s)
    torch.testing.assert_close(gradient(lambda x: kd_loss(t, x, T), s), expected)


def test_size_of_the_gradient_hardly_depends_on_the_temperature():
    """Without T² it falls about as 1/T²; with it, it stays."""
    t, s = logits(50, 8, seed=1), logits(50, 8, seed=2)
    norm = {
        (T, scale): gradient(lambda x, T=T, scale=scale: kd_loss(t, x, T, scale=scale), s).norm().item()
        for T in (4.0, 8.0, 16.0)
        for scale in (True, False)
    }
    assert norm[8.0, False] / norm[16.0, False] == pytest.approx(4, rel=0.1)
    assert norm[4.0, True] / norm[16.0, True] == pytest.approx(1, rel=0.15)
    assert norm[4.0, False] / norm[16.0, False] > 12


def test_a_high_temperature_matches_centred_logits():
    """Hinton et al. 2015, section 2.1."""
    t, s = logits(seed=1) + 3.0, logits(seed=2) - 5.0
    centred = (s - s.mean(1, keepdim=True)) - (t - t.mean(1, keepdim=True))
    got = gradient(lambda x: kd_loss(t, x, 1e4), s)
    torch.testing.assert_close(got, centred / s.shape[1] / len(s), rtol=1e-2, atol=1e-4)


def test_a_low_temperature_is_the_hard_label():
    t, s = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(
        cross_entropy(s, soften(t, 1e-4)), cross_entropy(s, hard_labels(t)), rtol=1e-9, atol=1e-9
    )


def test_directions_differ_in_what_they_cover():
    """Of two peaks, forward KL prefers the student on both, reverse KL the student on one."""
    two = torch.tensor([[0.495, 0.495, 0.01]]).log()
    on_one, on_both = torch.tensor([[0.97, 0.015, 0.015]]).log(), torch.tensor([[0.34, 0.33, 0.33]]).log()
    assert kl(two, on_both) < kl(two, on_one)
    assert kl(two, on_one, reverse=True) < kl(two, on_both, reverse=True)


@pytest.mark.parametrize("loss", [kd_loss, sigmoid_kd])
def test_nothing_is_sent_to_the_teacher(loss):
    t, s = logits(seed=1).requires_grad_(), logits(seed=2).requires_grad_()
    loss(t, s, 2.0).backward()
    assert t.grad is None and s.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["ce", "kl"])
def test_items_not_on_offer_count_nothing(kind):
    t, s = logits(seed=1), logits(seed=2)
    off = [torch.cat([x, torch.full((6, 2), -torch.inf)], 1) for x in (t, s)]
    torch.testing.assert_close(kd_loss(*off, 2.0, kind), kd_loss(t, s, 2.0, kind))
    only_teacher = torch.cat([s, torch.zeros(6, 2)], 1)
    g = gradient(lambda x: kd_loss(off[0], x, 2.0, kind), only_teacher)
    assert g.isfinite().all() and (g[:, -2:] > 0).all()  # the student is told to let go of them
    assert gradient(lambda x: kd_loss(off[0], x, 2.0, kind), off[1]).isfinite().all()


def test_large_logits_stay_finite():
    t, s = logits(size=1000.0), logits(seed=3, size=1000.0)
    for kind in ("ce", "kl", "reverse_kl"):
        assert kd_loss(t, s, 1.0, kind).isfinite()
        assert gradient(lambda x, kind=kind: kd_loss(t, x, 1.0, kind), s).isfinite().all()


# ----------------------------------------------------------------- refusals


@pytest.mark.parametrize("T", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("loss", [cross_entropy_soft, kl, kd_loss, sigmoid_kd])
def test_refuses_such_temperatures(loss, T):
    with pytest.raises(ValueError, match=rf"T: {T}; expected a temperature of more than 0"):
        loss(logits(), logits(), T)
    with pytest.raises(ValueError, match="T: "):
        soften(logits(), T)


@pytest.mark.parametrize("loss", [cross_entropy_soft, kl, kd_loss, sigmoid_kd])
def test_refuses_other_shapes(loss):
    with pytest.raises(ValueError, match=r"teacher: logits of shape \(6, 9\); expected \(6, 8\)"):
        loss(logits(), logits(n=8))


def test_refuses_an_unknown_kind():
    with pytest.raises(ValueError, match="kind: 'js'; expected one of ce, kl, reverse_kl"):
        kd_loss(logits(), logits(), kind="js")


def test_hard_labels_are_the_best_items():
    t = logits()
    assert hard_labels(t).tolist() == np.argmax(t.numpy(), axis=1).tolist()
