"""The best of a recommender, reordered: the shared contract, slow loops, and what is asked."""

import dataclasses
import pickle
import threading
from dataclasses import dataclass

import numpy as np
import pytest
import test_contract as contract

from recsys_course import compiled
from recsys_course.base import Recommender
from recsys_course.baselines import Popularity, Random
from recsys_course.data.planted import two_tribes
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.language import LanguageReranker, Ranking, RankingError, StubRanker, averaged
from recsys_course.neighbors import ItemKNN


def titles_of(n_items):
    """The halves of any catalogue have a word each, and every item one of its own."""
    return [f"{'red' if item * 2 < n_items else 'blue'} number{item}" for item in range(n_items)]


class ForAnyLog:
    """Takes titles for as many items as the log has, so that one model serves every log."""

    def _fit(self, data):
        self.titles = titles_of(data.n_items)
        try:
            super()._fit(data)
        finally:
            self.titles = ()


@dataclass
class Reranker(ForAnyLog, LanguageReranker):
    base: Recommender = dataclasses.field(default_factory=lambda: ItemKNN(k=5))
    ranker: object = dataclasses.field(
        default_factory=lambda: averaged(StubRanker(quality=0.9, noise=0.2), 2)
    )
    titles: tuple = ()
    depth: int = 4


CHECKS = [
    contract.test_fit_returns_the_model_and_leaves_the_log_and_the_settings,
    contract.test_before_fit_there_is_a_clear_refusal,
    contract.test_two_fits_with_one_seed_are_the_same,
    contract.test_a_second_fit_forgets_the_first,
    contract.test_a_pickled_model_answers_the_same,
    contract.test_learns_the_two_tribes,
    contract.test_answers_and_lists_are_sound,
    contract.test_a_user_scores_the_same_alone_and_in_company,
    contract.test_lists_are_the_sorted_scores_with_ties_by_the_smaller_code,
    contract.test_who_has_seen_everything_gets_only_padding,
    contract.test_users_without_history_can_be_served_by_popularity,
    contract.test_nobody_asked_is_nobody_served,
    contract.test_what_is_no_log_is_refused,
    contract.test_codes_outside_the_training_data_are_refused,
]


@pytest.fixture(autouse=True)
def in_the_contract(monkeypatch):
    monkeypatch.setitem(contract.MODELS, "Reranker", Reranker)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check):
    check("Reranker")


def test_the_size_of_a_batch_does_not_show(monkeypatch):
    contract.test_the_size_of_a_batch_does_not_show("Reranker", monkeypatch)


@pytest.mark.parametrize("log", map(contract.timed, contract.ODD.values()), ids=contract.ODD)
def test_odd_logs_survive(log):
    contract.test_odd_logs_survive("Reranker", log)


# --- what is asked, and what becomes of it


@dataclass
class Fixed(Recommender):
    """Scores that are given."""

    table: np.ndarray

    def _fit(self, data):
        pass

    def _score(self, users):
        return np.asarray(self.table, dtype=float)[users]


class Backwards:
    """Turns the candidates round; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def rank(self, history, candidates):
        self.asked.append((list(history), list(candidates)))
        return Ranking(list(range(len(candidates)))[::-1])

    def identity(self):
        return "backwards"


TITLES = list("abcdef")
LOG = Interactions([0, 0, 0, 0, 1, 2], [0, 1, 0, 2, 5, 5], 4, 6, times=[40, 20, 10, 30, 5, 5])


def test_by_hand():
    """The base: a, b, c, d, e, f. User 0 has met a, b, c, in the order b, c, a; unmet are d, e, f."""
    ranker = Backwards()
    model = LanguageReranker(Fixed(np.tile(np.arange(6)[::-1], (4, 1))), ranker, TITLES, depth=2).fit(LOG)
    scores = model.score([0])
    assert ranker.asked == [(["b", "c", "a"], ["d", "e"])]
    assert scores.tolist() == [[4, 3, 2, 5, 6, 1]]  # e and d first, then a, b, c, f
    assert model.recommend([0], 3).tolist() == [[4, 3, 5]]
    assert model.recommend([0], 6, exclude_seen=False).tolist() == [[4, 3, 0, 1, 2, 5]]


def test_each_user_is_asked_about_once_in_a_batch_and_who_has_no_history_not_at_all():
    ranker = Backwards()
    model = LanguageReranker(Fixed(np.tile(np.arange(6)[::-1], (4, 1))), ranker, TITLES, depth=3).fit(LOG)
    scores = model.score([3, 1, 0, 1, 2])
    assert len(ranker.asked) == 2  # users 1 and 2 have one history, and one question
    np.testing.assert_array_equal(scores[1], scores[3])
    np.testing.assert_array_equal(scores[0], [6, 5, 4, 3, 2, 1])  # user 3 met nothing: the base's


def test_a_history_is_cut_and_holds_each_item_once():
    model = LanguageReranker(Popularity(), Backwards(), TITLES, history_length=2).fit(LOG)
    assert model.history(0).tolist() == [2, 0]
    assert model.history(3).tolist() == []
    with pytest.raises(UnknownId, match=r"^user: code 4 was not in the training data"):
        model.history(4)
    without_clock = dataclasses.replace(LOG, times=None)
    model = LanguageReranker(Popularity(), Backwards(), TITLES).fit(without_clock)
    assert model.history(0).tolist() == [1, 0, 2]  # as the log stands; the last time of item 0 counts


def test_what_the_base_refuses_is_no_candidate():
    ranker = Backwards()
    table = np.array([[np.nan, 5, -np.inf, 3, 2, 1]] * 4)
    model = LanguageReranker(Fixed(table), ranker, TITLES, depth=9).fit(LOG)
    assert model.recommend([1], 6).tolist() == [[4, 3, 1, -1, -1, -1]]
    assert ranker.asked == [(["f"], ["b", "d", "e"])]


def test_one_candidate_is_no_question():
    ranker = Backwards()
    LanguageReranker(Popularity(), ranker, TITLES, depth=1).fit(LOG).recommend([0, 1, 2, 3])
    assert ranker.asked == []


def test_as_a_slow_loop_finds_it():
    data, _ = two_tribes()
    data = contract.timed(data)
    titles, stub = titles_of(12), StubRanker(quality=0.5, position_bias=1)
    base = ItemKNN(k=5).fit(data)
    got = (
        LanguageReranker(ItemKNN(k=5), stub, titles, depth=5, history_length=3)
        .fit(data)
        .recommend(np.arange(20), 12)
    )
    for user in range(20):
        events = sorted(
            (time, item)
            for u, item, time in zip(data.users, data.items, data.times, strict=True)
            if u == user
        )
        past = [titles[item] for _, item in events[-3:]]
        listed = [item for item in base.recommend([user], 12)[0] if item >= 0]
        head = [listed[place] for place in stub.rank(past, [titles[item] for item in listed[:5]]).order]
        assert [item for item in got[user] if item >= 0] == head + listed[5:]


def test_a_good_ranker_mends_a_bad_base():
    """Whoever is asked knows the tribes from the titles; the base is chance."""
    data, tribe = two_tribes()
    base = Random(seed=1).fit(data).recommend(np.arange(20), 1)[:, 0]
    model = LanguageReranker(Random(seed=1), StubRanker(), titles_of(12), depth=12).fit(contract.timed(data))
    first = model.recommend(np.arange(20), 1)[:, 0]
    assert (first // 6 == tribe).all()
    assert (base // 6 == tribe).mean() < 0.9


def test_nothing_is_asked_twice_with_a_folder(tmp_path):
    first, second = Backwards(), Backwards()
    for ranker in (first, second):
        model = LanguageReranker(Popularity(), ranker, TITLES, folder=tmp_path).fit(LOG)
        model.recommend([0, 1, 2, 3])
        model.recommend([0, 1, 2, 3])
    assert len(first.asked) == 2
    assert second.asked == []


def test_a_ranker_that_fails_may_leave_the_order_as_it_is():
    class Silent(Backwards):
        def rank(self, history, candidates):
            raise RankingError("nobody there")

    base = Popularity().fit(LOG).recommend([0, 1, 2, 3], 4)
    with pytest.raises(RankingError, match=r"nobody there"):
        LanguageReranker(Popularity(), Silent(), TITLES).fit(LOG).recommend([0])
    with pytest.warns(UserWarning, match=r"failed and stay as given"):
        kept = (
            LanguageReranker(Popularity(), Silent(), TITLES, on_error="given")
            .fit(LOG)
            .recommend([0, 1, 2, 3], 4)
        )
    np.testing.assert_array_equal(kept, base)


def test_one_question_at_a_time_also_in_threads(monkeypatch):
    monkeypatch.setattr(compiled, "n_threads", lambda: 4)
    monkeypatch.setattr("recsys_course.base.CELLS_PER_BATCH", 12)
    inside, most = [], []

    class Watching(Backwards):
        def rank(self, history, candidates):
            inside.append(threading.get_ident())
            most.append(len(inside))
            answer = super().rank(history, candidates)
            inside.pop()
            return answer

    data, _ = two_tribes()
    LanguageReranker(ItemKNN(), Watching(), titles_of(12)).fit(data).recommend(np.arange(20))
    assert max(most) == 1


def test_base_and_ranker_stay_as_they_were():
    base = ItemKNN()
    model = LanguageReranker(base, StubRanker(), TITLES).fit(LOG)
    assert not hasattr(base, "seen_")
    assert hasattr(model.base_, "seen_")
    assert "'b'" not in repr(model)  # a catalogue of titles is no line
    assert pickle.loads(pickle.dumps(model)).recommend([0], 3).tolist() == model.recommend([0], 3).tolist()


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"depth": 0}, ValueError, r"^depth: 0; expected candidates, at least 1"),
        ({"history_length": 0}, ValueError, r"^history_length: 0; expected items, at least 1"),
        ({"titles": ["a"]}, ValueError, r"^titles: 1; expected 6, one per item code"),
        ({"titles": "abcdef"}, TypeError, r"^titles: 'abcdef', one text; expected a list"),
        ({"titles": [*"abcde", None]}, TypeError, r"^titles: None in place 5"),
        ({"base": "knn"}, TypeError, r"^base: 'knn'; expected a Recommender"),
        ({"ranker": print}, TypeError, r"^ranker: .*; expected a ranker with rank and identity"),
    ],
)
def test_settings_that_are_refused(change, error, message):
    model = dataclasses.replace(LanguageReranker(Popularity(), StubRanker(), TITLES), **change)
    with pytest.raises(error, match=message):
        model.fit(LOG)
