"""The references against something else: torch, scipy, scikit-learn, loops, finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from every_check import drawn
from scipy.special import softmax
from scipy.stats import entropy, rankdata, t, ttest_rel
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
)

from recsys_course.checks import distillation as kd


def test_soften_is_scipys_softmax_and_never_gives_what_is_no_candidate():
    masked = 0
    for logits, temperature in drawn(kd.soften):
        got = kd.soften.reference(logits, temperature)
        np.testing.assert_allclose(got, softmax(logits / temperature, axis=1))
        assert not got[np.isinf(logits)].any()
        masked += np.isinf(logits).any()
    assert masked >= 5


def test_soften_changes_no_order_and_ends_in_equal_shares():
    logits = np.random.default_rng(0).normal(size=(3, 7))
    for temperature in (0.1, 1, 10):
        got = kd.soften.reference(logits, temperature)
        np.testing.assert_array_equal(np.argsort(got), np.argsort(logits))
    np.testing.assert_allclose(kd.soften.reference(logits, 1e9), 1 / 7)


def test_the_divergence_is_scipys_relative_entropy():
    infinite = zeros = 0
    for p, q in drawn(kd.kl_divergence):
        with np.errstate(divide="ignore"):  # ln 0 is -inf, on purpose
            cross, H, divergence = kd.kl_divergence.reference(p, q)
            np.testing.assert_allclose(divergence, entropy(p, q, axis=1), atol=1e-12)
        np.testing.assert_allclose(H, entropy(p, axis=1))
        np.testing.assert_allclose(cross, H + divergence)
        infinite, zeros = infinite + np.isinf(divergence).any(), zeros + (p == 0).any()
    assert infinite >= 1
    assert zeros >= 5


def test_the_divergence_is_not_symmetric():
    p, q = np.array([[0.8, 0.2]]), np.array([[0.6, 0.4]])
    one, other = kd.kl_divergence.reference(p, q)[2], kd.kl_divergence.reference(q, p)[2]
    assert [round(float(x[0]), 4) for x in (one, other)] == [0.0915, 0.1046]


def test_soft_cross_entropy_is_torchs_with_probabilities_as_targets():
    for teacher, student, T in drawn(kd.soft_cross_entropy):
        expected = cross_entropy(torch.tensor(student) / T, torch.softmax(torch.tensor(teacher) / T, dim=1))
        assert kd.soft_cross_entropy.reference(teacher, student, T) == pytest.approx(float(expected))


def by_torch(teacher, student, labels, T, weight):
    """Hard part, soft part and total, of torch's own functions."""
    log_q, log_p = (torch.log_softmax(z / T, dim=1) for z in (student, torch.tensor(teacher)))
    soft = T**2 * kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    hard = cross_entropy(student, torch.tensor(labels))
    return (1 - weight) * hard + weight * soft, hard, soft


def test_distillation_loss_is_torchs():
    wrong_teacher = 0
    for args in drawn(kd.distillation_loss):
        teacher, student, labels, *rest = args
        expected = by_torch(teacher, torch.tensor(student), labels, *rest)
        np.testing.assert_allclose(kd.distillation_loss.reference(*args), [float(x) for x in expected])
        wrong_teacher += (teacher.argmax(axis=1) != labels).any()
    assert wrong_teacher >= 5


def test_the_gradient_is_autograds():
    for args in drawn(kd.kd_gradient):
        teacher, student, labels, *rest = args
        z = torch.tensor(student, requires_grad=True)
        by_torch(teacher, z, labels, *rest)[0].backward()
        np.testing.assert_allclose(kd.kd_gradient.reference(*args), z.grad, atol=1e-12)


def test_the_soft_slope_tends_to_centred_logits_over_candidates():
    rng = np.random.default_rng(0)
    teacher, student, labels = rng.normal(size=(1, 5)), rng.normal(size=(1, 5)), np.zeros(1, dtype=int)
    got = kd.kd_gradient.reference(teacher, student, labels, 1e4, 1.0)
    gap = student - teacher
    np.testing.assert_allclose(got, (gap - gap.mean()) / 5, atol=1e-4)


def test_sigmoid_distillation_is_torchs_binary_cross_entropy_from_logits():
    for clicks, teacher, student, T, weight in drawn(kd.sigmoid_distillation):
        y, t_, s = (torch.tensor(x) for x in (clicks, teacher, student))
        loss = binary_cross_entropy_with_logits
        expected = (1 - weight) * loss(s, y) + weight * T**2 * loss(s / T, torch.sigmoid(t_ / T))
        got = kd.sigmoid_distillation.reference(clicks, teacher, student, T, weight)
        assert got == pytest.approx(float(expected))


def test_rank_weights_are_the_rule_item_by_item():
    tied = 0
    for top, scores, scale, sharpness in drawn(kd.rank_weights):
        ranks = rankdata(-scores, method="min")  # the best has rank 1; ties share the better rank
        raw = []
        for place, item in enumerate(top, 1):
            behind = ranks[item] - place
            raw.append(np.exp(-place / scale) * np.tanh(sharpness * behind) if behind > 0 else 0.0)
        expected = np.array(raw) / sum(raw) if any(raw) else np.zeros(len(top))
        np.testing.assert_allclose(kd.rank_weights.reference(top, scores, scale, sharpness), expected)
        tied += len(set(scores)) < len(scores)
    assert tied >= 10


def test_hint_slopes_are_autograds_and_the_best_projection_has_none():
    rng = np.random.default_rng(0)
    for student, teacher, projection in drawn(kd.hint_loss):
        s, W = (torch.tensor(x, requires_grad=True) for x in (student, projection))
        loss = ((s @ W - torch.tensor(teacher)) ** 2).sum(dim=1).mean()
        loss.backward()
        got = kd.hint_loss.reference(student, teacher, projection)
        assert got[0] == pytest.approx(float(loss.detach()))
        np.testing.assert_allclose(got[1], s.grad, atol=1e-12)
        np.testing.assert_allclose(got[2], W.grad, atol=1e-12)
    S, T = rng.normal(size=(20, 3)), rng.normal(size=(20, 4))
    best = np.linalg.lstsq(S, T, rcond=None)[0]
    np.testing.assert_allclose(kd.hint_loss.reference(S, T, best)[2], 0, atol=1e-12)


def test_relation_loss_is_torchs_huber_of_torchs_distances():
    far = 0
    for student, teacher in drawn(kd.relation_loss):
        a, b = (torch.pdist(torch.tensor(X)) for X in (student, teacher))
        a, b = a / a.mean(), b / b.mean()
        assert kd.relation_loss.reference(student, teacher) == pytest.approx(float(huber_loss(a, b)))
        far += bool(((a - b).abs() > 1).any())
    assert far >= 3


def test_relations_survive_rotation_shift_and_scale():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 4))
    Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert kd.relation_loss.reference(7 * X @ Q + 5, Y) == pytest.approx(kd.relation_loss.reference(X, Y))
    assert kd.relation_loss.reference(X, 3 * X @ Q) == pytest.approx(0, abs=1e-12)


def test_the_gain_has_scipys_interval_of_a_paired_t_test():
    gapless = 0
    for control, student, teacher, _ in drawn(kd.distillation_gain):
        quantile = t.ppf(0.975, len(control) - 1)
        gain, half, share = kd.distillation_gain.reference(control, student, teacher, quantile)
        low, high = ttest_rel(student, control).confidence_interval(0.95)
        assert (gain - half, gain + half) == pytest.approx((low, high))
        gap = (teacher - control).mean()
        gapless += gap <= 0
        assert np.isnan(share) if gap <= 0 else share == pytest.approx(gain / gap)
    assert gapless >= 3
