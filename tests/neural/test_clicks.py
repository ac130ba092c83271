"""Models of clicks: pairs in linear time, crosses, dense columns, what they learn and refuse."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy

from recsys_course.base import NotFitted
from recsys_course.ids import UnknownId
from recsys_course.neural import (
    DeepFM,
    SASRec,
    WideDeep,
    n_parameters,
    pair_products,
    share_of_embeddings,
)

MODELS = {"DeepFM": DeepFM, "WideDeep": lambda **more: WideDeep(crosses=((0, 1),), **more)}
each = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def crossed(n=3000, seed=0):
    """Clicks that depend on the pair of two fields alone; the third says nothing."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, [4, 5, 3], (n, 3))
    p = np.where((X[:, 0] + X[:, 1]) % 2, 0.8, 0.2)
    return X, (rng.random(n) < p).astype(int), p


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 1000))
def test_all_pairs_in_linear_time(n_fields, n_factors, seed):
    v = torch.randn(
        3, n_fields, n_factors, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    slow = sum(
        ((v[:, f] * v[:, g]).sum(1) for f, g in itertools.combinations(range(n_fields), 2)),
        torch.zeros(3, dtype=torch.float64),
    )
    torch.testing.assert_close(pair_products(v), slow)


def test_the_parts_of_deepfm_written_as_loops():
    X, y, _ = crossed(200)
    dense = np.random.default_rng(1).normal(size=(200, 2))
    model = DeepFM(n_factors=3, layers=(4,), n_epochs=2).fit(X, y, dense)
    net, start = model.module_, [0, 4, 9]
    for row in (0, 7):
        codes = [int(X[row, f]) + start[f] for f in range(3)]
        with torch.no_grad():
            v, d = [net.deep.table.weight[c] for c in codes], torch.as_tensor(dense[row]).float()
            line = (
                net.linear.bias + sum(net.linear.weights.weight[c, 0] for c in codes) + d @ net.linear.dense
            )
            pairs = sum(v[f] @ v[g] for f, g in itertools.combinations(range(3), 2))
            deep = net.deep.tower(torch.cat([*v, d]))[0]
            p = torch.sigmoid(line + pairs + deep)
        assert model.predict_proba(X, dense)[row] == pytest.approx(p.item(), rel=1e-4)


def test_a_cross_has_a_weight_for_each_pair_of_codes():
    X, y, _ = crossed(200)
    model = WideDeep(crosses=((0, 1), (1, 2)), n_epochs=1).fit(X, y)
    net = model.module_
    assert net.linear.weights.weight.shape == (4 + 5 + 3 + 20 + 15, 1)
    with torch.no_grad():
        before = model.predict_proba(X)
        net.linear.weights.weight[12 + 2 * 5 + 3] += 5.0  # codes 2 and 3 of fields 0 and 1
    changed = model.predict_proba(X) != before
    np.testing.assert_array_equal(changed, (X[:, 0] == 2) & (X[:, 1] == 3))


@each
def test_crossed_tastes_are_learned(make):
    X, y, p = crossed()
    model = make(n_epochs=25, learning_rate=0.01).fit(X[:2500], y[:2500])
    got = model.predict_proba(X[2500:])
    assert np.abs(got - p[2500:]).mean() < 0.1
    assert model.loss_[-1] < model.loss_[0]


@each
def test_training_starts_at_the_rate_of_clicks(make):
    X, y, _ = crossed(400)
    y[:] = np.arange(400) % 5 < 2
    model = make(n_epochs=1, learning_rate=1e-9).fit(X, y)
    assert model.predict_proba(X).mean() == pytest.approx(0.4, abs=0.02)


@each
def test_same_seed_same_model_and_a_resumed_fit_is_the_same(make, tmp_path):
    X, y, _ = crossed(300)
    first, again = (make(n_epochs=3, seed=5).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    make(n_epochs=1, seed=5, checkpoint=tmp_path / "kept").fit(X, y)
    resumed = make(n_epochs=3, seed=5, checkpoint=tmp_path / "kept").fit(X, y)
    np.testing.assert_array_equal(resumed.predict_proba(X), first)


@each
def test_the_last_rows_judge_and_the_best_epoch_is_kept(make):
    X, y, _ = crossed(1000)
    model = make(n_epochs=40, patience=2, validation_share=0.2, learning_rate=0.05).fit(X, y)
    values = model.training_.validation
    late = model.predict_proba(X[800:])
    loss = binary_cross_entropy(torch.as_tensor(late), torch.as_tensor(y[800:]).float()).item()
    assert -max(values) == pytest.approx(loss, rel=1e-4)
    assert len(values) < 40
    with pytest.raises(ValueError, match=r"validation_share: 0.1 of 2 rows; expected some on either side"):
        make(patience=1).fit(X[:2], y[:2])


def test_another_loss_and_another_module():
    X, y, _ = crossed(300)

    def loss(model, module, batch, rng):
        return (torch.sigmoid(model.logits(module, batch)) - batch.clicks).pow(2).mean()

    model = DeepFM(n_epochs=2).train_with(X, y, loss)
    other = DeepFM(n_epochs=2, seed=1).fit(X, y)
    assert model.loss_[0] < 0.3  # squares, not logarithms
    swapped = model.with_module(other.module_)
    np.testing.assert_array_equal(swapped.predict_proba(X), other.predict_proba(X))
    assert not np.array_equal(model.predict_proba(X), other.predict_proba(X))


def test_refusals_name_what_was_given():
    X, y, _ = crossed(50)
    with pytest.raises(NotFitted, match="DeepFM is not fitted"):
        DeepFM().predict_proba(X)
    model = DeepFM(n_epochs=1).fit(X, y)
    with pytest.raises(UnknownId, match=r"features: code 9 in row 0, field 1; expected 0\.\.4"):
        model.predict_proba([[0, 9, 0]])
    assert model.fit(X, y, sizes=(4, 10, 3)).predict_proba([[0, 9, 0]]).shape == (1,)
    for call, error, message in [
        (lambda: model.predict_proba([[0, 0]]), ValueError, "features: 2 fields; expected 3"),
        (lambda: model.predict_proba(X, np.ones((50, 1))), ValueError, "dense: 1 columns; expected 0"),
        (lambda: model.fit(X.astype(float), y), TypeError, "features: dtype float64; expected integer codes"),
        (lambda: model.fit(X, y + 1), ValueError, "clicks: 2; expected 0 or 1"),
        (lambda: model.fit(X, y[:-1]), ValueError, r"clicks: shape \(49,\); expected \(50,\)"),
        (lambda: model.fit(X, y, np.full((50, 1), np.inf)), ValueError, "dense: NaN or infinite"),
        (lambda: model.fit(X, y, sizes=(4, 5)), ValueError, r"sizes: \(4, 5\); expected 3 counts"),
        (lambda: model.fit(X[:0], y[:0]), ValueError, r"features: shape \(0, 3\); expected at least one"),
        (lambda: model.fit(X[0], y), ValueError, r"features: shape \(3,\); expected \(impressions, fields\)"),
        (lambda: WideDeep(crosses=((0, 3),)).fit(X, y), ValueError, r"crosses: \(0, 3\); expected two"),
        (lambda: WideDeep(crosses=((1, 1),)).fit(X, y), ValueError, r"crosses: \(1, 1\); expected two"),
        (lambda: DeepFM(layers=()).fit(X, y), ValueError, r"layers: \(\); expected at least one width"),
    ]:
        with pytest.raises(error, match=message):
            call()
    with pytest.raises(ValueError, match=r"crosses: \(0, 1\) has 4000000 pairs; expected at most 1048576"):
        WideDeep(crosses=((0, 1),)).fit(X, y, sizes=(2000, 2000, 3))


def test_what_parameters_are_spent_on():
    X, y, _ = crossed(50)
    net = DeepFM(n_factors=8, layers=(2,), n_epochs=1).fit(X, y).module_
    sizes = n_parameters(net)
    assert list(sizes)[:2] == ["deep.table.weight", "deep.tower.0.weight"]
    assert sizes["deep.table.weight"] == 12 * 8 and sizes["deep.tower.0.weight"] == 2 * 24
    whole = 96 + 48 + 2 + 2 + 1 + 12 + 1  # table, two layers with biases, weights of codes, bias
    assert sum(sizes.values()) == whole
    assert share_of_embeddings(net) == pytest.approx((96 + 12) / whole)
    for parameter in net.deep.tower.parameters():
        parameter.requires_grad_(False)
    assert "deep.tower.0.weight" not in n_parameters(net)
    with pytest.raises(ValueError, match="module: no parameters"):
        share_of_embeddings(torch.nn.ReLU())
    assert SASRec().n_factors == 64


def test_another_module_wants_a_fit_and_a_module():
    X, y = crossed(50)[:2]
    model = DeepFM(n_epochs=1).fit(X, y)
    with pytest.raises(NotFitted, match="DeepFM is not fitted"):
        DeepFM().with_module(model.module_)
    with pytest.raises(TypeError, match="module: DeepFM; expected a torch module"):
        model.with_module(model)
