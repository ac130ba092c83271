"""One way to train: seeds, checkpoints, early stop, another loss, another module."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from test_sasrec import SMALL, chain

from recsys_course.base import Diverged, NotFitted
from recsys_course.checkpoint import CheckpointError
from recsys_course.interactions import Interactions
from recsys_course.neural import MLPRecommender, SASRec, TwoTowers
from recsys_course.training import Trained

MODELS = {
    "sasrec": lambda **more: SASRec(**SMALL | {"dropout": 0.1} | more),
    "sampled": lambda **more: SASRec(**SMALL | {"loss": "sampled", "n_negatives": 3} | more),
    "towers": lambda **more: TwoTowers(n_factors=8, batch_size=32, **more),
    "history": lambda **more: TwoTowers(n_factors=8, batch_size=32, user="history", layers=(8,), **more),
    "mlp": lambda **more: MLPRecommender(n_factors=8, batch_size=64, **more),
}
each = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def log():
    return chain(n_users=30, length=5)[0]


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.module_.parameters()])


@each
def test_same_seed_same_weights_and_another_seed_others(make):
    first, again, other = (make(n_epochs=2, seed=seed).fit(log()) for seed in (3, 3, 4))
    assert torch.equal(weights(first), weights(again))
    assert not torch.allclose(weights(first), weights(other))


@each
def test_the_seed_of_others_neither_matters_nor_moves(make):
    torch.manual_seed(1)
    first, state = make(n_epochs=1).fit(log()), torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(weights(first), weights(make(n_epochs=1).fit(log())))
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)


@each
def test_a_resumed_fit_ends_as_an_uninterrupted_one(make, tmp_path):
    whole = make(n_epochs=4).fit(log())
    make(n_epochs=2, checkpoint=tmp_path / "half").fit(log())
    resumed = make(n_epochs=4, checkpoint=tmp_path / "half").fit(log())
    assert torch.equal(weights(whole), weights(resumed))
    np.testing.assert_array_equal(whole.loss_, resumed.loss_)


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    make = MODELS["towers"]
    make(n_epochs=1, checkpoint=tmp_path / "kept").fit(log())
    with pytest.raises(CheckpointError, match=r"learning_rate was 0\.001, now 0\.01"):
        make(n_epochs=1, checkpoint=tmp_path / "kept", learning_rate=0.01).fit(log())


@each
def test_the_loss_falls(make):
    model = make(n_epochs=8, learning_rate=0.02).fit(log())
    assert model.loss_[-1] < 0.9 * model.loss_[0]
    assert isinstance(model.training_, Trained) and model.training_.best_epoch == 7
    assert not model.module_.training


@each
def test_patience_holds_the_last_events_out_and_keeps_the_best_epoch(make):
    seen = []

    class Watched(type(make())):
        def batch_loss(self, module, batch, rng):
            seen.append(torch.stack([batch.users, batch.targets]))
            return super().batch_loss(module, batch, rng)

    model = Watched(**dataclasses.asdict(make(n_epochs=30, patience=2, learning_rate=0.05))).fit(log())
    values = model.training_.validation
    assert len(values) == len(model.loss_) and all(0 <= value <= 1 for value in values)
    assert model.training_.best_epoch == int(np.argmax(values))
    assert len(values) in (30, model.training_.best_epoch + 3)
    met = {(int(u), int(i)) for u, i in torch.cat(seen, dim=1).T}
    data = log()
    last = {(u, int(data.items[data.users == u][-1])) for u in range(30)}
    assert not met & last  # a chain does not come back within five steps
    assert len(met) == len(data) - 30
    assert len(model.histories_.items) == len(data)  # what was held out is looked at afterwards


def test_what_validation_says_is_the_ndcg_of_the_full_ranking():
    """Scored again, by hand, from what was left to learn from."""
    data = log()
    model = MODELS["sasrec"](n_epochs=3, patience=3).fit(data)
    last = np.array([np.flatnonzero(data.users == u)[-1] for u in range(30)])
    rest = data.take(np.setdiff1d(np.arange(len(data)), last))
    kept = MODELS["sasrec"](n_epochs=1).fit(rest).with_module(model.module_)
    lists = kept.recommend(np.arange(30), n=10)
    gains = [
        1 / math.log2(2 + row.tolist().index(item)) if item in row else 0.0
        for row, item in zip(lists, data.items[last], strict=True)
    ]
    assert max(model.training_.validation) == pytest.approx(np.mean(gains))


def test_a_share_of_the_users_can_judge():
    half = MODELS["towers"](n_epochs=1, patience=1, validation_share=0.5)
    train, held = half._hold_out(log())
    assert len(held) == 15 and len(train) == len(log()) - 15
    assert len(set(held.users)) == 15
    single = Interactions([0, 1], [0, 0], 2, 1)
    with pytest.raises(ValueError, match="patience: 1; expected users with two events or more to judge by"):
        half.fit(single)


def test_another_loss_another_judge_and_something_trained_along():
    extra, seen = torch.nn.Linear(16, 16), []
    before = extra.weight.detach().clone()

    def loss(model, module, batch, rng):
        seen.append(batch.numbers)
        return model.batch_loss(module, batch, rng) + extra(model.hidden(module, batch)).pow(2).mean()

    judged = iter([0.1, 0.9, 0.5])
    model = MODELS["sasrec"](n_epochs=3).train_with(
        log(), loss, extra, validate=lambda model, module: next(judged)
    )
    assert not torch.equal(extra.weight, before)
    assert model.training_ == Trained(model.loss_.tolist(), [0.1, 0.9, 0.5], 1)
    assert sorted(torch.cat(seen).tolist()) == sorted([*range(len(log()))] * 3)
    plain = MODELS["sasrec"](n_epochs=3).fit(log())
    again = model.fit(log())  # nothing of it is left for the next fit
    assert torch.equal(weights(plain), weights(again))


@each
def test_the_models_own_loss_given_by_hand_changes_nothing(make):
    plain = make(n_epochs=2).fit(log())
    given = make(n_epochs=2).train_with(log(), lambda model, *rest: model.batch_loss(*rest))
    assert torch.equal(weights(plain), weights(given))


def test_training_goes_on_from_a_copy_of_a_given_module():
    model = MODELS["sasrec"](n_epochs=6).fit(log())
    before = weights(model).clone()
    on = dataclasses.replace(model, n_epochs=1).train_with(log(), start=model.module_)
    assert torch.equal(weights(model), before)
    assert on.loss_[0] < model.loss_[2]
    assert not torch.equal(weights(on), before)


def test_another_module_scores_in_a_copy():
    model, other = (MODELS["sasrec"](n_epochs=2, seed=seed).fit(log()) for seed in (0, 1))
    before = model.score(range(30))
    swapped = model.with_module(other.module_)
    np.testing.assert_array_equal(swapped.score(range(30)), other.score(range(30)))
    np.testing.assert_array_equal(model.score(range(30)), before)
    assert swapped.seen_ is model.seen_
    with pytest.raises(NotFitted):
        MODELS["sasrec"]().with_module(other.module_)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@each
def test_a_device_that_is_not_there_is_named(make):
    with pytest.raises(ValueError, match="device: 'cuda'; expected one that is there"):
        make(device="cuda").fit(log())


@each
def test_many_users_are_scored_a_few_at_a_time(make, monkeypatch):
    model = make(n_epochs=1).fit(log())
    whole = model.score(range(30))
    monkeypatch.setattr("recsys_course.neural.recommender.USERS_AT_ONCE", 7)
    monkeypatch.setattr("recsys_course.neural.mlp.CELLS_AT_ONCE", 1)
    np.testing.assert_allclose(model.score(range(30)), whole, rtol=1e-4, atol=1e-5)


def test_a_log_without_anything_to_learn_from_leaves_the_first_parameters():
    everything = Interactions([0, 0, 1, 1], [0, 1, 1, 0], 2, 2)  # nothing can be drawn for anybody
    model = MODELS["mlp"](n_epochs=3).fit(everything)
    assert model.loss_.size == 0 and np.isfinite(model.score([0, 1])).all()


@pytest.mark.parametrize(
    ("name", "first", "then", "message"),
    [
        ("sampled", {}, {"loss": "bce"}, "loss was .sampled., now .bce."),
        ("sampled", {}, {"n_negatives": 4}, "n_negatives was 3, now 4"),
        ("towers", {}, {"temperature": 0.5}, r"temperature was 0\.1, now 0\.5"),
        ("towers", {"loss": "full"}, {"correct": False}, "loss was .full., now .in_batch."),
    ],
)
def test_a_checkpoint_of_another_loss_is_not_passed_off_as_this_one(name, first, then, message, tmp_path):
    MODELS[name](n_epochs=1, checkpoint=tmp_path / "kept", **first).fit(log())
    with pytest.raises(CheckpointError, match=message):
        MODELS[name](n_epochs=1, checkpoint=tmp_path / "kept", **then).fit(log())


class SaysNothing(SASRec):
    """Its scores are NaN, its loss is not."""

    def logits(self, module, batch):
        return super().logits(module, batch) * math.nan


def test_scores_of_nan_are_not_judged_perfect():
    with pytest.raises(Diverged, match="the validation value is nan in epoch 1"):
        SaysNothing(**SMALL | {"n_epochs": 1, "patience": 1}).fit(log())


@each
def test_what_is_no_module_is_refused(make):
    model = make(n_epochs=1).fit(log())
    for wrong, name in ((None, "NoneType"), (model, type(model).__name__)):
        with pytest.raises(TypeError, match=f"module: {name}; expected a torch module"):
            model.with_module(wrong)


@each
@pytest.mark.parametrize("wrong", ["8", 8.0, True, None])
def test_counts_are_whole_numbers(make, wrong):
    model = dataclasses.replace(make(n_epochs=1), n_factors=wrong)
    with pytest.raises(TypeError, match=f"n_factors: {wrong!r}; expected a whole number"):
        model.fit(log())


@pytest.mark.parametrize("wrong", [8, None, (8.5,), "8"])
def test_widths_are_a_row_of_whole_numbers(wrong):
    with pytest.raises(ValueError, match=r"layers: .*; expected widths of at least 1"):
        TwoTowers(layers=wrong, n_epochs=1).fit(log())
    TwoTowers(layers=[np.int64(8)], n_factors=np.int64(4), n_epochs=1).fit(log())
