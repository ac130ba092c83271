"""The four fusions as torch modules against numpy loops; gates, masks, dropped modalities."""

import numpy as np
import pytest
import torch

from recsys_course.multimodal.nets import NETS, drop_modalities, masked_softmax
from recsys_course.training import seeded

N_USERS, N_ITEMS, K = 5, 7, 3
SIZES = (4, 2, 3)
each = pytest.mark.parametrize("fusion", NETS)


def net_of(fusion, ids=True, seed=0):
    """A small net, every parameter drawn; item 6 has no modality, user 4 and item 2 no events."""
    rng = np.random.default_rng(seed)
    there = rng.random((N_ITEMS, len(SIZES))) < 0.7
    there[0], there[6] = True, False
    there[1] = [False, True, False]
    features = [rng.normal(size=(N_ITEMS, d)) * there[:, [m]] for m, d in enumerate(SIZES)]
    known = np.arange(N_ITEMS) != 2
    with seeded(seed):
        net = NETS[fusion](features, there, np.arange(N_USERS) != 4, known if ids else None, K)
        with torch.no_grad():
            for name, p in net.named_parameters():
                p.copy_(torch.randn(p.shape) * (p != 0 if name == "P" else 1))
    return net.eval()


def slow_weights(fusion, net, user, item, kept):
    """(M,) weights of one pair, in loops."""
    p = {name: value.detach().numpy().astype(float) for name, value in net.named_parameters()}
    x = [getattr(net, f"x{m}")[item].numpy().astype(float) * kept[m] for m in range(net.M)]
    if fusion == "late":
        return np.array([kept[m] / max(1, sum(kept)) for m in range(net.M)])
    if fusion == "gated":
        logits = [
            p["gate_bias"][m] + sum(x[o] @ p[f"gate.{o}"][:, m] for o in range(net.M)) for m in range(net.M)
        ]
    else:
        query = p["P"][user, 0] @ p["query"]
        keys = [x[m] @ p[f"key.{m}"] + p["key_bias"][m] for m in range(net.M)]
        logits = [p["weight_bias"][m] + query @ keys[m] / np.sqrt(K) for m in range(net.M)]
    e = [np.exp(logit) if kept[m] else 0.0 for m, logit in enumerate(logits)]
    return np.array(e) / sum(e) if sum(e) else np.zeros(net.M)


def slow_score(fusion, net, user, item, kept, kept_id=True):
    """(5.3) of one pair, in loops."""
    p = {name: value.detach().numpy().astype(float) for name, value in net.named_parameters()}
    x = [getattr(net, f"x{m}")[item].numpy().astype(float) * kept[m] for m in range(net.M)]
    score = 0.0
    if fusion == "early":
        if any(kept):
            joint = np.concatenate(x) * np.sqrt(net.M / sum(kept))
            W = np.vstack([p[f"W.{m}"] for m in range(net.M)])
            z = np.maximum(joint @ W + p["hidden"], 0) @ p["out"]
            score = p["P"][user, 0] @ z
    else:
        for m, weight in enumerate(slow_weights(fusion, net, user, item, kept)):
            z = x[m] @ p[f"W.{m}"] if fusion == "late" else np.tanh(x[m] @ p[f"W.{m}"])
            score += weight * (p["P"][user, m if fusion == "late" else 0] @ z)
    if net.has_ids and kept_id and item != 2:
        score += p["P"][user, -1] @ p["ids"][item, :-1] + p["ids"][item, -1]
    return score


@each
@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_scores_of_all_pairs_equal_slow_loops(fusion, ids, seed):
    net = net_of(fusion, ids, seed)
    with torch.no_grad():
        got = net(torch.arange(N_USERS), torch.arange(N_ITEMS)).numpy()
    kept = net.there.numpy()
    expected = [[slow_score(fusion, net, u, i, kept[i]) for i in range(N_ITEMS)] for u in range(N_USERS)]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@each
def test_each_users_own_items_with_dropped_modalities_and_ids_equal_slow_loops(fusion):
    net, rng = net_of(fusion), np.random.default_rng(9)
    users, items = np.arange(N_USERS), rng.integers(N_ITEMS, size=(N_USERS, 4))
    kept = net.there.numpy()[items] & (rng.random((N_USERS, 4, 3)) < 0.6)
    kept_id = rng.random((N_USERS, 4)) < 0.5
    with torch.no_grad():
        got = net(*map(torch.as_tensor, (users, items, kept, kept_id))).numpy()
    expected = [
        [slow_score(fusion, net, u, items[u, n], kept[u, n], kept_id[u, n]) for n in range(4)] for u in users
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fusion", ["late", "gated", "attention"])
def test_weights_equal_slow_loops_add_up_to_one_and_are_zero_exactly_where_missing(fusion):
    net = net_of(fusion)
    with torch.no_grad():
        items = net.encode(torch.arange(N_ITEMS))
        got = net.weigh(net.P, items).expand(N_USERS, N_ITEMS, -1).numpy()
    there = net.there.numpy()
    expected = [[slow_weights(fusion, net, u, i, there[i]) for i in range(N_ITEMS)] for u in range(N_USERS)]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=2), np.tile(there.any(axis=1), (N_USERS, 1)), atol=1e-6)
    assert (got[:, ~there] == 0).all()
    assert np.ptp(got[:, 0]) > 0.01 or fusion == "late"


@each
def test_an_item_without_any_modality_has_its_id_alone(fusion):
    net = net_of(fusion)
    with torch.no_grad():
        got = net(torch.arange(N_USERS), torch.tensor([6]))[:, 0]
        torch.testing.assert_close(got, net.P[:, -1] @ net.ids[6, :-1] + net.ids[6, -1])


@each
def test_an_item_without_events_has_its_modalities_alone_and_learns_no_id(fusion):
    net, without = net_of(fusion), net_of(fusion, ids=False)
    without.load_state_dict(net.state_dict(), strict=False)
    scores = net(torch.arange(N_USERS), torch.arange(N_ITEMS))
    with torch.no_grad():
        torch.testing.assert_close(scores[:, 2], without(torch.arange(N_USERS), torch.tensor([2]))[:, 0])
        assert (scores[:, 3] != without(torch.arange(N_USERS), torch.tensor([3]))[:, 0]).all()
    scores.sum().backward()
    assert (net.ids.grad[2] == 0).all()
    assert (net.ids.grad[3] != 0).all()


@each
def test_gradients_are_finite_and_equal_finite_differences(fusion):
    net = net_of(fusion).double()
    for m in range(3):
        getattr(net, f"x{m}").data = getattr(net, f"x{m}").double()

    def loss():
        return torch.sin(net(torch.arange(N_USERS), torch.arange(N_ITEMS))).sum()

    loss().backward()
    rng, h = np.random.default_rng(1), 1e-6
    for name, p in net.named_parameters():
        assert torch.isfinite(p.grad).all(), name
        flat, grad = p.data.view(-1), p.grad.view(-1)
        for place in rng.choice(len(flat), min(4, len(flat)), replace=False):
            old = flat[place].item()
            flat[place] = old + h
            up = loss().item()
            flat[place] = old - h
            down = loss().item()
            flat[place] = old
            assert grad[place].item() == pytest.approx((up - down) / 2 / h, rel=1e-4, abs=1e-6), name


def test_masked_softmax_by_hand():
    logits = torch.tensor([[0.0, float(np.log(3)), 50.0], [1e4, 1e4, -1e4], [1.0, 2.0, 3.0]])
    kept = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    got = masked_softmax(logits, kept)
    torch.testing.assert_close(got, torch.tensor([[0.25, 0.75, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]))
    assert got[0, 2] == 0


def test_masked_softmax_of_everything_is_softmax():
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        masked_softmax(logits, torch.ones(4, 5, dtype=torch.bool)), torch.softmax(logits, -1)
    )


def test_dropped_modalities_never_appear_never_all_go_and_go_as_often_as_asked():
    rng = torch.Generator().manual_seed(0)
    there = torch.tensor(
        [[True, True, True], [True, False, True], [False, True, False], [False, False, False]]
    )
    n, p = 20_000, 0.3
    kept = torch.stack([drop_modalities(there, p, rng) for _ in range(n)]).numpy()  # (n, 4, 3)
    assert not (kept & ~there.numpy()).any()
    assert (kept.any(axis=2) == there.any(dim=1).numpy()).all()
    assert kept[:, 2, 1].all()  # the only one stays
    for row, size in ((0, 3), (1, 2)):
        # one given modality goes with chance p, unless all would go, chance p^size
        share, expected = 1 - kept[:, row, 0].mean(), p - p**size
        assert abs(share - expected) < 4 * (expected * (1 - expected) / n) ** 0.5
    assert (drop_modalities(there, 0.0, rng) == there).all()
