"""Ten shops with several modalities: a row made again is the row on file; the measures are what they say."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from recsys_course import EASE, Popularity, metrics
from recsys_course.content import ContentProfile
from recsys_course.multimodal import LateFusion

ROOT = Path(__file__).resolve().parents[2]
FILE = json.loads((ROOT / "benchmarks" / "results" / "multimodal.json").read_text())


@pytest.fixture(scope="module")
def worlds():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("modal_worlds")


@pytest.fixture(scope="module")
def shop(worlds):
    return worlds.Shop(0)


def test_a_row_made_again_is_the_row_on_file(shop):
    run = FILE["shops"]["0"]
    assert shop.split.train.fingerprint() == run["sizes"]["sha256_train"]
    assert shop.split.test.fingerprint() == run["sizes"]["sha256_test"]
    models = {
        "popularity": Popularity(),
        "EASE": EASE(**FILE["settings"]["EASE"]),
        "profile: text": ContentProfile(shop.modalities["text"]),
        "scores: equal": LateFusion(shop.modalities),
    }
    for name, model in models.items():
        assert shop.judge(model.fit(shop.split.train)) == pytest.approx(run["values"][name], abs=1e-6), name


def test_the_file_holds_ten_shops_with_the_same_models():
    arms = [set(run["values"]) for run in FILE["shops"].values()]
    assert len(arms) == 10 and all(names == arms[0] for names in arms)
    assert FILE["choosing"] not in map(int, FILE["shops"])


def test_old_and_new_items_are_apart_and_learned_from_the_past_alone(shop):
    train, test = shop.split
    assert train.times.max() < test.times.min()
    assert not np.isin(train.items, shop.new).any() and np.isin(shop.new, test.items).all()
    assert not np.intersect1d(shop.old, shop.new).size
    assert shop.inner.train.times.max() < shop.inner.test.times.min() <= train.times.max()


def test_the_agreement_is_a_correlation_with_the_truth_user_by_user(shop):
    model = ContentProfile(shop.modalities["text"]).fit(shop.split.train)
    users = np.unique(shop.split.train.users)
    got = shop.agreement(model, shop.new)
    for row in (0, 7, len(users) - 1):
        truth = shop.world.utility(int(users[row]), shop.new)
        expected = np.corrcoef(model.score(users[[row]])[0, shop.new], truth)[0, 1]
        assert got[row] == pytest.approx(expected)


def test_ndcg_is_that_of_the_packages_own_lists_when_every_item_competes(shop, worlds):
    train, test = shop.split
    model = EASE(reg=100.0).fit(train)
    everything = np.arange(train.n_items)
    fresh = test.to_csr().toarray() * (train.to_csr().toarray() == 0)
    users = np.intersect1d(np.unique(train.users), np.flatnonzero(fresh.any(axis=1)))
    lists = model.recommend(users, n=10)
    expected = metrics.ndcg(lists, worlds.sparse.csr_array(fresh[users]), 10, mean=False)
    np.testing.assert_allclose(worlds.ndcg(model, shop.split, everything), expected, atol=1e-9)


def test_a_constant_score_agrees_with_nothing(worlds):
    found = worlds.correlations(np.array([[1.0, 1, 1], [1, 2, 3]]), np.array([[1.0, 2, 3], [3, 2, 1]]))
    np.testing.assert_allclose(found, [0, -1])
