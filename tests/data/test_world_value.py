"""What a policy is worth: the truth, estimates from the log, and what it gets when it runs."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_course.baselines import Popularity, Random
from recsys_course.data.world import SCENARIOS, make_world

FAR = 4.0  # standard errors


class LeastLiked:
    """A stochastic policy that prefers the category each user likes least: the log flatters it."""

    def __init__(self, world):
        self.always = world.items.launch <= world.start  # only these can be judged from the whole log
        least = world.users.taste[0].argmin(axis=1)  # (U,)
        weight = self.always * np.where(world.items.category == least[:, None], 8.0, 1.0)
        self.chance = weight / weight.sum(axis=1, keepdims=True)  # (U, I), small here

    def probabilities(self, users):
        return self.chance[users]


@pytest.mark.parametrize("name", ["shop", "music"])
def test_inverse_propensity_estimates_meet_the_true_value(name):
    """The mean error over independent worlds is within four of its own standard errors of 0."""
    errors, naive = [], []
    for seed in range(24):
        world = make_world(name, n_users=80, n_items=60, n_exposures=10_000, seed=seed)
        policy = LeastLiked(world)
        value = world.policy_value(policy, over="log")
        s = world.slates
        ratio = policy.chance[s.users[:, None], s.items] / s.propensities  # (S, K)
        errors.append((ratio * s.clicks).sum(axis=1).mean() - value)
        naive.append(s.clicks_per_slate - value)
        assert value > 0
    assert abs(_t(errors)) < FAR
    assert _t(naive) > 2 * FAR  # the log's own mean is far too high
    assert np.std(errors) < 0.2 * value


def _t(errors):
    return np.mean(errors) / (np.std(errors, ddof=1) / np.sqrt(len(errors)))


def test_the_value_of_slates_is_the_sum_of_their_click_probabilities():
    world = make_world("music", n_users=7, n_items=30, n_exposures=500, seed=2)
    slates = np.random.default_rng(0).integers(0, 30, size=(7, 3))
    slates[2, 1] = -1  # an empty place is worth nothing
    total = 0.0
    for u in range(7):
        for k in range(3):
            if slates[u, k] >= 0:
                i = slates[u, k]
                p = world.click_probability(u, i, k + 1, consumed=world.has_clicked(u, i))
                total += world.users.activity[u] * p
    assert world.policy_value(slates, slate_size=3) == pytest.approx(total)
    assert world.policy_value(lambda users, n: slates[users, :n], slate_size=3) == pytest.approx(total)


def test_the_value_over_the_log_is_that_of_its_users_times_and_histories():
    turning = replace(SCENARIOS["music"], drift=1.5)
    world = make_world(turning, n_users=5, n_items=12, n_exposures=300, seed=3)
    slates = np.random.default_rng(1).integers(0, 12, size=(5, 2))
    total, clicked = 0.0, set()
    for s, u in enumerate(world.slates.users):
        for k, i in enumerate(slates[u]):
            total += world.click_probability(u, i, k + 1, world.slates.times[s], (u, i) in clicked)
        clicked |= {(u, i) for i in world.slates.items[s][world.slates.clicks[s]]}
    assert world.policy_value(slates, slate_size=2, over="log") == pytest.approx(total / len(world.slates))


def test_probabilities_and_certain_slates_have_the_same_value():
    world = make_world("shop", n_users=9, n_items=20, n_exposures=400)

    class Certain:
        def probabilities(self, users):
            return np.eye(20)[(3 * users) % 20]

    same = np.repeat((3 * np.arange(9)) % 20, 4).reshape(9, 4)
    for over in ("end", "log"):
        want = world.policy_value(same, slate_size=4, over=over)
        assert world.policy_value(Certain(), slate_size=4, over=over) == pytest.approx(want)


def test_a_run_gets_what_the_policy_is_worth():
    plain = replace(SCENARIOS["shop"], repeat=0.0, drift=0.0)  # else the run's own clicks change the value
    world = make_world(plain, n_users=300, n_items=80, n_exposures=5_000)
    model = Popularity().fit(world.log)
    got = world.run(model, n_rounds=5, users_per_round=2_000, seed=1).clicks.sum(axis=1)
    want = world.policy_value(model)
    assert abs(got.mean() - want) < FAR * got.std() / np.sqrt(len(got))


def test_those_who_know_the_truth_get_more_clicks_than_chance():
    world = make_world("courses", n_users=200, n_items=60, n_exposures=5_000)
    everybody, items = np.arange(200)[:, None], np.arange(60)
    best = np.argsort(-world.utility(everybody, items), axis=1)[:, :5]
    chance = Random().fit(world.log).recommend(np.arange(200), 5)
    first, second = (world.run(slates, slate_size=5, seed=2).clicks.sum(axis=1) for slates in (best, chance))
    assert first.mean() - second.mean() > FAR * np.sqrt((first.var() + second.var()) / len(first))
    assert world.policy_value(best, 5) > world.policy_value(chance, 5)


def test_a_run_remembers_its_own_clicks():
    once = replace(SCENARIOS["courses"], repeat=-30.0, click_offset=4.0)
    world = make_world(once, n_users=40, n_items=30, n_exposures=80)
    run = world.run(np.zeros((40, 1), dtype=int), n_rounds=6, slate_size=1, users_per_round=40)
    pairs = run.users[run.clicks[:, 0]]
    assert len(pairs) == len(set(pairs)) > 10
    assert not world.has_clicked(pairs, np.zeros_like(pairs)).any()


def test_a_run_shows_its_answers_to_a_policy_that_learns():
    world = make_world("ads", n_users=50, n_items=200, n_exposures=400)

    class Learner:
        rounds = ()

        def __call__(self, users, n):
            return np.tile(np.arange(n), (len(users), 1)), 0.25

        def observe(self, slates):
            self.rounds += (slates,)

    learner = Learner()
    run = world.run(learner, n_rounds=3, users_per_round=20, slate_size=2)
    assert [len(r) for r in learner.rounds] == [20, 20, 20]
    np.testing.assert_array_equal(run.clicks, np.concatenate([r.clicks for r in learner.rounds]))
    assert (run.propensities == 0.25).all()
    assert run.items.shape == (60, 2)
    assert len(np.unique(run.sessions)) == 60
    assert (run.times >= world.end).all()
    assert (np.diff(run.times) >= 0).all()


def test_empty_places_are_never_clicked_and_runs_repeat():
    world = make_world("music", n_users=50, n_items=20, n_exposures=400)
    slates = np.full((50, 4), -1)
    slates[:, 0] = 3
    one, two = (world.run(slates, n_rounds=2, slate_size=4, seed=9) for _ in range(2))
    assert one.clicks[:, 0].any()
    assert not one.clicks[:, 1:].any()
    np.testing.assert_array_equal(one.clicks, two.clicks)
    np.testing.assert_array_equal(one.users, two.users)
    assert set(one.frame().position) == {1}
    assert len(one.log(50, 20)) == one.clicks.sum()


def test_an_ab_test_keeps_its_halves_apart():
    world = make_world("shop", n_users=60, n_items=20, n_exposures=400)
    half = np.arange(0, 60, 2)
    run = world.run(np.zeros((60, 1), dtype=int), slate_size=1, users=half)
    assert set(run.users) <= set(half)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.policy_value(np.zeros((9, 3), int), 21), "slate_size: 21; expected 1..20"),
        (lambda w: w.run(np.zeros((9, 3), int), slate_size=21), "slate_size: 21; expected 1..20"),
        (lambda w: w.run(np.zeros((9, 3), int), slate_size=0), "slate_size: 0"),
        (
            lambda w: w.run(np.zeros((9, 3), int), slate_size=4),
            r"of shape \(1000, 3\); expected .*\(1000, 4\)",
        ),
        (lambda w: w.run(np.zeros((9, 3)), slate_size=3), "policy: gave float64"),
        (lambda w: w.run(np.full((9, 1), 20), slate_size=1), r"gave items 20\.\.20; expected -1\.\.19"),
        (lambda w: w.run(np.zeros((9, 1), int), n_rounds=0), "n_rounds: 0"),
        (lambda w: w.run(np.zeros((9, 1), int), users_per_round=-1), "users_per_round: -1"),
        (lambda w: w.run(np.zeros((9, 1), int), slate_size=1, users=[9]), r"users: .*0\.\.8"),
        (lambda w: w.policy_value(np.zeros((9, 3), int), 3, over="now"), "over: 'now'"),
    ],
)
def test_wrong_questions_are_refused(call, message):
    world = make_world("shop", n_users=9, n_items=20, n_exposures=100)
    with pytest.raises(ValueError, match=message):
        call(world)
