"""The references against something else: loops, scipy, scikit-learn, torch, finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from every_check import drawn
from scipy.special import log_softmax, softmax
from scipy.stats import zscore
from sklearn.preprocessing import StandardScaler

from recsys_course.checks import multimodal as mm


def test_standardize_and_average_is_scikit_learns_scaler_and_a_mean_that_skips_nan():
    for (blocks,) in drawn(mm.standardize_and_average):
        scaled = np.array([StandardScaler().fit_transform(X) for X in blocks])  # (M, I, D); skips nan itself
        has = ~np.isnan(scaled[:, :, 0])
        expected = np.where(has.any(axis=0)[:, None], np.nansum(scaled, axis=0), 0.0)
        expected /= np.maximum(has.sum(axis=0), 1)[:, None]
        np.testing.assert_allclose(mm.standardize_and_average.reference(blocks), expected, atol=1e-12)


def test_standardized_average_ignores_shift_and_scale_but_not_a_rotation():
    rng = np.random.default_rng(0)
    A, B, turn = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), np.array([[0.0, -1.0], [1.0, 0.0]])
    average = mm.standardize_and_average.reference
    np.testing.assert_allclose(average([A, 100 * B + 7]), average([A, B]))
    turned = B @ turn
    np.testing.assert_allclose(turned @ turned.T, B @ B.T)  # nothing inside B has changed
    assert np.abs(average([A, turned]) - average([A, B])).max() > 0.1


@pytest.mark.filterwarnings("ignore:Precision loss")  # a row of equal scores, on purpose
def test_late_fusion_is_a_weighted_mean_of_scipys_zscores():
    for scores, weights in drawn(mm.late_fusion):
        Z = np.nan_to_num(zscore(scores, axis=1, nan_policy="omit"))  # constant rows: nan, which means 0
        known = ~np.isnan(scores)
        expected = [
            np.average(Z[known[:, i], i], weights=weights[known[:, i]]) if weights[known[:, i]].sum() else 0.0
            for i in range(scores.shape[1])
        ]
        np.testing.assert_allclose(mm.late_fusion.reference(scores, weights), expected, atol=1e-12)


def test_late_fusion_keeps_the_order_when_one_modality_changes_its_unit():
    rng = np.random.default_rng(1)
    S, w = rng.normal(size=(3, 8)), np.array([1.0, 2.0, 3.0])
    before = mm.late_fusion.reference(S, w)
    np.testing.assert_allclose(mm.late_fusion.reference(S * [[1], [1000], [1]], w), before)


def test_modality_dropout_is_the_rule_item_by_item():
    lonely = 0
    for X, draws, rate in drawn(mm.modality_dropout):
        expected = np.zeros_like(X)
        for b in range(len(X)):
            kept = [m for m in range(X.shape[1]) if draws[b, m] >= rate] or [int(np.argmax(draws[b]))]
            lonely += max(draws[b]) < rate
            for m in kept:
                expected[b, m] = X[b, m] * X.shape[1] / len(kept)
        np.testing.assert_allclose(mm.modality_dropout.reference(X, draws, rate), expected)
    assert lonely >= 5


def test_modality_dropout_keeps_the_mean_of_the_sum_when_modalities_are_alike():
    draws = np.random.default_rng(0).random((20_000, 3))
    X = np.ones((20_000, 3, 1))
    got = mm.modality_dropout.reference(X, draws, 0.5).sum(axis=1)
    np.testing.assert_allclose(got, 3.0)  # not only on average: M / kept makes it exact


def test_vbpr_score_is_the_sum_written_out():
    for p, t, v, b, Q, E, F, trained in drawn(mm.vbpr_score):
        expected = []
        for i in range(len(b)):
            seen = sum(v[d] * F[i, d] for d in range(len(v)))
            seen += sum(t[k] * E[k, d] * F[i, d] for k in range(len(t)) for d in range(len(v)))
            known = b[i] + sum(p[k] * Q[i, k] for k in range(len(p)))
            expected.append(seen + known if trained[i] else seen)
        np.testing.assert_allclose(mm.vbpr_score.reference(p, t, v, b, Q, E, F, trained), expected)


def test_gate_is_scipys_softmax_over_what_is_there():
    empty = 0
    for X, W, b in drawn(mm.gate):
        fused, weights = mm.gate.reference(X, W, b)
        for x, f, w in zip(X, fused, weights, strict=True):
            has = ~np.isnan(x[:, 0])
            if not has.any():
                assert not w.any() and not f.any()
                empty += 1
                continue
            expected = softmax([W[m] @ x[m] + b[m] for m in np.flatnonzero(has)])
            np.testing.assert_allclose(w[has], expected)
            np.testing.assert_allclose(f, expected @ x[has])
            assert not w[~has].any()
    assert empty >= 2


def test_attention_is_torchs():
    for q, K, V in drawn(mm.attention_fusion):
        has = ~np.isnan(K[:, 0])
        asked = [torch.tensor(np.atleast_2d(a)) for a in (q, K[has], V[has])]
        expected = torch.nn.functional.scaled_dot_product_attention(*asked).numpy()
        fused, weights = mm.attention_fusion.reference(q, K, V)
        np.testing.assert_allclose(fused, expected)
        np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_info_nce_is_torchs_cross_entropy_both_ways():
    for A, B, temperature in drawn(mm.info_nce):
        a, b = (torch.nn.functional.normalize(torch.tensor(X), dim=1) for X in (A, B))
        logits, own = a @ b.T / temperature, torch.arange(len(A))
        entropy = torch.nn.functional.cross_entropy
        expected = (entropy(logits, own) + entropy(logits.T, own)) / 2
        assert mm.info_nce.reference(A, B, temperature) == pytest.approx(float(expected))


def test_info_nce_of_one_vector_for_all_is_log_n():
    assert mm.info_nce.reference(np.ones((7, 3)), np.ones((7, 3)), 0.07) == pytest.approx(np.log(7))


def test_the_gradient_is_compared_with_finite_differences_and_with_scipys_log_softmax():
    check = mm.info_nce_gradient
    for case in check.cases[len(check.by_hand) :]:
        got, expected = check.reference(*case.args), check.oracle(*case.args)
        S, temperature = case.args
        assert got[0] == pytest.approx(-np.mean(np.diag(log_softmax(S / temperature, axis=1))))
        for one, other in zip(got, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-7)
        np.testing.assert_allclose(got[1].sum(axis=1), 0, atol=1e-12)  # shares of a row add up to 1


def test_mmoe_is_torch_written_task_by_task():
    for x, experts, gates, towers in drawn(mm.mmoe):
        x_, E, G, T = (torch.tensor(a) for a in (x, experts, gates, towers))
        answers = torch.stack([torch.relu(x_ @ e) for e in E], dim=1)  # (B, E, H)
        expected = []
        for g, tower in zip(G, T, strict=True):
            mixed = (torch.softmax(x_ @ g, dim=1)[:, :, None] * answers).sum(dim=1)
            expected.append(torch.sigmoid(mixed @ tower))
        got = mm.mmoe.reference(x, experts, gates, towers)
        np.testing.assert_allclose(got, torch.stack(expected, dim=1).numpy())


def test_random_cases_cover_what_the_text_speaks_of():
    blocks = [X for (many,) in drawn(mm.standardize_and_average) for X in many]
    assert any(np.isnan(X).any() for X in blocks) and any(np.nanstd(X[:, 1]) == 0 for X in blocks)
    assert any(
        np.isnan(np.array(many)).all(axis=(0, 2)).any() for (many,) in drawn(mm.standardize_and_average)
    )
    assert any(np.isnan(S).any() for S, _ in drawn(mm.late_fusion))
    assert any((w == 0).any() for _, w in drawn(mm.late_fusion))
    assert any(np.isnan(K).any() for _, K, _ in drawn(mm.attention_fusion))
    assert all(q.shape[0] != K.shape[0] != K.shape[1] for q, K, _ in drawn(mm.attention_fusion))
    assert all((~trained).any() for *_, trained in drawn(mm.vbpr_score))
