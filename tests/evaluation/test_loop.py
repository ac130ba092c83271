"""The feedback loop: what is served, what is learned, and what comes of it."""

import numpy as np
import pytest

from recsys_course import metrics
from recsys_course.baselines import Popularity
from recsys_course.data.world import make_world
from recsys_course.data.world.sessions import Slates
from recsys_course.evaluation.loop import Retrained
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE

# item 0 met by three users, item 1 by two, item 2 by one; items 3 to 9 by nobody
LOG = Interactions([0, 1, 2, 0, 1, 0], [0, 0, 0, 1, 1, 2], 4, 10, times=np.arange(6))


def answered(users, items, clicks):
    """Slates with these clicks, and nothing else in them."""
    shape = np.shape(items)
    return Slates(
        np.array(users, dtype=np.int32), np.full(len(users), 99), np.arange(len(users)),
        np.array(items, dtype=np.int32), np.full(shape, np.nan), np.array(clicks, dtype=bool),
        np.zeros(shape, dtype=bool), np.full(shape, np.nan),
    )  # fmt: skip


def test_without_exploration_the_lists_are_the_models():
    policy = Retrained(Popularity(), LOG)
    users = np.array([3, 0, 2])
    np.testing.assert_array_equal(policy.recommend(users, 3), Popularity().fit(LOG).recommend(users, 3))
    again = Retrained(Popularity(), LOG, exclude_seen=False)
    assert again.recommend(users, 3).tolist() == [[0, 1, 2]] * 3


def test_clicks_join_the_log_and_the_model_is_fitted_again():
    seen = []
    policy = Retrained(
        Popularity(), LOG, measure=lambda model: seen.append(model.counts_.copy()) or len(seen)
    )
    policy.observe(answered([3, 2], [[2, 1], [1, 4]], [[True, False], [True, True]]))
    assert [counts[:5].tolist() for counts in seen] == [[3, 2, 1, 0, 0], [3, 3, 2, 0, 1]]
    assert policy.measured == [1, 2]
    assert policy.log.users.tolist()[6:] == [3, 2, 2]
    assert policy.log.times.tolist()[6:] == [99, 99, 99]
    assert len(LOG) == 6  # the log that was given is as it was


def test_a_log_without_a_clock_stays_without():
    policy = Retrained(Popularity(), Interactions([0], [0], 4, 10))
    policy.observe(answered([1], [[1]], [[True]]))
    assert policy.log.times is None and len(policy.log) == 2


def test_exploration_takes_its_share_of_places_and_lists_nothing_twice():
    """4 of 10,000 items are listed, so hardly a draw is in vain: 4 * 3,000 places, a share of 0.3."""
    log = Interactions([0], [0], 3_000, 10_000)
    lists = Retrained(Popularity(), log, explore=0.3, exclude_seen=False).recommend(np.arange(3_000), 4)
    assert abs((lists >= 4).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 12_000) + 4 / 10_000
    small = Retrained(Popularity(), LOG, explore=1.0).recommend(np.arange(4).repeat(200), 5)
    assert metrics.hits_at(small, np.ones((800, 10)), 5).all()  # refuses an item listed twice
    assert len(np.unique(small)) == 10


def test_what_is_explored_can_be_all_that_is_learned():
    policy = Retrained(Popularity(), LOG, explore=0.5, learn_from="explored", exclude_seen=False)
    users = np.arange(4).repeat(50)
    lists = policy.recommend(users, 3)
    plain = Popularity().fit(LOG).recommend(users, 3, exclude_seen=False)
    policy.observe(answered(users, lists, np.ones(lists.shape)))
    new = policy.log.take(np.arange(6, len(policy.log)))
    assert new.items.tolist() == lists[lists != plain].tolist()
    assert 0 < len(new) < lists.size


def test_a_model_fed_its_own_clicks_forgets_taste_and_random_answers_teach_it():
    """Over seeds: the lists of the loop lose value, those of a model fed by chance gain."""
    change = {}
    for name, explore in (("loop", 0.0), ("chance", 1.0)):
        change[name] = []
        for seed in range(4):
            world = make_world("music", n_users=200, n_items=150, n_exposures=3_000, seed=seed)

            def value(model, world=world):
                everybody = np.arange(world.n_users)
                return world.policy_value(model.recommend(everybody, 10, exclude_seen=False, cold="popular"))

            policy = Retrained(EASE(reg=50), world.log, explore, exclude_seen=False, measure=value, seed=seed)
            world.run(policy, n_rounds=12, users_per_round=300, seed=seed)
            change[name].append(policy.measured[-1] - policy.measured[0])
    for name, sign in (("loop", -1), ("chance", 1)):
        mean, error = np.mean(change[name]), np.std(change[name], ddof=1) / 2
        assert sign * mean > 3 * error, (name, change[name])


@pytest.mark.parametrize("wrong", [-0.1, 1.5])
def test_a_share_outside_its_range_is_refused(wrong):
    with pytest.raises(ValueError, match=f"explore: {wrong}; expected a share in 0..1"):
        Retrained(Popularity(), LOG, explore=wrong)
    with pytest.raises(ValueError, match="learn_from: 'some'; expected 'all' or 'explored'"):
        Retrained(Popularity(), LOG, learn_from="some")
