"""LinUCB over members: the formula as loops, what it learns in the world, no exploring when asked."""

import pickle
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hybrid_doubles import Fixed
from test_contract import rated

from recsys_course.base import NotFitted, Recommender
from recsys_course.baselines import Popularity, Random
from recsys_course.data.world import make_world
from recsys_course.hybrid import AdaptiveHybrid, explain
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN


def slates(users, items, clicks):
    return SimpleNamespace(users=np.array(users), items=np.array(items), clicks=np.array(clicks, dtype=bool))


def three(log):
    return [Fixed(np.random.default_rng(m).random((log.n_users, log.n_items))) for m in range(3)]


# --- the formula


def test_one_round_by_hand():
    """One context of 1, reg 1: after two slates with half the items clicked A = 3 and b = 1."""
    log = rated()
    hybrid = AdaptiveHybrid([Popularity(), Random()], context=np.ones((10, 1)), alpha=0.6).fit(log)
    np.testing.assert_allclose(hybrid.bounds([4]), [[0.6, 0.6]])  # nothing known: 0 + 0.6 sqrt(1 / 1)
    hybrid._chosen = lambda users: np.zeros(len(users), dtype=int)  # as if the first had served both
    hybrid.observe(slates([4, 5], [[0, 1], [2, 3]], [[1, 0], [1, 0]]))
    np.testing.assert_allclose(hybrid.A_.ravel(), [3, 1])
    np.testing.assert_allclose(hybrid.b_.ravel(), [1, 0])
    # 1 / 3 + 0.6 / sqrt(3) = 0.6797 against 0.6
    np.testing.assert_allclose(hybrid.bounds([4]), [[1 / 3 + 0.6 / np.sqrt(3), 0.6]])
    np.testing.assert_allclose(hybrid.bounds([4], explore=False), [[1 / 3, 0]])


def test_equals_the_formula_written_as_loops():
    log, rng = rated(), np.random.default_rng(2)
    context = rng.normal(size=(10, 4))
    hybrid = AdaptiveHybrid(three(log), context, alpha=0.3, reg=2.0).fit(log)
    A = [2.0 * np.eye(4) for _ in range(3)]
    b = [np.zeros(4) for _ in range(3)]
    for _ in range(6):
        users = rng.integers(10, size=7)
        arms = hybrid.choose(users)
        items = rng.integers(8, size=(7, 5))
        items[rng.random((7, 5)) < 0.2] = -1
        clicks = rng.random((7, 5)) < 0.4
        expected = []
        for user in range(10):
            row = []
            for m in range(3):
                inverse = np.linalg.inv(A[m])
                x = context[user]
                row.append(x @ inverse @ b[m] + 0.3 * np.sqrt(x @ inverse @ x))
            expected.append(row)
        np.testing.assert_allclose(hybrid.bounds(range(10)), expected)
        if hybrid.n_rounds_:
            assert arms.tolist() == np.argmax(expected, axis=1)[users].tolist()
        hybrid.observe(slates(users, items, clicks))
        for user, arm, shown, hit in zip(users, arms, items, clicks, strict=True):
            there = [bool(c) for i, c in zip(shown, hit, strict=True) if i >= 0]
            if there:
                A[arm] += np.outer(context[user], context[user])
                b[arm] += sum(there) / len(there) * context[user]
    np.testing.assert_allclose(hybrid.A_, A)
    np.testing.assert_allclose(hybrid.b_, b)


def test_before_the_first_answer_chance_decides_and_the_seed_decides_chance():
    log = Interactions(np.arange(400), np.zeros(400, dtype=int), 400, 3)
    one, two, other = (AdaptiveHybrid(three(log), seed=s).fit(log).choose(range(400)) for s in (0, 0, 1))
    assert one.tolist() == two.tolist()
    assert one.tolist() != other.tolist()
    assert np.bincount(one, minlength=3).min() > 100  # a third each, but for chance


def test_the_usual_context_is_a_constant_and_the_length_of_history():
    log = rated()
    x = AdaptiveHybrid([Popularity(), Random()]).fit(log).contexts(range(10))
    length = np.log1p(np.bincount(log.users, minlength=10))
    np.testing.assert_allclose(x[:, 0], 1)
    np.testing.assert_allclose(x[:, 1], (length - length.mean()) / length.std())
    even = AdaptiveHybrid([Popularity(), Random()]).fit(Interactions([0, 1], [0, 1], 2, 3)).contexts([0, 1])
    np.testing.assert_array_equal(even, [[1, 0], [1, 0]])


def test_a_context_may_be_a_function_of_the_hybrid():
    log = rated()
    context = np.random.default_rng(0).normal(size=(10, 3))
    by_array, by_function = (
        AdaptiveHybrid([Popularity(), Random()], c).fit(log)
        for c in (context, lambda h, users: context[users])
    )
    np.testing.assert_array_equal(by_array.bounds([3, 1]), by_function.bounds([3, 1]))


# --- learning in the world


@dataclass
class GoodFor(Recommender):
    """Knows what the users of one group want, and shows the others what they do not want."""

    utility: np.ndarray  # (U, I)
    mine: np.ndarray  # (U,) bool

    def _fit(self, data):
        pass

    def _score(self, users):
        return np.where(self.mine[users, None], self.utility[users], -self.utility[users])


@cache
def small_world():
    world = make_world("shop", n_users=200, n_items=60, n_exposures=10_000, seed=1)
    utility = world.utility(np.arange(200)[:, None], np.arange(60))
    return world, utility, np.arange(200) % 2


def bandit(seed, alpha=0.3, **options):
    world, utility, group = small_world()
    members = {"for group 0": GoodFor(utility, group == 0), "for group 1": GoodFor(utility, group == 1)}
    return AdaptiveHybrid(members, np.eye(2)[group], alpha=alpha, seed=seed, **options).fit(world.log)


def test_learns_in_the_world_which_member_is_better_for_whom():
    world, _, group = small_world()
    for seed in range(3):
        hybrid = bandit(seed)
        run = world.run(hybrid, n_rounds=15, users_per_round=60, seed=seed)
        assert hybrid.n_rounds_ == 15
        assert len(run) == 15 * 60
        assert hybrid.greedy().choose(range(200)).tolist() == group.tolist()
        expected = hybrid.bounds([0, 1], explore=False)  # what each member earns from each group
        assert expected[0, 0] > expected[0, 1]
        assert expected[1, 1] > expected[1, 0]


def test_its_regret_is_below_that_of_choosing_evenly_and_stops_growing():
    """Against who knows the better member, with the same people and chance; five seeds."""
    world, utility, group = small_world()
    members = [GoodFor(utility, group == g).fit(world.log) for g in (0, 1)]

    def served(arms, users, n):
        lists = np.stack([m.recommend(users, n) for m in members])
        return lists[arms, np.arange(len(users))]

    ours, evenly, late = [], [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        options = {"n_rounds": 20, "users_per_round": 50, "seed": seed}
        clicks = [
            world.run(policy, **options).clicks.sum(axis=1).reshape(20, 50).sum(axis=1)
            for policy in (
                lambda users, n: served(group[users], users, n),
                bandit(seed),
                lambda users, n, rng=rng: served(rng.integers(2, size=len(users)), users, n),
            )
        ]
        ours.append((clicks[0] - clicks[1]).sum())
        evenly.append((clicks[0] - clicks[2]).sum())
        late.append((clicks[0] - clicks[1])[10:].sum())
    gain = np.array(evenly) - np.array(ours)
    assert gain.min() > 0
    assert np.mean(ours) < 0.5 * np.mean(evenly)
    assert np.mean(late) < 0.25 * np.mean(evenly)  # evenly, half of the regret falls into the second half


def test_without_exploring_the_expected_best_serves_and_nothing_is_forgotten():
    log = rated()
    hybrid = AdaptiveHybrid([Popularity(), Random()], np.ones((10, 1)), alpha=5.0).fit(log)
    hybrid._chosen = lambda users: np.zeros(len(users), dtype=int)
    hybrid.observe(slates([1, 2, 3], [[0, 1]] * 3, [[1, 1]] * 3))
    del hybrid._chosen
    assert hybrid.choose([4]).tolist() == [1]  # what is not known could be better still
    greedy = hybrid.greedy()
    assert greedy.choose([4]).tolist() == [0]
    popular = Popularity().fit(log)
    assert greedy.recommend([4], n=3).tolist() == popular.recommend([4], n=3).tolist()
    assert hybrid.recommend([4], n=3).tolist() == Random().fit(log).recommend([4], n=3).tolist()
    assert not AdaptiveHybrid([Popularity(), Random()], explore=False).fit(log).bounds([0]).any()
    greedy.observe(slates([4], [[0, 1]], [[1, 1]]))
    assert greedy.A_[0, 0, 0] == 5
    assert hybrid.A_[0, 0, 0] == 4  # the copy learns apart
    assert (greedy.b_[0, 0], hybrid.b_[0, 0]) == (4, 3)


def test_asking_does_not_change_what_is_learned():
    one, two = bandit(0), bandit(0)
    world = small_world()[0]
    answers = world.run(one.recommend, n_rounds=1, users_per_round=40, seed=3)  # a function: nobody observes
    two.recommend(range(200), n=3)
    two.score(range(200))
    for hybrid in (one, two):
        hybrid.observe(answers)
    np.testing.assert_array_equal(one.A_, two.A_)
    np.testing.assert_array_equal(one.b_, two.b_)
    copy = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(copy.choose(range(200)), one.choose(range(200)))


def test_a_new_fit_starts_anew():
    hybrid = bandit(0)
    world = small_world()[0]
    world.run(hybrid, n_rounds=2, users_per_round=20)
    hybrid.fit(world.log)
    assert hybrid.n_rounds_ == 0
    np.testing.assert_array_equal(hybrid.A_, bandit(0).A_)
    assert not hybrid.b_.any()


def test_who_was_shown_nothing_teaches_nothing():
    hybrid = bandit(0)
    hybrid.observe(slates([0, 1], [[-1, -1], [-1, -1]], [[0, 0], [0, 0]]))
    np.testing.assert_array_equal(hybrid.A_, bandit(0).A_)


@pytest.mark.parametrize(
    "context, message",
    [
        (np.ones((9, 2)), r"context: shape \(9, 2\) or not finite; expected \(10, D\)"),
        (np.ones(10), r"context: shape \(10,\)"),
        (np.ones((10, 0)), r"context: shape \(10, 0\)"),
        (np.full((10, 1), np.nan), "context: shape .* or not finite"),
        (lambda h, users: np.ones((3, 1)), r"context: shape \(3, 1\) or not finite; expected \(1, D\)"),
    ],
)
def test_a_wrong_context_is_refused(context, message):
    with pytest.raises(ValueError, match=message):
        AdaptiveHybrid([ItemKNN(), Popularity()], context).fit(rated())


def test_before_fit_it_neither_chooses_nor_learns():
    hybrid = AdaptiveHybrid([ItemKNN(), Popularity()])
    for ask in (lambda: hybrid.choose([0]), lambda: hybrid.bounds([0]), hybrid.greedy):
        with pytest.raises(NotFitted):
            ask()
    with pytest.raises(NotFitted):
        hybrid.observe(slates([0], [[0]], [[1]]))


def test_the_explanation_is_the_chosen_members():
    hybrid = bandit(0)
    name = hybrid.names_[hybrid.choose([7])[0]]
    assert explain(hybrid, 7, 3) == [(name, pytest.approx(hybrid.score([7])[0, 3]))]


def test_chance_among_equals_is_drawn_anew_each_round():
    log = Interactions(np.arange(200), np.zeros(200, dtype=int), 200, 3)
    hybrid = AdaptiveHybrid(three(log)).fit(log)
    before = hybrid.choose(range(200))
    hybrid.observe(slates([0], [[-1]], [[0]]))  # nobody was shown anything: all are equal still
    assert 0.5 < (hybrid.choose(range(200)) != before).mean() < 0.8  # two thirds, but for chance


@pytest.mark.parametrize("clicks", [[[2, 0]], [[1.0, 0.0]]])
def test_clicks_may_be_counts(clicks):
    hybrid = AdaptiveHybrid([Popularity(), Random()], np.ones((10, 1))).fit(rated())
    hybrid.observe(SimpleNamespace(users=[0], items=[[0, 1]], clicks=clicks))
    assert hybrid.b_.sum() == 0.5


@pytest.mark.parametrize(
    "users, clicks", [([0, 1], [True, False]), ([0, 1], [[1], [0]]), ([0], [[1, 0]] * 2)]
)
def test_clicks_of_another_shape_are_refused(users, clicks):
    hybrid = AdaptiveHybrid([Popularity(), Random()]).fit(rated())
    with pytest.raises(
        ValueError, match=r"clicks: shape .* for . users, items \(2, 2\); expected one per item"
    ):
        hybrid.observe(slates(users, [[0, 1]] * 2, clicks))
    assert hybrid.n_rounds_ == 0


def test_contexts_are_of_known_users_after_fit():
    hybrid = AdaptiveHybrid([Popularity(), Random()])
    with pytest.raises(NotFitted):
        hybrid.contexts([0])
    with pytest.raises(UnknownId, match="users: code -1"):
        hybrid.fit(rated()).contexts([-1])


def test_a_small_difference_decides_and_chance_only_where_there_is_none():
    hybrid = AdaptiveHybrid([Popularity(), Random()], np.ones((10, 1)), alpha=0.0).fit(rated())
    hybrid.b_[:] = [[0.5], [0.5 + 1e-6]]
    assert (hybrid.choose(range(10)) == 1).all()
    hybrid.b_[:] = [[0.5], [0.5 + 1e-15]]  # rounding
    assert set(hybrid.choose(range(10)).tolist()) == {0, 1}
