"""Mixed and cascade: lists made of lists, by hand, as loops, and nothing lost."""

import numpy as np
import pytest
from hybrid_doubles import Fixed, fixed, nothing_met
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_course.hybrid import Cascade, Mixed, explain
from recsys_course.interactions import Interactions

# --- reciprocal rank fusion


def test_rrf_by_hand():
    # first list: 0 1 2; second: 2 0 1
    hybrid = Mixed([fixed([3.0, 2, 1]), fixed([20.0, 10, 30])]).fit(nothing_met(1, 3))
    expected = [1 / 61 + 1 / 62, 1 / 62 + 1 / 63, 1 / 63 + 1 / 61]
    np.testing.assert_allclose(hybrid.score([0]), [expected])
    assert hybrid.recommend([0], n=3).tolist() == [[0, 2, 1]]
    assert explain(hybrid, 0, 2) == [("Fixed 2", pytest.approx(1 / 61)), ("Fixed", pytest.approx(1 / 63))]


def test_k_of_0_is_one_over_the_rank():
    hybrid = Mixed([fixed([3.0, 2, 1]), fixed([20.0, 10, 30])], k=0).fit(nothing_met(1, 3))
    np.testing.assert_allclose(hybrid.score([0]), [[1 + 1 / 2, 1 / 2 + 1 / 3, 1 / 3 + 1]])


def test_what_lies_below_the_depth_gets_nothing_from_that_list():
    hybrid = Mixed([fixed([3.0, 2, 1]), fixed([20.0, 10, 30])], depth=2).fit(nothing_met(1, 3))
    np.testing.assert_allclose(hybrid.score([0]), [[1 / 61 + 1 / 62, 1 / 62, 1 / 61]])


def test_what_a_user_has_met_takes_no_place():
    log = Interactions([0, 1], [0, 3], 2, 4)  # user 0 met item 0, the best of both lists
    scores = np.array([[9.0, 3, 2, 1]] * 2)
    got = Mixed([Fixed(scores), Fixed(scores)]).fit(log).score([0, 1])
    np.testing.assert_allclose(got[0], 2 / (60 + np.array([1, 1, 2, 3])))
    np.testing.assert_allclose(got[1], 2 / (60 + np.array([1, 2, 3, 4])))


def test_equal_scores_share_the_mean_of_their_places_so_no_opinion_is_no_vote():
    undecided, other = fixed([0.0] * 5), fixed([1.0, 2, 3, 4, 5])
    hybrid = Mixed([undecided, other], depth=2).fit(nothing_met(1, 5))
    np.testing.assert_allclose(hybrid.score([0]), [[0, 0, 0, 1 / 62, 1 / 61]])
    tied = Mixed([fixed([5.0, 5, 1]), fixed([1.0, 2, 3])]).fit(nothing_met(1, 3))
    np.testing.assert_allclose(tied.score([0])[0, :2], [1 / 61.5 + 1 / 63, 1 / 61.5 + 1 / 62])


def test_scales_do_not_matter_and_the_silent_are_left_out():
    a, b = [0.1, np.nan, 0.3, -np.inf], [-np.inf, 1e9, 5.0, np.nan]
    hybrid = Mixed([fixed(a), fixed(b)]).fit(nothing_met(1, 4))
    np.testing.assert_allclose(hybrid.score([0]), [[1 / 62, 1 / 61, 1 / 61 + 1 / 62, -np.inf]])
    assert hybrid.recommend([0], n=4).tolist() == [[2, 1, 0, -1]]


@given(arrays(float, (2, 3, 7), elements=st.integers(0, 30).map(float)), st.integers(1, 8))
def test_rrf_equals_the_members_own_lists_where_nothing_is_tied(tables, depth):
    tables = tables + np.arange(7) / 10  # no two scores of a row are equal
    log = Interactions([0, 1, 2, 2], [6, 2, 0, 5], 3, 7)
    got = Mixed([Fixed(t) for t in tables], k=7, depth=depth).fit(log).score([0, 1, 2])
    for user in range(3):
        total = np.zeros(7)
        for table in tables:
            for rank, item in enumerate(Fixed(table).fit(log).recommend([user], n=depth)[0], start=1):
                total[item] += (1 / (7 + rank)) * (item >= 0)
        new = ~(log.to_csr().toarray()[user] > 0)
        np.testing.assert_allclose(got[user][new], total[new])


# --- cascade


def test_a_cascade_by_hand():
    # the first's order: 0 1 2 3 4; of its best three the second likes 2, then 0, then 1
    first, second = fixed([9.0, 8, 7, 6, 5]), fixed([2.0, 1, 3, 9, 9])
    hybrid = Cascade(first, second, depth=3).fit(nothing_met(1, 5))
    assert hybrid.recommend([0], n=5).tolist() == [[2, 0, 1, 3, 4]]
    assert hybrid.score([0]).tolist() == [[4, 3, 5, 2, 1]]
    assert explain(hybrid, 0, 2) == [("first", 3), ("second", 2)]  # third place, and two places up
    assert explain(hybrid, 0, 1) == [("first", 4), ("second", -1)]


def test_depth_one_is_the_first_and_a_depth_of_all_is_the_second():
    rng = np.random.default_rng(0)
    tables = rng.random((2, 4, 6))
    log = Interactions([0, 1, 2, 3], [0, 1, 2, 3], 4, 6)
    for depth, table in ((1, tables[0]), (6, tables[1]), (99, tables[1])):
        lists = Cascade(Fixed(tables[0]), Fixed(tables[1]), depth).fit(log).recommend(range(4), n=6)
        np.testing.assert_array_equal(lists, Fixed(table).fit(log).recommend(range(4), n=6))


@given(
    arrays(float, (2, 3, 8), elements=st.integers(0, 5).map(float)),
    arrays(bool, (3, 8)),
    st.integers(1, 9),
)
def test_the_firsts_best_come_in_the_seconds_order_the_rest_behind_and_nothing_is_lost(tables, met, depth):
    met[:, 0] = True  # everybody met something
    users, items = np.nonzero(met)
    log = Interactions(users, items, 3, 8)
    lists = Cascade(Fixed(tables[0]), Fixed(tables[1]), depth).fit(log).recommend(range(3), n=8)
    for user, got in enumerate(lists):
        first, second = tables[0][user], tables[1][user]
        order = [i for i in np.lexsort((np.arange(8), -first)) if not met[user, i]]
        head = sorted(order[:depth], key=lambda i: -second[i])  # stable: ties as the first has them
        expected = head + order[depth:]
        assert got.tolist() == expected + [-1] * (8 - len(expected))


def test_what_the_first_refuses_is_not_listed_and_what_the_second_does_not_score_comes_last_of_the_head():
    first, second = fixed([5.0, 4, 3, 2, np.nan, -np.inf]), fixed([np.nan, 1, -np.inf, 9, 9, 9])
    hybrid = Cascade(first, second, depth=3).fit(nothing_met(1, 6))
    assert hybrid.recommend([0], n=6).tolist() == [[1, 0, 2, 3, -1, -1]]
