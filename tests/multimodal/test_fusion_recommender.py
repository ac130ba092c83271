"""FusionRecommender: losses by hand, cold items, gaps, dropout, seeds, bounded memory, refusals."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch

from recsys_course.base import Diverged, NotFitted
from recsys_course.data.planted import two_tribes
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.multimodal import FusionRecommender, fusion
from recsys_course.multimodal.nets import NETS

NAN = np.nan
each = pytest.mark.parametrize("kind", NETS)


def tribal(seed=0, gaps=0.0):
    """Features of the 12 items of two_tribes: the picture tells the tribe, the sound nothing."""
    rng = np.random.default_rng(seed)
    image = np.eye(3)[np.arange(12) // 6] + 0.1 * rng.normal(size=(12, 3))
    audio = rng.normal(size=(12, 5))
    image[rng.random(12) < gaps], audio[rng.random(12) < gaps] = NAN, NAN
    return {"image": image, "audio": audio}


def fitted(kind="gated", log=None, modalities=None, **options):
    log = two_tribes()[0] if log is None else log
    model = FusionRecommender(
        tribal() if modalities is None else modalities, kind, **{"n_factors": 6} | options
    )
    return model.fit(log)


@each
@pytest.mark.parametrize("loss", ["bpr", "softmax"])
def test_items_that_nobody_met_are_ranked_by_what_they_show(kind, loss):
    log, tribe = two_tribes()
    warm = log.take(~np.isin(log.items, [5, 11]))
    model = fitted(kind, warm, loss=loss, n_epochs=40, batch_size=20)
    scores = model.score(np.arange(20))[:, [5, 11]]
    assert (scores.argmax(axis=1) == tribe).all()
    assert model.loss_[-1] < model.loss_[0] / 2


@each
def test_items_that_nobody_met_have_no_id(kind):
    log, _ = two_tribes()
    warm = log.take(~np.isin(log.items, [5, 11]))
    model = fitted(kind, warm)
    assert (model.net_.ids[[5, 11]] == 0).all()
    assert (model.net_.ids[[0, 1, 6]] != 0).all()


def test_negatives_are_items_of_the_log_that_the_user_has_not_met(monkeypatch):
    log, _ = two_tribes()
    warm = log.take(~np.isin(log.items, [0, 11]))
    met, seen = warm.to_csr().toarray() > 0, []
    net_loss = FusionRecommender._loss

    def spy(self, net, users, items, rng):
        seen.append((users.numpy().copy(), items.numpy().copy()))
        return net_loss(self, net, users, items, rng)

    monkeypatch.setattr(FusionRecommender, "_loss", spy)
    fitted("gated", warm, n_negatives=3, n_epochs=2, batch_size=32)
    users = np.concatenate([u for u, _ in seen])
    items = np.concatenate([i for _, i in seen])
    assert items.shape == (2 * len(warm), 4)
    assert met[users, items[:, 0]].all()  # the event's own
    assert not met[users[:, None], items[:, 1:]].any()
    assert not np.isin(items, [0, 11]).any()
    assert set(np.unique(items[:, 1:])) == set(range(1, 11))
    each_epoch = np.sort((users * 12 + items[:, 0]).reshape(2, -1), axis=1)
    assert (each_epoch == np.flatnonzero(met.ravel())).all()  # every pair once an epoch


def test_losses_by_hand():
    class Given(torch.nn.Module):
        def forward(self, users, items, kept=None, kept_id=None):
            return torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    users, items, rng = torch.tensor([0, 1]), torch.zeros(2, 3, dtype=torch.long), torch.Generator()
    bpr = FusionRecommender()._loss(Given(), users, items, rng)
    assert bpr.item() == pytest.approx(np.mean(np.log1p(np.exp([-1.0, -2.0, 0.0, 1.0]))))
    softmax = FusionRecommender(loss="softmax")._loss(Given(), users, items, rng)
    first, second = np.log(1 + np.exp(-1) + np.exp(-2)), np.log(2 + np.e)
    assert softmax.item() == pytest.approx((first + second) / 2)


@each
def test_without_dropout_nothing_is_dropped_and_with_it_only_in_training(kind, monkeypatch):
    masks = []
    encode = NETS[kind].encode

    def spy(self, items, kept=None, kept_id=None):
        masks.append((self.training, kept, kept_id))
        return encode(self, items, kept, kept_id)

    monkeypatch.setattr(NETS[kind], "encode", spy)
    fitted(kind, n_epochs=1)
    assert all(kept is None and kept_id is None for _, kept, kept_id in masks)
    masks.clear()
    model = fitted(kind, n_epochs=3, modality_dropout=0.5)
    training = [(kept, kept_id) for trains, kept, kept_id in masks if trains]
    assert training and all(kept.any(-1).all() for kept, _ in training)
    share = np.mean([1 - kept.float().mean().item() for kept, _ in training])
    assert share == pytest.approx(0.25, abs=0.03)  # p - p^2: both would go as often, and then stay
    assert np.mean([1 - i.float().mean().item() for _, i in training]) == pytest.approx(0.5, abs=0.03)
    assert [kept for trains, kept, _ in masks if not trains] == [None]  # the items as they are, encoded once
    np.testing.assert_array_equal(model.score([3, 4]), model.score([3, 4]))


@each
def test_a_seed_means_one_result_and_batches_are_part_of_it(kind):
    with torch.random.fork_rng():
        first = fitted(kind, seed=3, modality_dropout=0.2).score(np.arange(20))
        torch.manual_seed(99)  # what others draw plays no part
        again = fitted(kind, seed=3, modality_dropout=0.2).score(np.arange(20))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - fitted(kind, seed=4, modality_dropout=0.2).score(np.arange(20))).max() > 1e-3


def test_fitting_leaves_torchs_own_random_numbers_alone():
    before = torch.get_rng_state()
    fitted("gated", n_epochs=1)
    assert torch.equal(before, torch.get_rng_state())


@each
def test_users_without_events_get_the_bias_of_items_and_items_without_anything_zero(kind):
    log, _ = two_tribes()
    some = log.take((log.users != 3) & (log.items != 4))
    parts = tribal()
    for x in parts.values():
        x[4] = NAN
    scores = fitted(kind, some, parts).score(np.arange(20))
    assert np.ptp(scores[3]) > 0
    assert (scores[:, 4] == 0).all()
    alone = fitted(kind, some, parts, id_embedding=False).score(np.arange(20))
    assert (alone[3] == 0).all()
    assert (alone[:, 4] == 0).all()
    assert np.ptp(alone[0]) > 0


@each
def test_scale_and_offset_of_a_modality_do_not_matter(kind):
    parts = tribal(gaps=0.2)
    other = {"image": 100 * parts["image"] + 7, "audio": parts["audio"]}
    np.testing.assert_allclose(
        fitted(kind, modalities=parts).score([0, 1]), fitted(kind, modalities=other).score([0, 1]), atol=2e-3
    )


@each
def test_scores_do_not_depend_on_how_many_weights_are_held_at_a_time(kind, monkeypatch):
    model = fitted(kind, modalities=tribal(gaps=0.3))
    whole = model.score(np.arange(20))
    sizes = []
    combine = NETS[kind].combine
    monkeypatch.setattr(fusion, "WEIGHTS_AT_ONCE", 3 * 12 * 2)  # three users at a time
    monkeypatch.setattr(NETS[kind], "combine", lambda self, p, i: sizes.append(len(p)) or combine(self, p, i))
    np.testing.assert_allclose(model.score(np.arange(20)), whole, rtol=1e-5, atol=1e-6)
    assert sizes == [3] * 6 + [2]


@each
def test_scores_are_those_of_the_net_and_lists_survive_pickling(kind):
    model = fitted(kind, modalities=tribal(gaps=0.3))
    with torch.no_grad():
        direct = model.net_(torch.arange(20), torch.arange(12)).numpy()
    np.testing.assert_allclose(model.score(np.arange(20)), direct, rtol=1e-5, atol=1e-6)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.recommend(np.arange(20)), model.recommend(np.arange(20)))


def test_weights_and_attention_add_up_to_one_and_are_zero_where_missing():
    parts = tribal(gaps=0.4)
    there = np.column_stack([~np.isnan(x[:, 0]) for x in parts.values()])
    assert {0, 1, 2} == set(there.sum(axis=1))  # items with none, one and both
    gates = fitted("gated", modalities=parts).weights_of()
    attention = fitted("attention", modalities=parts).attention_of(np.arange(20), np.arange(12))
    assert gates.shape == (12, 2)
    assert attention.shape == (20, 12, 2)
    for weights in (gates, attention):
        np.testing.assert_allclose(
            weights.sum(axis=-1), np.broadcast_to(there.any(axis=1), weights.shape[:-1]), atol=1e-6
        )
        assert (weights[..., ~there] == 0).all()
    model = fitted("gated", modalities=parts)
    np.testing.assert_array_equal(model.weights_of([3, 3, 0]), gates[[3, 3, 0]])
    by_user = fitted("attention", modalities=parts)
    np.testing.assert_allclose(by_user.attention_of([7], [2, 5])[0], attention[7, [2, 5]], rtol=1e-5)


@each
def test_attention_and_gates_work_without_ids(kind):
    model = fitted(kind, id_embedding=False)
    if kind == "attention":
        assert model.attention_of([0], [1, 2]).shape == (1, 2, 2)
    elif kind != "early":
        assert model.weights_of([1]).shape == (1, 2)


@each
def test_without_a_modality_is_as_if_it_were_missing(kind):
    parts = tribal(gaps=0.2)
    model = fitted(kind, modalities=parts)
    before = model.score(np.arange(20))
    less = model.without("image")
    np.testing.assert_array_equal(model.score(np.arange(20)), before)  # the model itself stays
    with torch.no_grad():
        kept = model.net_.there.clone()
        kept[:, 0] = False
        expected = model.net_(torch.arange(20), torch.arange(12), kept).numpy()
    np.testing.assert_allclose(less.score(np.arange(20)), expected, rtol=1e-5, atol=1e-6)
    ids_alone = model.without("image", "audio").score(np.arange(20))
    np.testing.assert_array_equal(less.without("audio").score(np.arange(20)), ids_alone)
    with pytest.raises(ValueError, match="names: no modality 'text'; there are: image, audio"):
        model.without("text")


def test_a_user_who_met_everything_and_a_log_without_negatives_are_survived():
    both = Interactions([0, 0, 0, 1], [0, 1, 2, 0], 2, 3)
    parts = {"image": np.eye(3)}
    model = FusionRecommender(parts, n_epochs=2).fit(both)
    assert np.isfinite(model.score([0, 1])).all()
    nobody = FusionRecommender(parts, n_epochs=2).fit(Interactions([0, 0, 0], [0, 1, 2], 1, 3))
    assert np.isfinite(nobody.score([0])).all()
    assert len(nobody.loss_) == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"modalities": None}, "modalities: none; expected at least one"),
        ({"modalities": {}}, "modalities: none; expected at least one"),
        ({"fusion": "middle"}, "fusion: 'middle'; expected one of early, late, gated, attention"),
        ({"loss": "mse"}, "loss: 'mse'; expected one of bpr, softmax"),
        ({"n_factors": 0}, "n_factors: 0; expected factors, at least 1"),
        ({"n_negatives": 0}, "n_negatives: 0; expected"),
        ({"n_epochs": 0}, "n_epochs: 0; expected"),
        ({"batch_size": 0}, "batch_size: 0; expected"),
        ({"learning_rate": 0}, "learning_rate: 0; expected"),
        ({"reg": -1.0}, "reg: -1.0; expected"),
        ({"modality_dropout": 1.0}, r"modality_dropout: 1.0; expected a share in \[0, 1\)"),
        ({"modality_dropout": -0.1}, "modality_dropout: -0.1; expected"),
        ({"device": "abacus"}, "device: 'abacus'; expected one that is there"),
        (
            {"modalities": {"audio": np.full((12, 2), NAN)}},
            r"\['audio'\]: missing for every item; .* leave it out",
        ),
        ({"modalities": {"audio": np.ones((11, 2))}}, r"\['audio'\]: 11 rows; expected 12, one per item"),
    ],
)
def test_wrong_settings_are_refused_and_half_a_fit_is_none(options, message):
    model = dataclasses.replace(FusionRecommender(tribal()), **options)
    with pytest.raises(ValueError, match=message):
        model.fit(two_tribes()[0])
    with pytest.raises(NotFitted):
        model.score([0])


def test_what_cannot_be_told_is_refused():
    for ask in (lambda m: m.weights_of(), lambda m: m.attention_of([0], [0]), lambda m: m.without("image")):
        with pytest.raises(NotFitted):
            ask(FusionRecommender(tribal()))
    for kind in ("early", "attention"):
        with pytest.raises(
            ValueError, match=f"fusion: '{kind}'; weights of items alone expected 'gated' or 'late'"
        ):
            fitted(kind, n_epochs=1).weights_of()
    model = fitted("gated", n_epochs=1)
    with pytest.raises(
        ValueError, match="fusion: 'gated'; expected 'attention', which alone depends on the user"
    ):
        model.attention_of([0], [0])
    with pytest.raises(UnknownId):
        model.weights_of([12])


def test_steps_that_are_far_too_long_are_told():
    with pytest.raises(Diverged, match="lower learning_rate"):
        fitted("early", learning_rate=1e30, n_epochs=30)
