"""Heads on one body: by hand, against two single models, gates, missing labels, AUC on the simulated shop."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

from recsys_course.base import NotFitted
from recsys_course.data.world import make_world
from recsys_course.ids import UnknownId
from recsys_course.metrics import auc
from recsys_course.multimodal import MultiTask
from recsys_course.multimodal.multitask import head_losses

SMALL = {"n_factors": 4, "n_hidden": 5, "n_experts": 3, "n_epochs": 3, "batch_size": 64}
PAIRS = np.array([0, 3, 5, 5, 9]), np.array([1, 7, 0, 2, 6])


@cache
def events():
    """600 exposures of 8 items to 10 users; purchase only after a click."""
    rng = np.random.default_rng(0)
    users, items = rng.integers(10, size=600), rng.integers(8, size=600)
    click = rng.random(600) < expit((users % 3 - 1) * (items % 3 - 1))
    return pd.DataFrame(
        {"user": users, "item": items, "click": click, "purchase": click & (rng.random(600) < 0.3)}
    )


def features(side, n):
    return np.random.default_rng(len(side)).normal(size=(n, 3))


def both():
    return {"user_features": features("user", 10), "item_features": features("it", 8)}


def slow(model, user, item):
    """head -> probability of one pair, in loops, from the parameters alone."""
    answer = {}
    for h, head in enumerate(model.heads):
        body = model.net_[h if model.shared == "none" else 0]
        h = 0 if model.shared == "none" else h
        p = {name: value.detach().numpy().astype(float) for name, value in body.named_parameters()}
        sides = []
        for side, code in (("user", user), ("item", item)):
            vector = np.zeros(model.n_factors)
            if model.ids:
                vector = vector + p[f"inputs.ids.{side}"][code]
            x = model.user_features if side == "user" else model.item_features
            if x is not None:
                middle = x.mean(axis=0)
                scale = np.sqrt(((x - middle) ** 2).mean())
                vector = vector + (x[code] - middle) / scale @ p[f"inputs.projections.{side}"]
            sides.append(vector)
        x = np.concatenate([*sides, sides[0] * sides[1]])
        logits = [x @ p["gate"][h][:, e] for e in range(len(p["W"]))]
        gate = np.exp(logits) / np.exp(logits).sum()
        mixed = sum(g * np.maximum(0, x @ p["W"][e] + p["bias"][e]) for e, g in enumerate(gate))
        answer[head] = expit(mixed @ p["last"][h] + p["last_bias"][h])
    return answer


@pytest.mark.parametrize("shared", ["bottom", "mmoe", "none"])
@pytest.mark.parametrize(
    "inputs", [{}, both(), {"item_features": features("it", 8)}, both() | {"ids": False}]
)
def test_predictions_equal_slow_loops(shared, inputs):
    model = MultiTask(shared=shared, **inputs, **SMALL).fit(events())
    got = model.predict(*PAIRS)
    assert list(got) == ["click", "purchase"]
    for n, (user, item) in enumerate(zip(*PAIRS, strict=True)):
        for head, probability in slow(model, user, item).items():
            assert got[head][n] == pytest.approx(probability, rel=1e-4)


def test_with_nothing_shared_it_is_two_single_models():
    together = MultiTask(shared="none", **SMALL).fit(events())
    for head in ("click", "purchase"):
        alone = MultiTask(heads=(head,), **SMALL).fit(events()).predict(*PAIRS)
        np.testing.assert_allclose(together.predict(*PAIRS)[head], alone[head], rtol=1e-4)
    shared = MultiTask(shared="bottom", **SMALL).fit(events())
    assert np.abs(shared.predict(*PAIRS)["purchase"] - alone["purchase"]).max() > 1e-3


def test_gates_add_up_to_one_and_heads_have_their_own():
    model = MultiTask(shared="mmoe", **SMALL).fit(events())
    gates = model.gates_of(*PAIRS)
    for gate in gates.values():
        assert gate.shape == (5, 3)
        np.testing.assert_allclose(gate.sum(axis=1), 1, rtol=1e-5)
        assert (gate > 0).all()
    assert np.abs(gates["click"] - gates["purchase"]).max() > 1e-4
    with pytest.raises(ValueError, match="shared: 'bottom'; gates expected 'mmoe'"):
        MultiTask(**SMALL).fit(events()).gates_of(*PAIRS)


def test_one_expert_is_a_shared_bottom():
    options = SMALL | {"n_experts": 1}
    got = [MultiTask(shared=s, **options).fit(events()).predict(*PAIRS) for s in ("mmoe", "bottom")]
    for head in ("click", "purchase"):
        np.testing.assert_array_equal(got[0][head], got[1][head])


def test_losses_of_heads_by_hand():
    logits = torch.tensor([[0.0, 2.0], [0.0, -1.0], [3.0, 0.0]])
    labels = torch.tensor([[1.0, 1.0], [0.0, torch.nan], [torch.nan, torch.nan]])
    got = head_losses(logits, labels)
    torch.testing.assert_close(got, torch.tensor([np.log(2), np.log1p(np.exp(-2))], dtype=torch.float32))
    nobody = torch.full((3, 2), torch.nan)
    assert head_losses(logits, nobody).tolist() == [0, 0]


def test_labels_that_are_not_known_teach_nothing():
    told = events().astype({"purchase": float})
    told.loc[~told["click"], "purchase"] = np.nan  # whether it would be bought after a click
    model = MultiTask(**SMALL).fit(told)
    rate = events().query("click")["purchase"].mean()
    assert model.rates_["purchase"] == pytest.approx(rate)
    everywhere = MultiTask(**SMALL).fit(events())
    assert everywhere.rates_["purchase"] == pytest.approx(events()["purchase"].mean())
    mean = [m.predict(events()["user"], events()["item"])["purchase"].mean() for m in (model, everywhere)]
    assert mean[0] == pytest.approx(rate, abs=0.05)
    assert mean[1] == pytest.approx(everywhere.rates_["purchase"], abs=0.05)


def test_weights_of_heads_are_those_of_their_losses():
    plain = MultiTask(**SMALL | {"n_epochs": 1, "batch_size": 600}).fit(events())
    heavy = MultiTask(
        weights={"click": 1.0, "purchase": 3.0}, **SMALL | {"n_epochs": 1, "batch_size": 600}
    ).fit(events())
    alone = [
        MultiTask(weights={"click": a, "purchase": b}, **SMALL | {"n_epochs": 1, "batch_size": 600})
        .fit(events())
        .loss_[0]
        for a, b in ((1, 1e-9), (1e-9, 1))
    ]
    assert plain.loss_[0] == pytest.approx(
        alone[0] + alone[1], rel=1e-5
    )  # before the first step all are equal
    assert heavy.loss_[0] == pytest.approx(alone[0] + 3 * alone[1], rel=1e-5)


def test_users_without_events_differ_by_features_alone():
    few = events()[events()["user"] != 4]
    model = MultiTask(**SMALL).fit(few, n_users=12)
    got = model.predict([4, 10, 11], [2, 2, 2])["click"]
    assert np.ptp(got) == 0
    model = MultiTask(user_features=features("user", 12), **SMALL).fit(few)
    assert np.ptp(model.predict([4, 10, 11], [2, 2, 2])["click"]) > 0


def test_a_seed_means_one_result_and_the_size_of_a_batch_of_answers_does_not_show(monkeypatch):
    first = MultiTask(shared="mmoe", **SMALL).fit(events())
    again = MultiTask(shared="mmoe", **SMALL).fit(events())
    other = MultiTask(shared="mmoe", seed=1, **SMALL).fit(events())
    a, b, c = (m.predict(*PAIRS)["click"] for m in (first, again, other))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 1e-3
    monkeypatch.setattr("recsys_course.multimodal.multitask.ROWS_AT_ONCE", 2)
    np.testing.assert_allclose(first.predict(*PAIRS)["click"], a, rtol=1e-6)
    assert first.predict([], [])["click"].shape == (0,)


@cache
def shop(seed):
    """A simulated shop; the last fifth of its exposures is held out."""
    world = make_world("shop", 400, 200, 60_000, seed=seed)
    table = world.events
    late = table["time"] >= table["time"].quantile(0.8)
    return world, table[~late], table[late]


@cache
def at_the_shop(shared, seed):
    """The shop's later exposures, and head -> probabilities of a model of the earlier ones."""
    world, before, after = shop(seed)
    model = MultiTask(shared=shared).fit(before, world.n_users, world.n_items)
    assert model.rates_["purchase"] < model.rates_["click"] / 3  # the rarer answer
    return after, model.predict(after["user"], after["item"])


@pytest.mark.parametrize(
    "shared, seed",
    [("bottom", 0), ("bottom", 1), ("bottom", 2), ("mmoe", 0), ("none", 0), ("none", 1), ("none", 2)],
)
def test_each_head_ranks_later_exposures_of_the_simulated_shop(shared, seed):
    after, said = at_the_shop(shared, seed)
    for head in ("click", "purchase"):
        assert auc(after[head], said[head]) > 0.55
        assert said[head].mean() == pytest.approx(after[head].mean(), rel=0.3)


def test_the_rare_answer_gains_by_what_the_frequent_one_taught():
    gains = []
    for seed in range(3):
        after, shared = at_the_shop("bottom", seed)
        alone = at_the_shop("none", seed)[1]
        gains.append(auc(after["purchase"], shared["purchase"]) - auc(after["purchase"], alone["purchase"]))
    assert min(gains) > 0
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / 3**0.5


@pytest.mark.parametrize(
    "options, message",
    [
        ({"heads": ()}, r"heads: \(\); expected a tuple of different column names"),
        ({"heads": "click"}, "heads: 'click'; expected a tuple"),
        ({"heads": ("click", "click")}, "heads: .* expected a tuple of different"),
        ({"heads": ("click", "like")}, "events: no column 'like'; there are: user, item, click, purchase"),
        ({"shared": "top"}, "shared: 'top'; expected 'bottom', 'mmoe' or 'none'"),
        ({"ids": False}, "ids: False; expected user_features and item_features"),
        ({"weights": {"click": 1.0}}, "weights: .* expected a number above 0 for each of click, purchase"),
        ({"weights": {"click": 1.0, "purchase": 0.0}}, "weights: .* expected a number above 0"),
        ({"n_factors": 0}, "n_factors: 0; expected"),
        ({"n_hidden": 0}, "n_hidden: 0; expected"),
        ({"n_experts": 0}, "n_experts: 0; expected"),
        ({"reg": -1}, "reg: -1; expected"),
        ({"user_features": np.ones((3, 2))}, "user: codes 0..9; expected 0..2"),
        (
            {"item_features": np.array([[np.nan]] + [[1.0]] * 7)},
            "item_features: rows of NaN; expected numbers for every item",
        ),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MultiTask(**options).fit(events())


def test_wrong_tables_and_codes_are_refused():
    with pytest.raises(ValueError, match="click: 2; expected 0, 1 or NaN"):
        MultiTask().fit(events().assign(click=2))
    with pytest.raises(ValueError, match="purchase: 1 of the classes 0 and 1; expected both"):
        MultiTask().fit(events().assign(purchase=0))
    with pytest.raises(TypeError, match="user: dtype float64; expected integer codes"):
        MultiTask().fit(events().assign(user=0.5))
    with pytest.raises(ValueError, match=r"item: codes 0\.\.7; expected 0\.\.4"):
        MultiTask().fit(events(), n_items=5)
    with pytest.raises(ValueError, match="item_features: 8 rows; expected 9, one per item"):
        MultiTask(item_features=np.ones((8, 2))).fit(events(), n_items=9)
    with pytest.raises(NotFitted, match="MultiTask is not fitted"):
        MultiTask().predict([0], [0])
    with pytest.raises(NotFitted):
        MultiTask(shared="mmoe").gates_of([0], [0])
    model = MultiTask(**SMALL).fit(events())
    with pytest.raises(UnknownId, match=r"items: codes 0\.\.8; expected 0\.\.7"):
        model.predict([0, 0], [0, 8])
    with pytest.raises(ValueError, match=r"items: shape \(1,\); expected \(2,\)"):
        model.predict([0, 1], [0])
    with pytest.raises(TypeError, match="items: dtype float64; expected integer codes"):
        model.predict([0], [1.9])
    assert model.predict([], [])["click"].shape == (0,)
    with pytest.raises(ValueError, match="events: no rows"):
        MultiTask().fit(events()[:0])
