"""Exactly so many zeros, the smallest; a schedule; pruning while training; zeros left out when stored."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import Scorer, mlp, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import (
    GradualPruning,
    SparseLinear,
    SparseTable,
    csr_bytes,
    cubic_schedule,
    expected_bytes,
    magnitude_mask,
    magnitude_prune,
    sparsity_of,
    store_sparse,
)

shares = st.floats(0, 1, exclude_max=True)


def zeros(weight):
    return int((weight == 0).sum())


def test_by_hand():
    mask = magnitude_mask(torch.tensor([[0.5, -0.1], [0.0, -2.0]]), 0.5)
    assert mask.tolist() == [[True, False], [False, True]]


@given(shares, st.integers(1, 40), st.integers(0, 99))
def test_exactly_the_share_goes_and_the_smallest(share, n, seed):
    weight = numbers(n, seed=seed)
    mask = magnitude_mask(weight, share)
    assert int((~mask).sum()) == round(share * n)
    if 0 < int(mask.sum()) < n:
        assert weight[~mask].abs().max() <= weight[mask].abs().min()


def test_of_equal_weights_the_first_go():
    assert magnitude_mask(torch.ones(5), 0.4).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("share", [0.0, 0.31, 0.5, 0.97])
def test_each_layer_has_its_share(share):
    net = mlp()
    state = state_of(net)
    pruned = magnitude_prune(net, share)
    for name in ("0", "2", "4"):
        weight = pruned.get_submodule(name).weight
        assert zeros(weight) == round(share * weight.numel())
        kept = weight != 0
        assert torch.equal(weight[kept], net.get_submodule(name).weight[kept])
    assert torch.equal(pruned[0].bias, net[0].bias)
    assert unchanged(net, state)


@pytest.mark.parametrize("share", [0.2, 0.77])
def test_global_pruning_takes_the_smallest_of_all(share):
    net = mlp()
    net[0].weight.data *= 0.01  # a layer of small weights goes first
    pruned = magnitude_prune(net, share, scope="global")
    before = torch.cat([net[i].weight.flatten() for i in (0, 2, 4)])
    after = torch.cat([pruned[i].weight.flatten() for i in (0, 2, 4)])
    assert zeros(after) == round(share * len(after)) == round(sparsity_of(pruned) * len(after))
    assert before[after == 0].abs().max() <= before[after != 0].abs().min()
    assert zeros(pruned[0].weight) / 60 > share


def test_only_the_named_layer():
    pruned = magnitude_prune(mlp(), 0.5, only="2")
    assert zeros(pruned[2].weight) == 35 and zeros(pruned[0].weight) == 0
    assert sparsity_of(pruned, only=["2"]) == 0.5


def test_a_shared_weight_is_pruned_once_and_stays_shared():
    net = Scorer()
    pruned = magnitude_prune(net, 0.25)
    assert pruned.head.weight is pruned.items.weight and pruned.items.weight is not net.items.weight
    assert zeros(pruned.items.weight) == 12
    assert sparsity_of(pruned) == pytest.approx((12 + 6 + 6) / (48 + 24 + 24))


def test_schedule_by_hand():
    assert [cubic_schedule(t, 4, 0.8) for t in (0, 2, 4, 9)] == pytest.approx([0, 0.8 * 7 / 8, 0.8, 0.8])
    assert cubic_schedule(3, 4, 0.8, start=3) == 0
    assert cubic_schedule(1, 4, 0.8, start=3) == 0


@given(shares, st.integers(1, 30), st.integers(0, 30), st.integers(0, 5))
def test_the_schedule_rises_to_the_final_share(final, n, t, start):
    now, then = cubic_schedule(t, n, final, start), cubic_schedule(t + 1, n, final, start)
    assert 0 <= now <= then <= final
    assert cubic_schedule(start + n, n, final, start) == final


def fitted(pruning, n_steps, seed=0):
    """A regression net pruned while it is trained by Adam; what was 0 after each step, and the net."""
    net, x = mlp(seed), numbers(64, 6)
    y = x @ numbers(6, 3, seed=1)
    optimizer, seen = torch.optim.Adam(net.parameters(), 0.01), []
    for _ in range(n_steps):
        pruning.step(net)
        seen.append({name: ~mask for name, mask in pruning.masks_.items()})
        optimizer.zero_grad()
        ((net(x) - y) ** 2).mean().backward()
        optimizer.step()
    return net, seen


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_gradual_pruning_follows_the_schedule_and_never_lets_a_weight_back(scope):
    pruning = GradualPruning(0.8, n_steps=20, scope=scope)
    net, seen = fitted(pruning, 30)
    totals = [sum(int(gone.sum()) for gone in step.values()) for step in seen]
    n = sum(gone.numel() for gone in seen[0].values())
    if scope == "global":
        assert totals == [round(cubic_schedule(t, 20, 0.8) * n) for t in range(1, 31)]
    for before, after in pairwise(seen):
        assert all((~before[name] | after[name]).all() for name in before)
    state = state_of(net)
    done = pruning.finish(net)
    assert unchanged(net, state) and sparsity_of(net) < 0.8
    assert all(zeros(done.get_submodule(name).weight) == int(gone.sum()) for name, gone in seen[-1].items())
    assert sparsity_of(done) == pytest.approx(0.8, abs=0.01)


def test_gradual_pruning_is_a_loss():
    class Model:
        def batch_loss(self, module, batch, rng):
            return module(batch).sum()

    net, x, pruning = mlp(), numbers(2, 6), GradualPruning(0.5, n_steps=1)
    loss = pruning(Model(), net, x, torch.Generator())
    assert sparsity_of(net) == pytest.approx(0.5, abs=0.01)
    assert loss == net(x).sum()


def test_csr_bytes_are_what_scipy_needs_and_break_even_at_one_half():
    from scipy import sparse

    weight = magnitude_prune(mlp(), 0.6)[2].weight.detach()
    csr = sparse.csr_array(weight.numpy())
    assert csr_bytes(weight) == csr.data.nbytes + csr.indices.astype(np.int32).nbytes + 4 * len(csr.indptr)
    wide = torch.ones(1, 1000)
    wide[0, :500] = 0
    assert csr_bytes(wide) == 4 * wide.numel() + 8  # half zeros: the same, but for where the row starts


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_stored_without_zeros_the_answers_are_the_same(share):
    pruned = magnitude_prune(Scorer(), share)
    stored, codes = store_sparse(pruned), torch.tensor([[0, 3], [11, 3]])
    torch.testing.assert_close(stored(codes), pruned(codes))
    assert isinstance(stored.items, SparseTable) and isinstance(stored.body[0], SparseLinear)
    torch.testing.assert_close(stored.items.weight, pruned.items.weight.detach())


def test_zeros_save_nothing_until_they_are_left_out():
    net = nn.Sequential(nn.Linear(100, 80))
    pruned = magnitude_prune(net, 0.9)
    assert expected_bytes(pruned) == expected_bytes(net) == 4 * (8000 + 80)
    assert (
        expected_bytes(store_sparse(pruned)) == csr_bytes(pruned[0].weight) + 4 * 80 == 8 * 800 + 4 * 81 + 320
    )
    assert expected_bytes(store_sparse(magnitude_prune(net, 0.4))) > expected_bytes(net)


def spoiled():
    net = mlp()
    net[2].weight.data[1, 3] = float("nan")
    return net


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: magnitude_prune(mlp(), 1.0), r"sparsity: 1.0; expected a share in \[0, 1\)"),
        (lambda: magnitude_prune(mlp(), -0.1), "sparsity: -0.1"),
        (lambda: magnitude_prune(mlp(), float("nan")), "sparsity: nan"),
        (lambda: magnitude_prune(mlp(), 0.5, scope="net"), "scope: 'net'; expected 'layer' or 'global'"),
        (
            lambda: magnitude_prune(mlp(), 0.5, only=["9"]),
            "only: no layer '9'; expected some of '0', '2'",
        ),
        (lambda: magnitude_prune(nn.ReLU(), 0.5), "module: ReLU has no Linear or Embedding"),
        (lambda: magnitude_prune(spoiled(), 0.5), r"2.weight: nan at \(1, 3\); expected finite numbers"),
        (lambda: cubic_schedule(0, 0, 0.5), "n_steps: 0"),
        (lambda: GradualPruning(1.0, 5), r"final: 1.0; expected a share in \[0, 1\)"),
        (lambda: GradualPruning(0.5, 5).finish(mlp()), "finish: no step was taken"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_finish_refuses_another_module():
    pruning = GradualPruning(0.5, 5)
    pruning.step(mlp())
    with pytest.raises(ValueError, match=r"module: no layer '0' of \(10, 6\)"):
        pruning.finish(mlp(sizes=(4, 3)))


def test_a_recommender_is_no_module():
    with pytest.raises(TypeError, match=r"module: str; expected a torch module, such as model.module_"):
        magnitude_prune("SASRec", 0.5)


def test_a_pruned_weight_stays_0_however_far_the_optimizer_throws_it():
    net, pruning = mlp(), GradualPruning(0.5, n_steps=2)
    pruning.step(net)
    gone = ~pruning.masks_["2"]
    net[2].weight.data[gone] = 100.0
    pruning.step(net)
    assert gone.any() and not pruning.masks_["2"][gone].any()
    assert (net[2].weight[gone] == 0).all()
