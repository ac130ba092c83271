"""The references of chapter 1 against something else: scipy, the package, loops."""

from __future__ import annotations

import numpy as np
import pytest
from every_check import drawn
from scipy.stats import binomtest, norm

from recsys_course import Interactions, metrics
from recsys_course.baselines import RecentPopularity, wilson_lower_bound
from recsys_course.baselines import bayesian_average as package_average
from recsys_course.checks import overview


def test_density_is_that_of_the_matrix():
    compared = 0
    for events, n_users, n_items in drawn(overview.density):
        R = np.zeros((n_users, n_items))
        for user, item in events:
            R[user, item] = 1
        pairs = [(R[u] * R[v]).any() for u in range(n_users) for v in range(u)]
        assert overview.density.reference(events, n_users, n_items) == pytest.approx(
            (R.mean(), np.mean(pairs))
        )
        compared += 0 < sum(pairs) < len(pairs)
    assert compared >= 5


def test_bayesian_average_is_the_packages_and_the_plain_mean_with_the_ratings_added():
    for stars, damping in drawn(overview.bayesian_average):
        got = overview.bayesian_average.reference(stars, damping)
        prior = np.mean(np.concatenate(stars))
        totals, counts = [sum(s) for s in stars], [len(s) for s in stars]
        np.testing.assert_allclose(got, package_average(totals, counts, prior, damping))
        if damping == int(damping):
            np.testing.assert_allclose(got, [np.mean([*s, *[prior] * int(damping)]) for s in stars])


def test_wilson_bound_is_scipys_and_the_packages():
    for successes, trials, z in drawn(overview.wilson_bound):
        got = overview.wilson_bound.reference(successes, trials, z)
        assert got == pytest.approx(float(wilson_lower_bound(successes, trials, z)), abs=1e-9)
        if trials:
            interval = binomtest(successes, trials).proportion_ci(2 * norm.cdf(z) - 1, "wilson")
            assert got == pytest.approx(interval.low, abs=1e-9)


def test_decayed_popularity_is_the_packages_where_the_log_ends_now():
    compared = 0
    for events, now, half_life in drawn(overview.decayed_popularity):
        past = [e for e in events if e[2] <= now]
        got = overview.decayed_popularity.reference(events, now, half_life)
        assert set(got) == {item for _, item, _ in past}
        if past and max(day for *_, day in past) == now:
            users, items, days = map(np.array, zip(*past, strict=True))
            log = Interactions(users, items, 3, 4, times=86_400 * days)
            counts = RecentPopularity(half_life).fit(log).counts_
            np.testing.assert_allclose([got.get(i, 0.0) for i in range(4)], counts)
            compared += 1
    assert compared >= 3


def test_gini_is_the_packages_and_half_the_relative_mean_difference():
    for lists, n_items in drawn(overview.gini_of_exposure):
        shown = np.concatenate(lists).astype(int)
        counts = np.bincount(shown[shown >= 0], minlength=n_items)
        got = overview.gini_of_exposure.reference(lists, n_items)
        if not counts.sum():
            assert np.isnan(got)
            continue
        assert got == pytest.approx(metrics.gini(counts))
        difference = np.abs(np.subtract.outer(counts, counts)).mean()
        assert got == pytest.approx(difference / (2 * counts.mean()))


def test_the_loop_gives_every_view_to_somebody_and_is_the_formula_in_arrays():
    for clicks, quality, power, explore, n_rounds in drawn(overview.feedback_loop):
        c, q = np.array(clicks), np.array(quality)
        for _ in range(n_rounds):
            share = (1 - explore) * c**power / (c**power).sum() + explore / len(c)
            assert share.sum() == pytest.approx(1)
            c = c + share * q
        np.testing.assert_allclose(
            overview.feedback_loop.reference(clicks, quality, power, explore, n_rounds), c
        )


def test_luck_stays_where_quality_is_equal_and_wins_where_the_front_is_preferred():
    loop = overview.feedback_loop.reference
    even, equal = [3.0, 1.0], [0.5, 0.5]
    c = loop(even, equal, 1.0, 0.0, 200)
    assert c[0] / c[1] == pytest.approx(3)  # proportional: the lead of the first day stays
    c = loop(even, equal, 2.0, 0.0, 200)
    assert c[0] / c[1] > 10  # the front is preferred: the lead grows
    better_wins, better_lost = (loop(even, [0.4, 0.6], p, 0.0, 10_000) for p in (1.0, 2.0))
    assert better_wins[1] > better_wins[0] and better_lost[1] < 0.01 * better_lost[0]
