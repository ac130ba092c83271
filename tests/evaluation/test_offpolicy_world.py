"""The estimators against a world whose truth can be asked: bias, coverage, error, over many seeds."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_course.data.world import SCENARIOS, make_world
from recsys_course.evaluation.offpolicy import (
    TablePolicy,
    clipped_ips,
    cross_fitted_means,
    direct_method,
    doubly_robust,
    estimate_propensities,
    ips,
    self_normalised_ips,
    slate_ips,
)

SEEDS = range(60)
U, ITEMS = np.arange(200), np.arange(30)
SHOP = replace(SCENARIOS["shop"], launched_before=1.0)  # all items on offer all the time
ONE = replace(SHOP, slate_size=1, bottom=SHOP.top)


def judged(seed: int) -> dict[str, tuple[float, float, bool]]:
    """Error, standard error and coverage of every estimator on one world of 2,000 lines."""
    world = make_world(ONE, n_users=len(U), n_items=len(ITEMS), n_exposures=2000, seed=seed)
    log = TablePolicy(world.propensity(U[:, None], ITEMS))
    target = log.blend(TablePolicy.softmax(world.utility(U[:, None], ITEMS), 0.5), 0.5)
    truth = world.policy_value(target, over="log")
    s = world.slates
    u, a, r, p = s.users, s.items[:, 0], s.clicks[:, 0].astype(float), s.propensities[:, 0]
    pi, chances, lines = target.chance(u, a), target.probabilities(u), np.arange(len(a))
    seen = world.history.before(u[:, None], ITEMS, lines[:, None])
    q = world.click_probability(u[:, None], ITEMS, 1, s.times[:, None], seen)  # the right model
    rough = cross_fitted_means(a, r, len(ITEMS))  # wrong wherever taste matters

    def sides(q):
        return q[lines, a], (chances * q).sum(axis=1)

    uniform = np.full(len(p), 1 / len(ITEMS))  # wrong propensities
    found = estimate_propensities(a, len(ITEMS), u)[u, a]
    estimates = {
        "ips": ips(r, p, pi), "snips": self_normalised_ips(r, p, pi), "clipped": clipped_ips(r, p, pi, 5),
        "dm": direct_method(sides(rough)[1]), "dr": doubly_robust(r, p, pi, *sides(rough)),
        "dr wrong p": doubly_robust(r, uniform, pi, *sides(q)), "ips wrong p": ips(r, uniform, pi),
        "dr both wrong": doubly_robust(r, uniform, pi, *sides(rough)), "ips estimated p": ips(r, found, pi),
    }  # fmt: skip
    return {k: (e.value - truth, e.standard_error, e.covers(truth)) for k, e in estimates.items()}


@pytest.fixture(scope="module")
def trials() -> dict[str, np.ndarray]:
    """(seeds, 3) by estimator."""
    rows = [judged(seed) for seed in SEEDS]
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


def z(errors: np.ndarray) -> float:
    """Mean error in units of its own standard error."""
    return float(errors.mean() / (errors.std(ddof=1) / np.sqrt(len(errors))))


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr wrong p"])
def test_unbiased_where_theory_promises_it(trials, name):
    assert abs(z(trials[name][:, 0])) < 4


@pytest.mark.parametrize("name", ["clipped", "dm"])
def test_too_low_where_theory_says_so(trials, name):
    assert z(trials[name][:, 0]) < -10


@pytest.mark.parametrize("name", ["ips wrong p", "dr both wrong"])
def test_wrong_propensities_mislead_unless_the_model_is_right(trials, name):
    assert abs(z(trials[name][:, 0])) > 10


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr wrong p"])
def test_intervals_cover_about_as_often_as_they_say(trials, name):
    # 95 % nominal: fewer than 50 of 60 has a chance of 4e-5, and the logs are skewed, so a little is lost
    assert trials[name][:, 2].sum() >= 50


def test_intervals_of_a_biased_estimator_do_not_know_it(trials):
    assert trials["dm"][:, 2].mean() < 0.2 and trials["clipped"][:, 2].mean() < 0.5


def test_standard_errors_are_the_spread_over_worlds(trials):
    for name in ("ips", "snips", "dr"):
        errors, claimed, _ = trials[name].T
        # the spread of 60 errors is known to about 9 %, more for heavy tails
        assert 0.6 < np.sqrt(np.mean(claimed**2)) / errors.std() < 1.6


def test_snips_and_dr_err_less_than_ips_here(trials):
    rmse = {name: np.sqrt((t[:, 0] ** 2).mean()) for name, t in trials.items()}
    assert rmse["snips"] < rmse["ips"] and rmse["dr"] < rmse["ips"] < rmse["ips wrong p"]


def test_slates_against_the_worlds_own_value():
    errors, covered = [], 0
    for seed in range(40):
        world = make_world(SHOP, n_users=len(U), n_items=len(ITEMS), n_exposures=20_000, seed=seed)
        target = TablePolicy.softmax(world.utility(U[:, None], ITEMS), 2.0)
        truth = world.policy_value(target, over="log")
        s = world.slates
        chance = target.chance(s.users[:, None], s.items)
        got = slate_ips(s.clicks, s.propensities, chance)
        normed = slate_ips(s.clicks, s.propensities, chance, self_normalised=True)
        errors.append((got.value - truth, normed.value - truth))
        covered += got.covers(truth)
    assert max(abs(z(column)) for column in np.array(errors).T) < 4
    assert covered >= 32  # of 40; fewer has a chance of 1e-4 at 95 %
