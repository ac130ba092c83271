"""Two towers: a product of vectors made apart; what the correction is for; histories."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from recsys_course.interactions import Interactions
from recsys_course.losses import full_softmax, in_batch_softmax
from recsys_course.neural import Histories, TowersNet, TwoTowers
from recsys_course.neural.tables import embedding, tower


def log(seed=0, n_users=30, n_items=8):
    rng = np.random.default_rng(seed)
    popular = np.arange(1, n_items + 1) / np.arange(1, n_items + 1).sum()
    items = rng.choice(n_items, size=n_users * 4, p=popular)
    return Interactions(np.repeat(np.arange(n_users), 4), items, n_users, n_items)


def test_without_layers_the_score_is_the_product_of_the_vectors():
    model = TwoTowers(n_factors=4, n_epochs=2, temperature=0.5).fit(log())
    net = model.module_
    with torch.no_grad():
        u, v = normalize(net.users.weight, dim=1), normalize(net.items.weight, dim=1)
    np.testing.assert_allclose(model.score(range(30)), (u @ v.T).numpy() / 0.5, rtol=1e-5, atol=1e-6)


def test_a_single_linear_layer_is_a_product_of_what_it_makes():
    model = TwoTowers(n_factors=3, n_epochs=1, layers=(5,)).fit(log())
    net = model.module_
    with torch.no_grad():
        first, _, last = net.item_tower
        v = last(torch.relu(first(net.items.weight)))
        assert v.shape == (8, 3)
        torch.testing.assert_close(model.items(net), v / v.norm(dim=1, keepdim=True))
    assert len(tower(4, (), 3)) == 0


def test_the_loss_is_the_one_of_the_batch_with_ln_q_of_the_whole_log():
    data = log()
    model = TwoTowers(n_factors=4, n_epochs=1).fit(data)
    rows = torch.tensor([3, 10, 50, 51, 7])
    batch = model._prepare(data).batch(rows)
    share = np.bincount(data.items, minlength=8) / len(data)
    u, v = model.module_.user_vectors(batch), model.items(model.module_)[batch.targets]
    log_q = torch.log(torch.tensor(share[batch.targets], dtype=torch.float32))
    got = model.batch_loss(model.module_, batch, torch.Generator())
    torch.testing.assert_close(got, in_batch_softmax(u, v, log_q, batch.targets, 0.1))
    full = TwoTowers(n_factors=4, loss="full")
    logits = full.logits(model.module_, batch)
    torch.testing.assert_close(
        full.batch_loss(model.module_, batch, torch.Generator()), full_softmax(logits, batch.targets)
    )


def test_without_the_correction_popular_items_end_lower():
    """Items are independent of users, so the corrected scores follow ln of how often an item occurs."""
    data = log(n_users=200)
    often = np.log(np.bincount(data.items, minlength=8))
    slope = {}
    for correct in (True, False):
        model = TwoTowers(n_factors=4, n_epochs=15, learning_rate=0.02, temperature=0.5, correct=correct).fit(
            data
        )
        slope[correct] = np.polyfit(often, model.score(range(200)).mean(0), 1)[0]
    assert slope[True] > 0.5
    assert slope[False] < 0.5 * slope[True]


def test_a_user_of_histories_is_the_mean_of_start_and_items():
    torch.manual_seed(0)
    items = embedding(np.ones(5, dtype=bool), 3, spread=1.0)
    net = TowersNet(None, items, 3, (), torch.zeros(5))
    batch = Histories.listed([[1, 4], [], [2]], 5).last(torch.arange(3), 4)
    with torch.no_grad():
        got, e = net.mean_of(batch), items.weight
        wanted = torch.stack([(net.start + e[1] + e[4]) / 3, net.start, (net.start + e[2]) / 2])
    torch.testing.assert_close(got, wanted)


def test_histories_are_served_where_they_are_what_is_looked_at():
    data = log()
    model = TwoTowers(n_factors=4, n_epochs=1, user="history", max_length=3).fit(data)
    histories = [data.items[data.users == user] for user in range(4)]
    np.testing.assert_allclose(model.score_histories(histories), model.score(range(4)), rtol=1e-5, atol=1e-6)
    tail, whole = model.score_histories([[1, 2, 3], [7, 0, 1, 2, 3]])
    np.testing.assert_allclose(tail, whole, rtol=1e-5, atol=1e-6)
    assert np.isfinite(model.score_histories([[]])).all()
    by_id = TwoTowers(n_factors=4, n_epochs=1).fit(data)
    with pytest.raises(ValueError, match="user: 'id'; histories of others expected user='history'"):
        by_id.score_histories(histories)


def test_the_item_vectors_are_ready_for_an_index():
    model = TwoTowers(n_factors=4, n_epochs=2, layers=(6,)).fit(log())
    np.testing.assert_allclose(np.linalg.norm(model.item_vectors_, axis=1), 1, rtol=1e-5)
    u = model.user_vectors([3, 5])
    np.testing.assert_allclose(model.score([3, 5]), u @ model.item_vectors_.T / 0.1, rtol=1e-4, atol=1e-5)


def test_features_place_an_item_without_events():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(9, 4))
    features[8] = features[2]
    data = log()
    data = Interactions(data.users, data.items, 30, 9)
    model = TwoTowers(n_factors=4, n_epochs=1, item_features=features).fit(data)
    assert (model.module_.items.ids.weight[8] == 0).all()
    assert model.item_vectors_[8] @ model.item_vectors_[2] > 0.9  # apart by what was learned of item 2 alone


def test_users_without_events_have_zero_vectors():
    data = log()
    model = TwoTowers(n_factors=4, n_epochs=1).fit(Interactions(data.users, data.items, 31, 8))
    assert (model.score([30]) == 0).all()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"user": "mean"}, "user: 'mean'; expected 'id' or 'history'"),
        ({"loss": "bpr"}, "loss: 'bpr'; expected 'in_batch' or 'full'"),
        ({"layers": (8, 0)}, r"layers: \(8, 0\); expected widths of at least 1"),
        ({"temperature": -1}, "temperature: -1; expected a number more than 0"),
        ({"item_features": np.ones(8)}, r"item_features: shape \(8,\); expected \(8, columns\)"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        TwoTowers(**settings).fit(log())
