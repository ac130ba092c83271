"""The estimators on real logs that hold their own answer, where the files are at hand."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_course.baselines import DampedMeans
from recsys_course.data import load_coat, load_open_bandit, split_random
from recsys_course.evaluation.offpolicy import (
    OverlapWarning,
    estimate_propensities,
    ips,
    self_normalised_ips,
)

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize("estimator", [ips, self_normalised_ips])
def test_open_bandit_each_policy_from_the_others_log(data_file, estimator):
    folder = data_file("open-bandit-small/random-men.csv.gz").parent
    uniform, bts = (load_open_bandit(policy, "men", folder) for policy in ("random", "bts"))
    table = estimate_propensities(bts.actions, bts.n_actions, bts.positions - 1)
    crossed = (
        (bts, np.full(len(bts), 1 / bts.n_actions), uniform),
        (uniform, table[uniform.positions - 1, uniform.actions], bts),
    )
    for log, target, own in crossed:
        got = estimator(log.rewards, log.propensities, target)
        truth = ips(own.rewards, own.propensities, own.propensities)
        assert abs(got.value - truth.value) < 4 * np.hypot(got.standard_error, truth.standard_error)
        assert got.effective_sample_size > 500


def test_open_bandit_says_so_where_the_log_has_no_overlap(data_file):
    bts = load_open_bandit("bts", "women", data_file("open-bandit-small/bts-women.csv.gz").parent)
    with pytest.warns(OverlapWarning, match=r"effective sample size 2\.1 of 10000"):
        ips(bts.rewards, bts.propensities, np.full(len(bts), 1 / bts.n_actions))


def test_coat_weights_bring_the_error_nearer_to_that_on_random_items(data_file):
    coat = load_coat(data_file("coat/train.ascii").parent)
    naive, weighted, random = [], [], []
    for seed in range(5):
        train, held = split_random(coat.data.log, 0.25, seed=seed)
        model = DampedMeans().fit(train)
        errors = (model.predict(held.users, held.items) - held.values) ** 2
        chance = coat.propensities[held.users, held.items]
        naive.append(errors.mean())
        weighted.append(self_normalised_ips(errors, chance, np.full(len(chance), chance.min())).value)
        random.append(np.mean((model.predict(coat.test.users, coat.test.items) - coat.test.values) ** 2))
    assert abs(np.mean(weighted) - np.mean(random)) < abs(np.mean(naive) - np.mean(random))
    assert np.mean(naive) < np.mean(random)
