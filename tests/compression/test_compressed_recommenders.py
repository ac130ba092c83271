"""Every compression on every deep recommender: it scores, in fewer bytes, and the original is as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from nets_to_compress import state_of, unchanged

from recsys_course.compression import (
    GradualPruning,
    HashedEmbedding,
    Int8Embedding,
    LowRankEmbedding,
    ProductQuantized,
    QuotientRemainder,
    convert,
    expected_bytes,
    factorize,
    imitate,
    keep_frequent,
    load,
    magnitude_prune,
    prepare_qat,
    prune_heads,
    prune_neurons,
    quantize_module,
    replace_table,
    save,
    sparsity_of,
    store_sparse,
    torch_dynamic,
    train_on,
)
from recsys_course.data.planted import two_tribes
from recsys_course.neural import DeepFM, MLPRecommender, SASRec, TwoTowers
from recsys_course.training import seeded

FAST = {"n_epochs": 8, "batch_size": 16, "learning_rate": 0.01, "n_threads": 1}
MODELS = {
    "sasrec": SASRec(n_factors=16, n_heads=2, n_layers=1, max_length=6, **FAST),
    "towers": TwoTowers(n_factors=16, layers=(12,), **FAST),
    "towers of history": TwoTowers(n_factors=16, user="history", **FAST),
    "mlp": MLPRecommender(n_factors=16, layers=(12, 8), **FAST),
}
LOG, _ = two_tribes()
USERS = np.arange(LOG.n_users)
COUNTS = np.bincount(LOG.items, minlength=LOG.n_items)


@pytest.fixture(scope="module")
def fitted():
    return {name: replace(model).fit(LOG) for name, model in MODELS.items()}


WAYS = {
    "prune": lambda net: magnitude_prune(net, 0.5),
    "sparse": lambda net: store_sparse(magnitude_prune(net, 0.8)),
    "8 bits": quantize_module,
    "3 bits": lambda net: quantize_module(net, 3),
    "aware": lambda net: convert(prepare_qat(net, 4)),
    "thin": lambda net: factorize(net, 1),
    "int8 table": lambda net: replace_table(net, "items", Int8Embedding(net.items)),
    "low rank table": lambda net: replace_table(net, "items", LowRankEmbedding.from_table(net.items, 4)),
    "product": lambda net: replace_table(net, "items", ProductQuantized(net.items, 8, 4)),
    "frequent": lambda net: replace_table(net, "items", keep_frequent(net.items, COUNTS, 0.5)),
    "hashed": lambda net: table_like(net, HashedEmbedding),
    "quotient": lambda net: table_like(net, QuotientRemainder),
}


def table_like(net, kind):
    n, k = net.items.weight.shape
    with seeded(0):
        return replace_table(net, "items", imitate(kind(n, k, n // 2), net.items, n_steps=50))


PAIRS = [(name, way) for name in MODELS for way in WAYS]
PAIRS.remove(("towers of history", "thin"))  # tables alone: there is no linear layer


@pytest.mark.parametrize(("name", "way"), PAIRS)
def test_it_scores_and_the_original_is_as_it_was(name, way, fitted, tmp_path):
    model = fitted[name]
    state, before = state_of(model.module_), model.score(USERS)
    other = model.with_module(WAYS[way](model.module_))
    scores = other.score(USERS)
    assert scores.shape == before.shape and np.isfinite(scores).all() and not np.array_equal(scores, before)
    assert unchanged(model.module_, state)
    np.testing.assert_array_equal(model.score(USERS), before)
    save(other, tmp_path / "model.pt")
    np.testing.assert_array_equal(load(tmp_path / "model.pt", like=model).score(USERS), scores)
    if way not in ("prune", "sparse", "thin"):  # a sparse net of these sizes has more places than numbers
        assert expected_bytes(other.module_) < expected_bytes(model.module_)


@pytest.mark.parametrize("name", MODELS)
def test_eight_bits_change_no_list_that_was_clear(name, fitted):
    model = fitted[name]
    other = model.with_module(quantize_module(model.module_))
    spread = model.score(USERS).std()
    assert np.abs(other.score(USERS) - model.score(USERS)).max() < 0.15 * spread
    overlap = np.mean(
        [
            len(np.intersect1d(a[a >= 0], b[b >= 0])) / max(1, (a >= 0).sum())
            for a, b in zip(model.recommend(USERS, 3), other.recommend(USERS, 3), strict=True)
        ]
    )
    assert overlap > 0.9


@pytest.mark.parametrize("name", ["sasrec", "towers", "mlp"])
def test_calibrated_with_the_models_own_questions(name, fitted):
    model = fitted[name]
    batches = [model._questions(torch.arange(12)), model._questions(torch.arange(12, 20))]
    other = model.with_module(quantize_module(model.module_, calibrate=batches, call=model.logits))
    assert np.abs(other.score(USERS) - model.score(USERS)).max() < 0.25 * model.score(USERS).std()


@pytest.mark.parametrize("name", ["sasrec", "towers", "mlp"])
def test_neurons(name, fitted):
    model = fitted[name]
    small = prune_neurons(model.module_, 0.5)
    assert expected_bytes(small) < expected_bytes(model.module_)
    assert np.isfinite(model.with_module(small).score(USERS)).all()


def test_heads(fitted):
    small = prune_heads(fitted["sasrec"].module_, 1)
    assert np.isfinite(fitted["sasrec"].with_module(small).score(USERS)).all()


def test_torchs_kernels_score_nearly_the_same(fitted):
    model = fitted["sasrec"]
    theirs = model.with_module(torch_dynamic(model.module_)).score(USERS)
    assert np.abs(theirs - model.score(USERS)).max() < 0.15 * model.score(USERS).std()


def test_pruned_while_it_is_trained():
    pruning = GradualPruning(0.6, n_steps=10)
    model = replace(MODELS["sasrec"]).train_with(LOG, pruning)
    small = pruning.finish(model.module_)
    assert sparsity_of(small) == pytest.approx(0.6, abs=0.01) and sparsity_of(model.module_) < 0.6
    assert np.isfinite(model.with_module(small).score(USERS)).all()


@pytest.mark.parametrize("name", ["sasrec", "towers"])
def test_a_smaller_net_is_trained_on(name, fitted):
    model = fitted[name]
    small = prune_neurons(model.module_, 0.75)
    state = state_of(small)
    again = train_on(model, small, LOG, n_epochs=5)
    assert again.loss_[-1] < model.loss_[0] and len(again.loss_) == 5
    assert not unchanged(again.module_, state)
    assert again.n_epochs == 5 and model.n_epochs == 8 and unchanged(small, state)
    assert {n: p.shape for n, p in again.module_.named_parameters()} == {
        n: p.shape for n, p in small.named_parameters()
    }


def test_zeros_are_held_by_gradual_pruning_alone(fitted):
    model = fitted["sasrec"]
    pruned, pruning = magnitude_prune(model.module_, 0.5), GradualPruning(0.5, n_steps=1)
    free = train_on(model, pruned, LOG, n_epochs=2)
    held = train_on(model, pruned, LOG, pruning, n_epochs=2)
    assert sparsity_of(free.module_) < 0.4
    assert sparsity_of(pruning.finish(held.module_)) == pytest.approx(0.5, abs=0.01)


def test_trained_with_rounding_and_with_a_small_table(fitted):
    model = fitted["sasrec"]
    aware = train_on(model, prepare_qat(model.module_, 3), LOG, n_epochs=3)
    done = aware.with_module(convert(aware.module_))
    np.testing.assert_allclose(done.score(USERS), aware.score(USERS), rtol=1e-4, atol=1e-4)
    tabled = train_on(model, table_like(model.module_, QuotientRemainder), LOG, n_epochs=5)
    assert tabled.loss_[-1] < tabled.loss_[0]
    assert isinstance(tabled.module_.items, QuotientRemainder)


def test_a_model_of_clicks():
    rng = np.random.default_rng(0)
    features = rng.integers(0, 7, (300, 3))
    clicks = (features[:, 0] + features[:, 1] > 6).astype(float)
    model = DeepFM(n_factors=4, layers=(8,), n_epochs=5).fit(features, clicks)
    before = model.predict_proba(features)
    for way in (quantize_module, lambda net: prune_neurons(net, 0.5), lambda net: magnitude_prune(net, 0.3)):
        other = model.with_module(way(model.module_)).predict_proba(features)
        assert other.shape == before.shape and ((other > 0) & (other < 1)).all()
    near = model.with_module(quantize_module(model.module_)).predict_proba(features)
    assert np.abs(near - before).max() < 0.05


def test_training_on_wants_a_module():
    model = SASRec(n_factors=4, n_layers=1, n_epochs=1, max_length=4)
    for wrong in (None, model):
        with pytest.raises(TypeError, match=f"module: {type(wrong).__name__}; expected a torch module"):
            train_on(model, wrong, two_tribes()[0])
