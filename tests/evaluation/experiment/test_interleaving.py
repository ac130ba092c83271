"""Team draft: by hand, its fairness, and the policy in the simulated world."""

import numpy as np
import pytest
from chance import within
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from recsys_course.data.world import make_world
from recsys_course.evaluation.experiment import TeamDraft, credit, sign_test, team_draft, winners

rankings = st.lists(st.integers(0, 8), unique=True, max_size=6)


class Coins:
    """A generator that gives the coins it was made with."""

    def __init__(self, *coins):
        self.coins = list(coins)

    def integers(self, high):
        assert high == 2
        return self.coins.pop(0)


def test_by_hand():
    """a first: 1 (a), 2 (b); b first: 1 is taken, so 4 (b), then 3 (a), whose 2 is taken."""
    items, teams = team_draft([1, 2, 3], [2, 1, 4], 4, Coins(0, 1))
    assert (items, teams) == ([1, 2, 4, 3], [0, 1, 1, 0])


def test_a_list_of_odd_length_ends_within_a_round():
    assert team_draft([1, 2], [3, 4], 3, Coins(1, 1)) == ([3, 1, 4], [1, 0, 1])


def test_a_ranking_with_nothing_left_passes():
    assert team_draft([1], [2, 3, 4], 4, Coins(0, 0, 0)) == ([1, 2, 3, 4], [0, 1, 1, 1])
    assert team_draft([5, -1, -1], [-1], 3, Coins(1, 1)) == ([5], [0])
    assert team_draft([], [], 3, Coins()) == ([], [])


@given(rankings, rankings, st.integers(1, 12), st.integers(0, 99))
def test_list_holds_each_item_once_and_as_many_as_there_are(a, b, n, seed):
    items, teams = team_draft(a, b, n, np.random.default_rng(seed))
    assert len(items) == len(teams) == len(set(items)) == min(n, len(set(a) | set(b)))
    for team, ranking in ((0, a), (1, b)):
        own = [ranking.index(item) for item, t in zip(items, teams, strict=True) if t == team]
        assert own == sorted(own)  # a team keeps its own order


@given(st.permutations(range(8)), st.permutations(range(8)), st.integers(0, 99))
def test_teams_are_level_after_each_round(a, b, seed):
    _, teams = team_draft(a, b, 8, np.random.default_rng(seed))
    assert np.add.reduceat(teams, [0, 2, 4, 6]).tolist() == [1, 1, 1, 1]


def test_each_ranking_opens_the_list_half_of_the_time():
    rng, n = np.random.default_rng(0), 4000
    first = np.mean([team_draft([1, 2], [3, 4], 2, rng)[1][0] for _ in range(n)])
    assert within(first, 0.5, n)


def test_credit_and_winners_by_hand():
    teams = [[0, 1, 1], [0, 1, -1], [1, 0, 0]]
    clicks = [[1, 1, 1], [1, 1, 1], [0, 1, 0]]
    assert credit(teams, clicks).tolist() == [[1, 2], [1, 1], [1, 0]]
    assert winners(credit(teams, clicks)).tolist() == [1, 0, -1]


def test_sign_test_is_the_binomial_test_of_decided_lists():
    got = sign_test([1] * 9 + [-1] * 2 + [0] * 50)
    assert (got.a, got.b, got.ties) == (2, 9, 50)
    assert got.p == pytest.approx(binomtest(9, 11).pvalue)
    assert sign_test([0, 0]).p == 1


def test_random_clicks_on_equal_rankers_give_few_false_alarms():
    """The binomial test is exact, so it alarms at most alpha of the time, a little less."""
    rng, repeats, alarms = np.random.default_rng(0), 400, 0
    for _ in range(repeats):
        a, b = rng.permuted(np.tile(np.arange(8), (2, 60, 1)), axis=2).tolist()
        teams = [team_draft(x, y, 6, rng)[1] for x, y in zip(a, b, strict=True)]
        clicks = rng.random((60, 6)) < 0.5 / np.sqrt(np.arange(1, 7))  # people look at the top
        alarms += sign_test(winners(credit(teams, clicks))).p < 0.05
    assert alarms / repeats <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / repeats)


# ---- as a policy


@pytest.fixture(scope="module")
def world():
    return make_world("shop", n_users=200, n_items=60, n_exposures=4000, seed=0)


def by_true_utility(world, users, n, noise=0.0):
    utility = world.utility(users[:, None], np.arange(world.n_items))
    shaken = utility + noise * np.random.default_rng(0).normal(size=utility.shape)
    return np.argsort(-shaken, axis=1)[:, :n]


def test_policy_records_the_teams_of_all_rounds(world):
    policy = TeamDraft(
        lambda u, n: by_true_utility(world, u, n), lambda u, n: by_true_utility(world, u, n, 1.0)
    )
    slates = world.run(policy, n_rounds=2, users_per_round=30)
    assert policy.teams_.shape == slates.items.shape == (60, 10)
    assert (policy.teams_ >= 0).all()
    assert (np.sort(slates.items, axis=1)[:, 1:] != np.sort(slates.items, axis=1)[:, :-1]).all()


def test_policy_finds_the_ranker_that_knows_the_truth(world):
    policy = TeamDraft(
        lambda u, n: np.tile(np.arange(n), (len(u), 1)), lambda u, n: by_true_utility(world, u, n)
    )
    slates = world.run(policy, users_per_round=300, seed=1)
    verdict = sign_test(winners(credit(policy.teams_, slates.clicks)))
    assert verdict.b > 2 * verdict.a and verdict.p < 1e-6


def test_policy_takes_recommenders_and_pads_short_lists():
    class Short:
        def recommend(self, users, n):
            return np.full((len(users), n), -1) + np.eye(1, n, dtype=int) * 4  # item 3, then padding

    policy = TeamDraft(Short(), Short())
    assert policy(np.arange(2), 3).tolist() == [[3, -1, -1], [3, -1, -1]]
    assert (policy.teams_[:, 1:] == -1).all() and (policy.teams_[:, 0] >= 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: team_draft([1], [2], 0, np.random.default_rng(0)), "n: 0; expected a whole number"),
        (lambda: team_draft([1, 1], [2], 2, np.random.default_rng(0)), "a: an item twice"),
        (lambda: team_draft([1], [2, 2], 2, np.random.default_rng(0)), "b: an item twice"),
        (lambda: credit([[0, 1]], [[1]]), "teams, clicks: shapes"),
        (lambda: sign_test([]), r"won: shape \(0,\)"),
        (lambda: sign_test([2]), "expected a row of -1, 0 and 1"),
        (lambda: TeamDraft(None, None, depth=0), "depth: 0; expected"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
