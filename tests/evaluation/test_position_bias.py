"""The examination curve: found again in the world that planted it, and refused where it cannot be."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_course.data.world import SCENARIOS, Mix, make_world
from recsys_course.evaluation.offpolicy import examination_by_em, examination_by_weighting

N_ITEMS = 30
SHOP = replace(SCENARIOS["shop"], launched_before=1.0)
RANDOM = replace(SHOP, top=Mix(0, 0, 0, 1), bottom=Mix(0, 0, 0, 1))


@pytest.fixture(scope="module")
def shop():
    return make_world(SHOP, n_users=100, n_items=N_ITEMS, n_exposures=400_000, seed=0)


def planted(world):
    return np.arange(1, world.scenario.slate_size + 1) ** -world.scenario.eta


def test_by_hand():
    clicks = np.array([[1, 0], [1, 1], [0, 0], [0, 0]])
    got = examination_by_weighting(clicks)
    assert got.curve.tolist() == [1, 0.5]
    # influence (c2 - 0.5 c1) / 0.5: -1, 1, 0, 0
    reach = 1.959964 * np.std([-1, 1, 0, 0], ddof=1) / 2
    assert got.high[1] == pytest.approx(0.5 + reach) and got.low[1] == pytest.approx(0.5 - reach)
    weighted = examination_by_weighting(clicks, np.array([[1, 1], [1, 3.0], [1, 1], [1, 1]]))
    assert weighted.curve.tolist() == [1, 1.5]


def test_random_slots_show_the_planted_curve():
    world = make_world(RANDOM, n_users=100, n_items=N_ITEMS, n_exposures=400_000, seed=1)
    got = examination_by_weighting(world.slates.clicks)
    error = (got.high - got.low) / 2 / 1.96
    assert (np.abs(got.curve - planted(world))[1:] < 4 * error[1:]).all()
    assert error[1:].max() < 0.03  # and the intervals say something


def test_weights_undo_what_the_logging_policy_did_and_the_naive_rate_does_not(shop):
    truth = planted(shop)
    got = examination_by_weighting(shop.slates.clicks, 1 / N_ITEMS / shop.slates.propensities)
    error = (got.high - got.low) / 2 / 1.96
    assert (np.abs(got.curve - truth)[1:] < 4 * error[1:]).all()
    naive = examination_by_weighting(shop.slates.clicks)
    assert naive.high[-1] < truth[-1]  # too steep: better items stand higher


def test_em_finds_the_curve_where_relevance_is_the_users_and_not_where_it_is_the_items_alone(shop):
    truth, s = planted(shop), shop.slates
    naive = np.abs(s.clicks.mean(axis=0) / s.clicks[:, 0].mean() / truth - 1)
    personal, common = examination_by_em(s.items, s.clicks, s.users), examination_by_em(s.items, s.clicks)
    right, wrong = (np.abs(e.curve / truth - 1) for e in (personal, common))
    assert right.max() < 0.1 and right.mean() < wrong.mean() / 2 and wrong.mean() < naive.mean()
    assert common.curve[-1] < truth[-1] * 0.9
    assert 1 < personal.n_iterations < 1000 and np.isnan(personal.low).all()


def test_em_raises_the_likelihood_and_ends_at_its_top():
    """Small enough for a generic optimiser: the same curve."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    items = np.array([rng.permutation(3) for _ in range(4000)])
    theta, gamma = np.array([0.9, 0.6, 0.3]), np.array([0.7, 0.4, 0.2])
    clicks = rng.random(items.shape) < theta * gamma[items]

    def loss(z):
        p = 1 / (1 + np.exp(-z))
        chance = p[:3] * p[3:][items]
        return -np.where(clicks, np.log(chance), np.log1p(-chance)).sum()

    best = 1 / (1 + np.exp(-minimize(loss, np.zeros(6), method="BFGS").x[:3]))
    got = examination_by_em(items, clicks, n_iterations=20_000, tolerance=1e-9).curve
    np.testing.assert_allclose(got, best / best[0], atol=2e-3)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: examination_by_weighting(np.array([[0, 2]])), "clicks: 2.0; expected 0 or 1"),
        (lambda: examination_by_weighting(np.zeros((2, 2))), "clicks: none at all"),
        (lambda: examination_by_weighting(np.array([[0, 1]])), "none at position 1"),
        (lambda: examination_by_weighting(np.array([[1, 1]]), np.array([[1, -1]])), "weights: -1.0"),
        (lambda: examination_by_weighting(np.array([[1, 1]]), np.array([[1]])), "weights: shape"),
        (lambda: examination_by_weighting(np.array([1, 1])), r"clicks: shape \(2,\); expected \(S, K\)"),
        (
            lambda: examination_by_em(np.array([[0, 1]]), np.array([[1, 0]])),
            "some positions share no pair with the others",
        ),
        (
            lambda: examination_by_em(np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 1]])),
            "none at position 1",
        ),
        (
            lambda: examination_by_em(np.array([[0, 1, 2, 3], [1, 0, 3, 2]]), np.ones((2, 4))),
            "some positions share no pair",
        ),
        (lambda: examination_by_em(np.array([[0]]), np.array([[1, 0]])), "items: shape"),
        (lambda: examination_by_em(np.array([[0, -1]]), np.array([[1, 0]])), "items: -1..0"),
        (lambda: examination_by_em(np.array([[0, 1]]), np.array([[1, 0]]), np.array([0, 1])), "contexts: 2"),
        (lambda: examination_by_em(np.array([[0, 1]]), np.array([[0, 0]])), "clicks: none at all"),
    ],
)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()
