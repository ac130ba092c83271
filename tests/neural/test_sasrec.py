"""SASRec: learns what follows what; serves histories of any kind; its losses and its settings."""

import numpy as np
import pytest
import torch

from recsys_course.baselines import Popularity
from recsys_course.interactions import Interactions
from recsys_course.losses import full_softmax
from recsys_course.neural import ItemVectors, SASRec, Windows

SMALL = {
    "n_factors": 16,
    "n_layers": 1,
    "max_length": 6,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "batch_size": 8,
}


def chain(n_users=60, n_items=13, length=6, seed=0):
    """Each next item is a fixed function of the last: i -> 2 i + 1, a cycle of all items but the last."""
    rng = np.random.default_rng(seed)
    at, items = rng.integers(0, n_items - 1, n_users), []
    for _ in range(length + 1):
        items.append(at)
        at = (2 * at + 1) % n_items
    log = np.stack(items, axis=1)  # (U, length + 1)
    users = np.repeat(np.arange(n_users), length)
    times = np.tile(np.arange(length), n_users)
    return Interactions(users, log[:, :-1].ravel(), n_users, n_items, times=times), log[:, -1]


@pytest.fixture(scope="module")
def learned():
    data, after = chain()
    return SASRec(**SMALL, n_epochs=30).fit(data), data, after


def hits(model, after):
    return (model.score(np.arange(len(after))).argmax(1) == after).mean()


def test_a_planted_chain_is_learned_and_popularity_cannot(learned):
    model, data, after = learned
    assert hits(model, after) > 0.95
    assert hits(Popularity().fit(data), after) < 0.25
    assert model.loss_[-1] < 0.5 * model.loss_[0]
    assert len(model.loss_) == 30
    assert model.loss_[0] < 1.2 * np.log(13)


@pytest.mark.parametrize("loss", ["sampled", "bce"])
def test_drawn_negatives_learn_it_too(loss):
    """What a user has met is never drawn, and so never wrong: among the rest, the next comes first."""
    data, after = chain()
    model = SASRec(**SMALL, n_epochs=30, loss=loss, n_negatives=8).fit(data)
    assert (model.recommend(np.arange(60), n=1)[:, 0] == after).mean() > 0.9
    assert model.loss_[-1] < 0.7 * model.loss_[0]


def test_the_loss_is_the_softmax_of_the_logits_and_the_score_is_a_product(learned):
    model = learned[0]
    batch = Windows.cut(model.histories_, 6).batch(torch.arange(5))
    with torch.no_grad():
        logits = model.logits(model.module_, batch)
        own = model.batch_loss(model.module_, batch, torch.Generator())
        product = model.hidden(model.module_, batch) @ model.items(model.module_).T
    torch.testing.assert_close(logits, product)
    assert own.item() == pytest.approx(full_softmax(logits, batch.targets).item(), rel=1e-4)


def test_a_user_is_scored_by_the_own_history(learned):
    model, data, _ = learned
    histories = [data.items[data.users == user] for user in range(5)]
    np.testing.assert_allclose(model.score_histories(histories), model.score(range(5)), rtol=1e-4, atol=1e-5)


def test_only_the_latest_items_of_a_long_history_count(learned):
    model = learned[0]
    tail = [1, 4, 3, 0, 1, 4]
    long, other, exact, longer = model.score_histories([[7, 7, *tail], [2, 5, *tail], tail, [7] * 40 + tail])
    for scores in (long, other, longer):
        np.testing.assert_allclose(scores, exact, rtol=1e-4, atol=1e-5)


def test_no_history_and_one_item_are_served(learned):
    model = learned[0]
    empty, one = model.score_histories([[], [4]])
    assert np.isfinite(empty).all()
    assert one.argmax() == 9
    assert model.score_histories([]).shape == (0, 13)


def test_users_without_events_and_items_that_were_never_met():
    data, _ = chain()
    wider = Interactions(data.users, data.items, 62, 15, times=data.times)
    model = SASRec(**SMALL, n_epochs=30).fit(wider)
    scores = model.score([60, 61, 0])
    np.testing.assert_allclose(scores[0], scores[1])
    np.testing.assert_allclose(scores[0], model.score_histories([[]])[0], rtol=1e-5, atol=1e-6)
    assert scores[:, 12:].max() < scores[:, :12].max()  # wrong wherever it could have been right
    assert model.score_histories([[13, 14]]).shape == (1, 15)  # and no harm in a history


def test_one_item_histories_are_learned_from():
    data = Interactions(np.arange(30), np.repeat([0, 1, 2], [20, 8, 2]), 30, 4)
    model = SASRec(**SMALL, n_epochs=40).fit(data)
    share = torch.softmax(torch.as_tensor(model.score_histories([[]])[0]), 0).numpy()
    np.testing.assert_allclose(share, [20 / 30, 8 / 30, 2 / 30, 0], atol=0.08)


def test_given_vectors_stand_for_items_alone_or_beside_learned_ones():
    data, after = chain()
    vectors = np.random.default_rng(1).normal(size=(13, 7))
    alone = SASRec(**SMALL, n_epochs=30, item_vectors=vectors, ids=False).fit(data)
    assert hits(alone, after) > 0.95
    assert isinstance(alone.module_.items, ItemVectors) and alone.module_.items.ids is None
    np.testing.assert_array_equal(alone.module_.items.features, vectors.astype(np.float32))  # as given
    both = SASRec(**SMALL, n_epochs=30, item_vectors=vectors).fit(data)
    assert hits(both, after) > 0.95
    assert both.module_.items.ids.weight.shape == (13, 16)


def test_vectors_of_new_items_place_them_beside_their_like():
    """Item 13 was never met; described like item 4, it is scored like it."""
    data, _ = chain()
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(14, 7))
    vectors[13] = vectors[4]
    model = SASRec(**SMALL, n_epochs=10, item_vectors=vectors, ids=False).fit(
        Interactions(data.users, data.items, 60, 14, times=data.times)
    )
    scores = model.score(range(60))
    np.testing.assert_allclose(scores[:, 13], scores[:, 4], rtol=1e-5)


def test_the_two_sizes():
    small, large = SASRec.small(), SASRec.large(n_epochs=3)
    assert (small.n_factors, small.n_layers, large.n_factors, large.n_epochs) == (16, 1, 128, 3)
    assert small.n_epochs == SASRec().n_epochs


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"n_heads": 3}, "n_heads: 3; expected a divisor of n_factors=64"),
        ({"dropout": 1.0}, r"dropout: 1.0; expected a share in \[0, 1\)"),
        ({"loss": "mse"}, "loss: 'mse'; expected 'softmax', 'sampled' or 'bce'"),
        ({"ids": False}, "ids: False; expected item_vectors"),
        ({"max_length": 0}, "max_length: 0; expected items of history, at least 1"),
        ({"item_vectors": np.ones((3, 2))}, r"item_vectors: shape \(3, 2\); expected \(13, columns\)"),
        ({"item_vectors": np.full((13, 2), np.nan)}, "item_vectors: NaN or infinite"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        SASRec(**settings).fit(chain()[0])


def test_with_one_item_of_history_only_first_events_are_asked_for_after_nothing():
    log, _ = chain(n_users=20, length=6)
    model = SASRec(**SMALL | {"max_length": 1})
    windows = model._prepare(log)
    batch = windows.batch(torch.arange(len(windows)))
    assert len(batch) == len(log)  # each event once
    assert int(batch.asked[:, 0].sum()) == 20  # the first event of each user and no other
