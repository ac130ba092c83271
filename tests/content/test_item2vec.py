"""Sessions by hand; vectors that find planted groups, and stay neutral where nothing was learned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log

from recsys_course.baselines import Popularity
from recsys_course.content import Item2Vec, sessions
from recsys_course.content.text import train_sgns
from recsys_course.data.planted import two_tribes
from recsys_course.interactions import Interactions
from recsys_course.measures import pairwise

HOUR = 3_600


def as_lists(found: list[np.ndarray]) -> list[list[int]]:
    return [met.tolist() for met in found]


def test_sessions_by_hand():
    """User 0: items 5, 3 within the half hour, which it may last to the second; then 4, one second too
    late. User 1: 2 twice, and 6 at the same second, as logged. User 2: one event. The log is unsorted."""
    users = [1, 0, 0, 2, 0, 1, 1]
    items = [2, 4, 5, 1, 3, 6, 2]
    times = [100, 3_601, 0, 7, 1_800, 101, 101]
    log = Interactions(users, items, 4, 7, times=times)
    assert as_lists(sessions(log, 1_800)) == [[5, 3], [4], [2, 6, 2], [1]]
    assert as_lists(sessions(log, 1_801)) == [[5, 3, 4], [2, 6, 2], [1]]
    assert as_lists(sessions(log, 0)) == [[5], [3], [4], [2], [6, 2], [1]]
    assert as_lists(sessions(log, None)) == [[5, 3, 4], [2, 6, 2], [1]]
    assert as_lists(sessions(log)) == as_lists(sessions(log, 1_800))  # the default


def test_without_a_clock_the_log_gives_the_order():
    log = Interactions([1, 0, 1], [2, 0, 1], 2, 3)
    assert as_lists(sessions(log, None)) == [[0], [2, 1]]
    with pytest.raises(ValueError, match="data: no times; expected a log with a clock"):
        sessions(log, 60)
    with pytest.raises(ValueError, match="gap: -1; expected seconds, at least 0"):
        sessions(log, -1)
    assert sessions(Interactions([], [], 2, 3), None) == []


@given(st.integers(0, 50), st.integers(0, 40))
def test_sessions_are_the_log_cut_at_every_long_pause(seed, gap):
    """The definition, an event at a time: no event lost, none moved."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    log = Interactions(
        rng.integers(4, size=n), rng.integers(9, size=n), 4, 9, times=rng.integers(200, size=n)
    )
    expected, before = [], None
    for row in sorted(range(n), key=lambda row: (log.users[row], log.times[row], row)):
        if before is None or log.users[row] != log.users[before] or log.times[row] - log.times[before] > gap:
            expected.append([])
        expected[-1].append(int(log.items[row]))
        before = row
    assert as_lists(sessions(log, gap)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_planted_tribes_and_popularity_does_not(seed):
    log, tribe = two_tribes(200, 40, held=5)
    users = np.arange(200)

    def own(model):
        return (model.fit(log).recommend(users, 5) // 20 == tribe[:, None]).mean()

    assert own(Item2Vec(seed=seed)) > 0.95
    assert own(Popularity()) == 0.5  # one list for all


def test_what_counts_is_the_session_and_not_the_user():
    """Everybody meets both kinds, a kind an evening: only who cuts by time can tell the kinds apart."""
    rng = np.random.default_rng(0)
    users, items, times = [], [], []
    for user in range(100):
        for evening in range(10):
            kind = rng.integers(2)
            for place, item in enumerate(rng.choice(8, 4, replace=False)):
                users.append(user)
                items.append(8 * kind + item)
                times.append(24 * HOUR * evening + 60 * place)
    log = Interactions(users, items, 100, 16, times=times)
    same = np.arange(16)[:, None] // 8 == np.arange(16) // 8
    other = ~np.eye(16, dtype=bool)
    apart = {}
    for gap in (HOUR, None):
        S = pairwise(Item2Vec(gap=gap, sample=0, window=40, n_epochs=5).fit(log).V_)
        apart[gap] = S[same & other].mean() - S[~same].mean()
        if gap == HOUR:
            assert S[same & other].min() > S[~same].max()
    assert apart[None] < apart[HOUR] / 2


def test_the_vectors_are_those_of_skip_gram_on_the_sessions_of_two_or_more():
    log, _ = two_tribes()
    model = Item2Vec(n_factors=7, window=3, n_epochs=4, sample=0, gap=None, seed=5, power=0.5).fit(log)
    expected = train_sgns(
        sessions(log, None), 12, n_factors=7, window=3, n_epochs=4, sample=0, seed=5, power=0.5
    )
    np.testing.assert_array_equal(model.V_, expected.V)
    np.testing.assert_array_equal(model.loss_, expected.loss)


def test_scores_are_the_mean_cosine_with_the_history():
    log = random_log(stars=False)
    model = Item2Vec(gap=None, sample=0, n_epochs=3, n_factors=8).fit(log)
    V, met = model.V_.astype(float), log.to_csr().toarray() > 0
    unit = np.array([v / np.linalg.norm(v) if v.any() else v for v in V])
    for user in np.flatnonzero(met.any(axis=1)):
        profile = unit[met[user]].mean(axis=0)
        np.testing.assert_allclose(
            model.score([user])[0], unit @ profile / np.linalg.norm(profile), rtol=1e-4, atol=1e-5
        )
        parts = [part for _, part in model.reasons(user, 0, 9)]
        assert model.parts(user, 0)[1].sum() == pytest.approx(model.score([user])[0, 0], abs=1e-5)
        assert len(parts) == (model.parts(user, 0)[1] > 0).sum()
    np.testing.assert_allclose(model.score_histories(model.seen_), model.score(np.arange(17)), atol=1e-6)


def test_what_stands_alone_has_no_vector_and_scores_0():
    """Items 2 and 3: met, but never with another in one session; item 4: never."""
    log = Interactions([0, 0, 1, 1, 2], [0, 1, 0, 2, 3], 4, 5, times=[0, 1, 0, 9_999, 5])
    model = Item2Vec(sample=0).fit(log)
    assert model.V_[:2].any(axis=1).all() and not model.V_[2:].any()
    scores = model.score(np.arange(4))
    assert not scores[:, 2:].any() and not scores[[2, 3]].any()
    lonely = Item2Vec(gap=0.0).fit(log)
    assert not lonely.score(np.arange(4)).any() and len(lonely.loss_) == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_factors": 0}, "n_factors: 0; expected a count of at least 1"),
        ({"window": 0}, "window: 0; expected a count of at least 1"),
        ({"n_negatives": 0}, "n_negatives: 0; expected a count of at least 1"),
        ({"learning_rate": 0.0}, "learning_rate: 0.0; expected a rate of more than 0"),
        ({"sample": -1.0}, "sample: -1.0; expected a value of at least 0"),
        ({"gap": -1}, "gap: -1; expected seconds, at least 0"),
        ({"seed": -1}, "seed: -1; expected a value of at least 0"),
    ],
)
def test_settings_outside_their_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Item2Vec(**options).fit(two_tribes()[0])


def test_a_gap_needs_a_clock():
    log = random_log()
    with pytest.raises(ValueError, match=r"data: no times; expected a log with a clock .*or gap=None"):
        Item2Vec().fit(log)
    assert Item2Vec(gap=None).fit(log).V_.any()
