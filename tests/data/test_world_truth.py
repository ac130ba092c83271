"""What is planted in the world can be found again in its log."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from recsys_course.data.world import SCENARIOS, make_world
from recsys_course.data.world.feedback import clicked_before

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
FAR = 4.0  # standard errors: by chance a right world is refused once in 16,000 such tests


@pytest.fixture(scope="module")
def shop():
    return make_world("shop", n_users=400, n_items=150, n_exposures=200_000, seed=3)


@each_scenario
def test_propensities_of_all_items_add_up_to_one(name):
    world = make_world(name, n_users=30, n_items=200, n_exposures=1_000)
    users, items = np.arange(30)[:, None], np.arange(200)
    for position in (1, world.scenario.slate_size):
        for at in np.linspace(world.start, world.end, 7):
            total = world.propensity(users, items, position, at=at).sum(axis=1)
            np.testing.assert_allclose(total, 1, rtol=1e-9)


@each_scenario
def test_the_log_records_the_propensity_that_can_be_asked(name):
    world = make_world(name, n_users=40, n_items=200, n_exposures=2_000, seed=1)
    events = world.events.sample(60, random_state=0)
    asked = [world.propensity(e.user, e.item, e.position, at=e.time) for e in events.itertuples()]
    np.testing.assert_allclose(events.propensity, asked)
    assert (events.propensity > 0).all()


@pytest.mark.parametrize(("name", "position"), [("shop", 1), ("music", 1), ("music", 10), ("news", 8)])
def test_draws_of_one_user_are_as_frequent_as_their_propensity(name, position):
    world = make_world(name, n_users=20, n_items=60, n_exposures=1_000, seed=2)
    rng, user, period = np.random.default_rng(0), 7, 5
    drawn = world.policy.sample(np.full(60_000, user), period, rng)[:, position - 1]
    p = world.policy.propensity(np.array(user), np.arange(60), np.array(position), period)
    count = np.bincount(drawn, minlength=60)
    assert (count[p == 0] == 0).all()
    assert (p > 0).sum() > 3
    assert stats.chisquare(count[p > 0], 60_000 * p[p > 0] / p.sum()).pvalue > 1e-4


def test_weighted_by_inverse_propensity_every_item_was_shown_equally_often(shop):
    """The sum of 1/p over the exposures of an item has mean N and variance sum of (1/p - 1)."""
    p, items = shop.slates.propensities.ravel(), shop.slates.items.ravel()
    always = np.flatnonzero(shop.items.launch <= shop.start)
    total = np.bincount(items, 1 / p, minlength=150)[always]
    # unbiased estimate of the variance: the sum over all exposures, seen through the item's own
    variance = np.bincount(items, (1 / p - 1) / p, minlength=150)[always]
    z = (total - len(p)) / np.sqrt(variance)
    assert abs(z).max() < FAR + 1  # the largest of about a hundred
    assert 0.8 < np.sqrt((z**2).mean()) < 1.2


def test_position_bias_is_found_where_positions_are_random():
    flat = replace(SCENARIOS["shop"], bottom=SCENARIOS["shop"].top)
    world = make_world(flat, n_users=400, n_items=100, n_exposures=300_000, seed=1)
    slope, error = _slope(world.slates.clicks, np.ones(world.slates.items.shape))
    assert abs(slope + flat.eta) < FAR * error
    assert error < 0.05


def test_position_bias_is_confounded_and_inverse_propensity_unravels_it(shop):
    naive, error = _slope(shop.slates.clicks, np.ones(shop.slates.items.shape))
    assert naive < -shop.scenario.eta - FAR * error  # better items stand higher: looks too steep
    on_offer = np.array([len(offer.items) for offer in shop.policy.offers])
    weight = 1 / on_offer[shop.policy.periods(shop.slates.times)][:, None] / shop.slates.propensities
    fair, error = _slope(shop.slates.clicks, weight)
    assert abs(fair + shop.scenario.eta) < FAR * error


def _slope(clicks, weight):
    """Slope of log click rate on log position, and its standard error."""
    rate = (weight * clicks).mean(axis=0)
    variance = (weight * clicks).var(axis=0) / len(clicks) / rate**2  # of log rate
    x = np.log(np.arange(1, clicks.shape[1] + 1))
    w = 1 / variance
    centred = x - np.average(x, weights=w)
    return (w * centred * np.log(rate)).sum() / (w * centred**2).sum(), 1 / np.sqrt((w * centred**2).sum())


@each_scenario
def test_clicks_and_purchases_come_as_often_as_the_truth_says(name):
    world = make_world(name, n_users=60, n_items=80, n_exposures=40_000, seed=4)
    events = world.events
    before = _clicked_before_by_loop(world)
    p = world.click_probability(
        events.user.to_numpy(),
        events.item.to_numpy(),
        events.position.to_numpy(),
        events.time.to_numpy(),
        before,
    )
    for group in (before, ~before):
        surprise = (events.click[group] - p[group]).sum() / np.sqrt((p * (1 - p))[group].sum())
        assert abs(surprise) < FAR
    assert before.sum() > 100
    # the same without what was clicked before must fail, where that matters
    if abs(world.scenario.repeat) >= 1:
        forgetful = world.click_probability(
            events.user.to_numpy(), events.item.to_numpy(), events.position.to_numpy(), events.time.to_numpy()
        )
        assert abs((events.click - forgetful)[before].sum()) > FAR * np.sqrt((p * (1 - p))[before].sum())
    clicked = events[events.click]
    utility = world.utility(clicked.user.to_numpy(), clicked.item.to_numpy(), clicked.time.to_numpy())
    buy = expit(utility - world.scenario.click_offset + world.scenario.purchase_offset)
    assert abs((clicked.purchase - buy).sum()) < FAR * np.sqrt((buy * (1 - buy)).sum())


def _clicked_before_by_loop(world):
    """The definition as a loop over the log: clicked in an earlier slate?"""
    first, before = {}, []
    for row in world.events.itertuples():
        pair = (row.user, row.item)
        before.append(pair in first and first[pair] < row.slate)
        if row.click:
            first.setdefault(pair, row.slate)
    return np.array(before)


def test_clicked_before_counts_earlier_slates_only():
    users = np.array([0, 0, 1, 0])
    items = np.array([[2, 2, 1], [2, 0, 1], [2, 2, 2], [0, 1, 2]])
    fresh = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    got = clicked_before(users, items, fresh, range(3))
    assert got.tolist() == [[False] * 3, [True, False, False], [False] * 3, [False, False, True]]


def test_history_agrees_with_a_loop(shop):
    first = defaultdict(lambda: np.inf)
    for slate, (user, row, clicks) in enumerate(
        zip(shop.slates.users, shop.slates.items, shop.slates.clicks, strict=True)
    ):
        for item in row[clicks]:
            first[user, item] = min(first[user, item], slate)
    users, items = np.arange(30)[:, None], np.arange(150)
    edge = min(first[u, i] for u in range(30) for i in range(150))  # a first click is not before itself
    for slate in (0, edge, edge + 1, 5_000, np.inf):
        want = [[first[u, i] < slate for i in range(150)] for u in range(30)]
        np.testing.assert_array_equal(shop.history.before(users, items, slate), want)
    assert shop.has_clicked(users, items).any()


@pytest.mark.parametrize("drift", [0.0, 0.6, np.pi / 2])
def test_tastes_at_two_times_correlate_as_the_cosine_of_the_drift(drift):
    still = replace(SCENARIOS["shop"], drift=drift, group_share=0.0)
    users = make_world(still, n_users=4_000, n_items=20, n_exposures=10).users
    everybody = np.arange(4_000)
    start = users.taste_at(everybody, 0.0).ravel()
    for part in (0.0, 0.3, 1.0):
        r = np.corrcoef(start, users.taste_at(everybody, drift * part).ravel())[0, 1]
        assert abs(r - np.cos(drift * part)) < FAR / np.sqrt(len(start))


def test_utility_forgets_with_drift_and_stands_still_without():
    pairs = np.arange(200)[:, None], np.arange(100)
    for drift, forgets in ((0.0, False), (1.2, True)):
        world = make_world(replace(SCENARIOS["shop"], drift=drift), 200, 100, 1_000)
        now = [world.utility(*pairs, at=world.start + f * (world.end - world.start)) for f in (0, 0.5, 1)]
        r = [np.corrcoef(now[0].ravel(), later.ravel())[0, 1] for later in now]
        assert (r[0] > r[1] + 0.05 > r[2] + 0.1) if forgets else np.allclose(r, 1)


def test_pictures_matter_to_those_to_whom_they_matter():
    world = make_world("shop", n_users=1_000, n_items=300, n_exposures=200_000, seed=5)
    users, items = world.slates.users, world.slates.items[:, 0]  # position 1: always examined
    match = (world.users.image_taste[users] * world.items.image_style[items]).sum(axis=1)
    for caring in (True, False):
        rows = (world.users.image_weight[users] > 0) == caring
        effect, error = _logit_slope(match[rows], world.slates.clicks[rows, 0])
        if caring:  # the rest of the utility is left out, which weakens the slope but keeps its sign
            assert 0.5 * world.scenario.image_weight < effect < world.scenario.image_weight
        else:
            assert abs(effect) < FAR * error
        assert error < 0.1


def _logit_slope(x, y):
    """Logistic regression on one feature by Newton's method: slope and standard error."""
    X, w = np.column_stack([np.ones_like(x), x]), np.zeros(2)
    for _ in range(20):
        p = expit(X @ w)
        hessian = X.T @ (X * (p * (1 - p))[:, None])
        w = w + np.linalg.solve(hessian, X.T @ (y - p))
    return w[1], np.sqrt(np.linalg.inv(hessian)[1, 1])


@each_scenario
def test_missing_vectors_are_as_many_as_asked_and_please_nobody(name):
    world = make_world(name, n_users=10, n_items=3_000, n_exposures=10)
    table = world.dataset.items
    for modality in ("image", "audio"):
        share, vectors = getattr(world.scenario, f"{modality}_missing"), getattr(world.items, modality)
        gone = np.isnan(vectors).all(axis=1)
        assert abs(gone.mean() - share) <= FAR * np.sqrt(share * (1 - share) / 3_000)
        np.testing.assert_array_equal(gone, ~table[f"has_{modality}"])
        assert not np.isnan(vectors[~gone]).any()
        assert (getattr(world.items, f"{modality}_style")[gone] == 0).all()


def test_image_vectors_hold_the_style_that_pleases():
    items = make_world("shop", n_users=10, n_items=500, n_exposures=10).items
    there = ~np.isnan(items.image[:, 0])
    X, y = items.image[there], items.image_style[there]
    rest = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert (rest**2).mean() < 0.05  # of a variance of 1


@pytest.mark.parametrize(("name", "life"), [("news", 2), ("social", 10)])
def test_nothing_is_shown_before_its_launch_or_long_after_its_life(name, life):
    world = make_world(name, n_users=100, n_items=300, n_exposures=20_000)
    age = (world.events.time - world.items.launch[world.events.item]) / 86_400
    period = world.scenario.days / world.scenario.n_periods
    assert age.min() >= 0
    assert age.max() <= life + period
    assert age.max() > 0.9 * life


def test_old_news_is_dull_news():
    world = make_world("news", n_users=100, n_items=300, n_exposures=20_000)
    launch = world.items.launch[5]
    young, old = world.utility(0, 5, at=launch), world.utility(0, 5, at=launch + 86_400)
    drift = world.scenario.drift / world.scenario.days
    room = world.scenario.taste_weight * drift * np.abs(world.users.taste[:, 0]).sum()  # what taste can turn
    assert abs(young - old - world.scenario.fade) < room


def test_prices_put_off_those_who_mind():
    world = make_world("shop", n_users=50, n_items=80, n_exposures=100)
    dear, cheap = world.items.price.argmax(), world.items.price.argmin()
    without = world.utility(np.arange(50), dear)
    world.items.price_level[dear] = world.items.price_level[cheap]
    cut = np.log(world.items.price[dear] / world.items.price[cheap]) / 0.6
    np.testing.assert_allclose(
        world.utility(np.arange(50), dear) - without, world.users.price_weight * cut, rtol=0.01
    )


def test_ratings_rise_with_utility_and_are_as_many_as_asked():
    world = make_world("courses", n_users=300, n_items=100, n_exposures=50_000)
    clicked = world.events[world.events.click]
    rated = clicked[clicked.rating.notna()]
    share = world.scenario.rating_rate
    assert abs(len(rated) / len(clicked) - share) < FAR * np.sqrt(share * (1 - share) / len(clicked))
    assert set(rated.rating) == {1, 2, 3, 4, 5}
    truth = world.utility(rated.user.to_numpy(), rated.item.to_numpy(), rated.time.to_numpy())
    mean = world.scenario.stars + 0.6 * (truth - world.scenario.click_offset)
    inner = (mean > 2.7) & (mean < 3.3)  # so far from the ends that almost nothing is cut off, and evenly
    error = np.hypot(0.7, 0.3) / np.sqrt(inner.sum())  # of the noise, and of rounding
    assert abs((rated.rating - mean)[inner].mean()) < FAR * error
