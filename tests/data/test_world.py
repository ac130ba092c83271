"""The world as a whole: sizes, sameness, tables, pairs, refusals."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recsys_course.data.world import SCENARIOS, Mix, make_world, make_world_pair
from recsys_course.data.world.words import VOCABULARY
from recsys_course.metrics import gini

each_scenario = pytest.mark.parametrize("name", SCENARIOS)


@each_scenario
def test_the_same_seed_gives_the_same_world_and_another_another(name):
    one, two, other = (make_world(name, 50, 200, 2_000, seed=s) for s in (5, 5, 6))
    pd.testing.assert_frame_equal(one.events, two.events)
    pd.testing.assert_frame_equal(one.dataset.items, two.dataset.items)
    pd.testing.assert_frame_equal(one.dataset.users, two.dataset.users)
    assert not np.array_equal(one.slates.items, other.slates.items)
    assert not np.array_equal(one.items.appeal, other.items.appeal)


@each_scenario
def test_sizes_columns_and_order(name):
    world = make_world(name, n_users=70, n_items=200, n_exposures=3_001)
    events, data, size = world.events, world.dataset, world.scenario.slate_size
    assert len(events) == -(-3_001 // size) * size  # whole slates
    assert (data.log.n_users, data.log.n_items) == (70, 200) == (len(data.users), len(data.items))
    assert len(data.log) == events.click.sum() > 0
    assert not (events.purchase & ~events.click).any()
    assert not (events.rating.notna() & ~events.click).any()
    assert events.time.is_monotonic_increasing
    assert events.time.between(world.start, world.end).all()
    assert (events.time.to_numpy() >= world.users.joined[events.user]).all()
    assert (events.groupby("session").user.nunique() == 1).all()
    assert (events.time >= world.end - 60).mean() < 0.02  # nobody is swept up at the last minute
    assert events.position.max() == size
    assert (events.groupby("slate").position.count() == size).all()


@each_scenario
def test_texts_are_readable_and_speak_of_the_category(name):
    items = make_world(name, 10, 300, 10).dataset.items
    assert items.title.is_unique or items.title.nunique() > 0.9 * len(items)
    assert not items.title.str.contains(r"[{}]").any()
    assert not items.description.str.contains(r"[{}]").any()
    about = {c: set(words) for c, words in VOCABULARY[name].topics.items()}
    own = [_share(d, about[c]) for d, c in zip(items.description, items.category, strict=True)]
    others = [_share(d, set().union(*(w for o, w in about.items() if o != c)) - about[c]) / 7
              for d, c in zip(items.description, items.category, strict=True)]  # fmt: skip
    assert np.mean(own) > 5 * np.mean(others)
    assert (items.price > 0).all() == (SCENARIOS[name].price > 0)


def _share(text, words):
    return np.mean([w.strip(".?;,").lower() in words for w in text.split()])


@each_scenario
def test_word_lists_are_whole(name):
    topics = VOCABULARY[name].topics
    assert len(topics) == 8
    assert {len(w) for w in topics.values()} == {12}
    assert all(len(set(w)) == 12 for w in topics.values())


def test_few_items_and_few_users_have_most_of_the_clicks():
    log = make_world("shop").log
    assert gini(np.bincount(log.items, minlength=log.n_items)) > 0.5
    assert gini(np.bincount(log.users, minlength=log.n_users)) > 0.4


def test_scenarios_differ_where_they_should():
    rate = {name: make_world(name, 300, 300, 20_000) for name in SCENARIOS}
    clicks = {name: w.slates.clicks.mean() for name, w in rate.items()}
    assert min(clicks, key=clicks.get) == "ads"
    ratings = {name: np.isfinite(w.slates.ratings).sum() for name, w in rate.items()}
    assert max(ratings, key=ratings.get) == "courses"
    repeats = {name: 1 - w.log.to_csr().nnz / len(w.log) for name, w in rate.items()}
    assert max(repeats, key=repeats.get) == "music"
    assert repeats["news"] < 0.2 * repeats["music"] > repeats["courses"]


def test_memory_does_not_grow_with_users_times_items():
    make_world("music", 100, 100, 1_000)  # what is imported on first use is not counted
    tracemalloc.start()
    world = make_world("music", n_users=30_000, n_items=8_000, n_exposures=50_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < world.n_users * world.n_items  # one byte a pair would be 240 MB


def _correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


@pytest.mark.parametrize("relatedness", [0.0, 0.5, 1.0])
def test_a_pair_shares_people_and_the_asked_part_of_taste(relatedness):
    flat = tuple(replace(SCENARIOS[name], group_share=0.0) for name in ("shop", "courses"))
    one, two = make_world_pair(relatedness, "users", flat, n_users=3_000, n_items=150, n_exposures=1_000)
    r = _correlation(one.users.taste, two.users.taste)
    assert abs(r - relatedness) < 4 / np.sqrt(one.users.taste.size)
    np.testing.assert_array_equal(one.users.age, two.users.age)
    np.testing.assert_array_equal(one.users.activity, two.users.activity)
    assert list(one.dataset.users.region) == list(two.dataset.users.region)
    assert one.dataset.items.title.tolist() != two.dataset.items.title.tolist()
    assert one.scenario.name != two.scenario.name


def test_a_pair_shares_items_and_the_asked_part_of_their_appeal():
    found = []
    for relatedness in (0.0, 0.5, 1.0):
        one, two = make_world_pair(relatedness, "items", n_users=50, n_items=2_000, n_exposures=1_000)
        pd.testing.assert_frame_equal(one.dataset.items, two.dataset.items)
        assert not np.allclose(one.users.taste, two.users.taste)
        found.append((one.items.appeal * two.items.appeal).sum(axis=1).mean())
        assert abs(_correlation(one.items.quality, two.items.quality) - relatedness) < 4 / np.sqrt(2_000)
    assert abs(found[0]) < 0.1
    assert 0.3 < found[1] < 0.7
    assert found[2] == pytest.approx(1)


def test_the_first_of_a_pair_is_the_plain_world():
    one, _ = make_world_pair(0.3, n_users=40, n_items=50, n_exposures=500, seed=4)
    pd.testing.assert_frame_equal(one.events, make_world("shop", 40, 50, 500, seed=4).events)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_world("shops"), "scenario: 'shops'; .*did you mean 'shop'"),
        (lambda: make_world("musik"), "did you mean 'music'"),
        (lambda: make_world(7), "scenario: 7; expected one of shop, social"),
        (lambda: make_world("shop", n_users=0), "n_users: 0; expected a whole number of at least 1"),
        (lambda: make_world("shop", n_items=-3), "n_items: -3"),
        (lambda: make_world("shop", n_items=2.5), "n_items: 2.5"),
        (lambda: make_world("shop", n_exposures=0), "n_exposures: 0"),
        (lambda: make_world("shop", seed=-1), "seed: -1"),
        (lambda: make_world("news", n_items=5), "n_items: 5 items leave period .* without any item"),
        (lambda: make_world_pair(1.5), r"relatedness: 1.5; expected a number in 0\.\.1"),
        (lambda: make_world_pair(float("nan")), "relatedness: nan"),
        (lambda: make_world_pair(0.5, share="both"), "share: 'both'"),
        (lambda: replace(SCENARIOS["shop"], top=Mix(0.5, 0.5, 0.5, 0)), "top: .*add up to 1"),
        (lambda: replace(SCENARIOS["shop"], image_missing=1.2), "image_missing: 1.2"),
        (lambda: replace(SCENARIOS["shop"], drift=-0.1), "drift: -0.1"),
        (lambda: replace(SCENARIOS["shop"], days=0), "days: 0"),
        (lambda: replace(SCENARIOS["shop"], visit_slates=0.5), "visit_slates: 0.5"),
        (lambda: replace(SCENARIOS["music"], life_days=3), "library: .*expected a share of 0"),
    ],
)
def test_what_makes_no_world_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.utility(-1, 0), r"users: .*0\.\.8"),
        (lambda w: w.utility(0, 20), r"items: .*0\.\.19"),
        (lambda w: w.utility(0.5, 0), "users: float64"),
        (lambda w: w.click_probability(0, 0, position=0), "position: 0"),
        (lambda w: w.propensity(0, 0, position=11), r"position: 11; expected 1\.\.10"),
    ],
)
def test_questions_about_nobody_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(make_world("shop", n_users=9, n_items=20, n_exposures=100))


def test_utility_of_a_block_is_that_of_its_pairs():
    world = make_world("social", n_users=12, n_items=30, n_exposures=200)
    users, items = np.array([3, 7, 1]), np.array([0, 29])
    block = world.utility(users[:, None], items)
    assert block.shape == (3, 2)
    for b, u in enumerate(users):
        np.testing.assert_allclose(block[b], world.utility(np.array([u, u]), items))


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 40, 100), (30, 1, 100)])
def test_the_smallest_worlds_work(sizes):
    world = make_world("shop", *sizes) if sizes[1] > 1 else make_world(
        replace(SCENARIOS["shop"], launched_before=1.0), *sizes)  # fmt: skip
    assert len(world.events) >= sizes[2]
    assert "exposures" in repr(world)
