"""The MLP: layers over the two vectors side by side; its losses."""

import numpy as np
import pytest
import torch
from scipy import sparse

from recsys_course.data.planted import two_tribes
from recsys_course.losses import full_softmax
from recsys_course.neural import Events, Histories, MLPRecommender


def fitted(**settings):
    return MLPRecommender(**{"n_factors": 3, "layers": (5, 4), "n_epochs": 2} | settings).fit(two_tribes()[0])


@pytest.mark.parametrize("layers", [(5,), (5, 4)])
def test_the_score_is_the_layers_over_both_vectors_pair_by_pair(layers):
    model = fitted(layers=layers)
    net = model.module_
    W = torch.cat([net.first_user.weight, net.first_item.weight], dim=1)  # one layer over [p; q]
    with torch.no_grad():
        for user, item in [(0, 0), (7, 11), (19, 4)]:
            x = torch.cat([net.users.weight[user], net.items.weight[item]])
            score = net.rest(W @ x + net.first_user.bias)
            assert model.score([user])[0, item] == pytest.approx(score.item(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("loss", ["bce", "bpr", "sampled", "softmax"])
def test_every_loss_learns(loss):
    model = fitted(loss=loss, n_factors=8, layers=(16,), n_epochs=20, batch_size=16, learning_rate=0.02)
    assert model.loss_[-1] < 0.8 * model.loss_[0]


def test_negatives_are_never_what_the_user_has_met():
    model = MLPRecommender()
    data = two_tribes()[0]
    batch = model._prepare(data).batch(torch.arange(len(data)))
    drawn = model.negatives(batch, 9, torch.Generator().manual_seed(0))
    met = data.to_csr().toarray() > 0
    assert drawn.shape == (100, 9)
    assert not met[batch.users[:, None], drawn].any()
    assert set(zip(batch.users.tolist(), drawn[:, 0].tolist(), strict=True)) > set()


def test_the_softmax_is_over_all_items():
    model = fitted(loss="softmax")
    batch = Events.of(Histories.of(two_tribes()[0]), torch.ones(20, dtype=torch.bool)).batch(torch.arange(9))
    got = model.batch_loss(model.module_, batch, torch.Generator())
    torch.testing.assert_close(got, full_softmax(model.logits(model.module_, batch), batch.targets))


def test_features_of_both_sides_may_be_sparse():
    rng = np.random.default_rng(0)
    items, users = rng.normal(size=(12, 2)), rng.normal(size=(20, 3))
    dense = fitted(item_features=items, user_features=users)
    thin = fitted(item_features=sparse.csr_array(items), user_features=sparse.csr_array(users))
    np.testing.assert_array_equal(dense.score(range(20)), thin.score(range(20)))
    assert not np.allclose(dense.score(range(20)), fitted().score(range(20)))


def test_pairs_have_no_hidden_vectors_to_hand_out():
    model = fitted()
    with pytest.raises(TypeError, match="MLPRecommender scores pairs; only products of vectors have hidden"):
        model.hidden(model.module_, None)
    with pytest.raises(TypeError, match=r"MLPRecommender scores pairs; .* have an item table"):
        model.items(model.module_)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"layers": ()}, r"layers: \(\); expected at least one width"),
        ({"layers": "64"}, "layers: '64'; expected widths of at least 1"),
        ({"loss": "mse"}, "loss: 'mse'; expected 'bce', 'bpr', 'sampled' or 'softmax'"),
        ({"user_features": np.ones((3, 1))}, r"user_features: shape \(3, 1\); expected \(20, columns\)"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        fitted(**settings)
