"""The shared contract of all recommenders, held by those that need modalities."""

import dataclasses

import numpy as np
import pytest
import test_contract as contract

from recsys_course.base import NotFitted
from recsys_course.data.planted import two_tribes
from recsys_course.multimodal import FusionRecommender, LateFusion


def modalities_for(n_items):
    """Two modalities of any catalogue, with gaps; the first tells the halves of it apart."""
    rng = np.random.default_rng(n_items)
    image = np.eye(2)[np.arange(n_items) * 2 // n_items] + 0.1 * rng.normal(size=(n_items, 2))
    audio = rng.normal(size=(n_items, 3))
    audio[1::3] = np.nan
    return {"image": image, "audio": audio}


class ForAnyLog:
    """Takes modalities for as many items as the log has, so that one model serves every log."""

    def _fit(self, data):
        self.modalities = modalities_for(data.n_items)
        try:
            super()._fit(data)
        finally:
            self.modalities = None


def model_of(base, name, **options):
    """A class called ``name``, as the contract's messages expect, whose instances carry the options."""
    kind = type(name, (ForAnyLog, base), {"__module__": __name__})
    globals()[name] = kind  # where pickle looks
    return lambda **more: kind(**options | more)


KINDS = ("early", "late", "gated", "attention")
OWN = {"LateFusionForAny": model_of(LateFusion, "LateFusionForAny")} | {
    f"{kind.title()}ForAny": model_of(
        FusionRecommender, f"{kind.title()}ForAny", fusion=kind, n_factors=4, n_epochs=6, n_negatives=2
    )
    for kind in KINDS
}
each = pytest.mark.parametrize("name", OWN)


@pytest.fixture(autouse=True)
def in_the_contract(monkeypatch):
    for name, make in OWN.items():
        monkeypatch.setitem(contract.MODELS, name, make)


CHECKS = [
    contract.test_fit_returns_the_model_and_leaves_the_log_and_the_settings,
    contract.test_before_fit_there_is_a_clear_refusal,
    contract.test_two_fits_with_one_seed_are_the_same,
    contract.test_a_second_fit_forgets_the_first,
    contract.test_a_pickled_model_answers_the_same,
    contract.test_answers_and_lists_are_sound,
    contract.test_a_user_scores_the_same_alone_and_in_company,
    contract.test_lists_are_the_sorted_scores_with_ties_by_the_smaller_code,
    contract.test_who_has_seen_everything_gets_only_padding,
    contract.test_users_without_history_can_be_served_by_popularity,
    contract.test_nobody_asked_is_nobody_served,
    contract.test_what_is_no_log_is_refused,
    contract.test_codes_outside_the_training_data_are_refused,
]


@each
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(name, check):
    check(name)


@each
def test_the_size_of_a_batch_does_not_show(name, monkeypatch):
    contract.test_the_size_of_a_batch_does_not_show(name, monkeypatch)


@each
@pytest.mark.parametrize("log", map(contract.timed, contract.ODD.values()), ids=contract.ODD)
def test_odd_logs_survive(name, log):
    contract.test_odd_logs_survive(name, log)


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_learns_the_two_tribes(kind):
    """First the unmet item of the own tribe; features say which half it belongs to."""
    log, tribe = two_tribes()
    options = {"fusion": kind, "n_factors": 8, "n_epochs": 30, "batch_size": 20}
    model = OWN["LateFusionForAny"]() if kind is None else model_of(FusionRecommender, "Tribal", **options)()
    first = model.fit(log).recommend(np.arange(20), n=1)[:, 0]
    assert (first // 6).tolist() == tribe.tolist()
    assert not log.to_csr().toarray()[np.arange(20), first].any()


def test_neither_the_order_of_rows_nor_the_labels_matter_where_nothing_is_drawn():
    data = contract.rated()
    rng = np.random.default_rng(5)
    row, user, item = rng.permutation(40), rng.permutation(10), rng.permutation(8)
    other = dataclasses.replace(
        data, users=user[data.users[row]], items=item[data.items[row]], values=data.values[row], times=None
    )
    parts = modalities_for(8)
    moved = {name: x[np.argsort(item)] for name, x in parts.items()}
    got = LateFusion(moved).fit(other).score(np.arange(10))
    np.testing.assert_allclose(
        got[np.ix_(user, item)], LateFusion(parts).fit(data).score(np.arange(10)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("key", ["n_factors", "n_epochs", "learning_rate", "reg"])
def test_a_setting_outside_its_range_is_named(key):
    value = contract.LIMITS[key]
    model = OWN["GatedForAny"](**{key: value})
    with pytest.raises(ValueError, match=f"^{key}: {value}; expected"):
        model.fit(contract.tribes())
    with pytest.raises(NotFitted):
        model.recommend([0])
