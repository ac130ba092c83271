"""Switching: thresholds at the boundary, confidence, rules of one's own."""

import numpy as np
import pytest
from hybrid_doubles import Asked, Fixed, fixed, nothing_met

from recsys_course.baselines import Popularity, Random
from recsys_course.hybrid import Switching, by_confidence, by_history, confidence
from recsys_course.interactions import Interactions
from recsys_course.neighbors import ItemKNN

# user u has u events, the repeats of user 3 and 5 counted
LENGTHS = [0, 1, 2, 3, 4, 5, 6]
USERS = np.repeat(np.arange(7), LENGTHS)
ITEMS = np.array([0, 0, 1, 2, 2, 2, 0, 1, 2, 3, 4, 4, 0, 1, 2, 0, 1, 2, 3, 4, 5])
LOG = Interactions(USERS, ITEMS, 7, 8)


def three():
    return [Fixed(np.full((7, 8), m) + np.arange(8) / 10) for m in range(3)]


def test_from_the_threshold_on_the_second_serves():
    for threshold in range(8):
        hybrid = Switching(three()[:2], threshold=threshold).fit(LOG)
        assert hybrid.chosen(range(7)).tolist() == [int(n >= threshold) for n in LENGTHS]


def test_the_default_is_five_events_repeats_counted():
    hybrid = Switching(three()[:2]).fit(LOG)
    assert hybrid.events_.tolist() == LENGTHS
    assert hybrid.chosen(range(7)).tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_two_thresholds_part_three_members():
    hybrid = Switching(three(), threshold=[2, 5]).fit(LOG)
    assert hybrid.chosen(range(7)).tolist() == [0, 0, 1, 1, 1, 2, 2]
    by_rule = Switching(three(), choose=by_history([2, 5])).fit(LOG)
    np.testing.assert_array_equal(by_rule.score(range(7)), hybrid.score(range(7)))
    np.testing.assert_allclose(hybrid.score([1, 6, 2])[:, 0], [0, 2, 1])


def test_a_user_gets_the_scores_of_the_member_that_serves():
    log = LOG
    popular, knn = Popularity().fit(log), ItemKNN().fit(log)
    got = Switching([popular, knn], threshold=3, refit=False).fit(log).score(range(7))
    np.testing.assert_array_equal(got[:3], popular.score(range(3)))
    np.testing.assert_allclose(got[3:], knn.score(range(3, 7)))


def test_only_the_member_that_serves_is_asked():
    a, b = Asked(np.zeros((7, 8))), Asked(np.ones((7, 8)))
    a.fit(LOG), b.fit(LOG)
    Switching([a, b], threshold=3, refit=False).fit(LOG).score([6, 0, 4, 1])
    assert (a.batches, b.batches) == ([[0, 1]], [[6, 4]])


def test_confidence_by_hand():
    # two best of 0 0 0 0 2 4: mean 3; mean of all 1, squares 1 1 1 1 1 9 -> variance 14/6
    scores = np.array([[0.0, 0, 0, 0, 2, 4], [1, 1, 1, 1, 1, 1], [np.nan, -np.inf, np.nan, 3, 3, 9]])
    got = confidence(scores, n=2)
    # third row: 3 3 9, mean 5, the two best 9 and 3: 6, deviation sqrt(8)
    np.testing.assert_allclose(got, [2 / np.sqrt(14 / 6), 0, 1 / np.sqrt(8)])
    np.testing.assert_allclose(confidence(scores * 7 + 3, n=2), got)  # no scale, no shift
    np.testing.assert_allclose(confidence(scores[:1], n=99), [0], atol=1e-12)  # all are the best


def test_by_confidence_takes_the_first_member_that_is_sure_and_else_the_last():
    sure, unsure = [9.0, 0, 0, 0, 0], [1.0, 0, 1, 0, 1]
    first = fixed(sure, unsure, unsure)
    second = fixed(sure, sure, unsure)
    last = fixed(unsure, unsure, unsure)
    rule = by_confidence(least=1.9, n=1)
    hybrid = Switching([first, second, last], choose=rule).fit(nothing_met(3, 5))
    assert hybrid.chosen([0, 1, 2]).tolist() == [0, 1, 2]
    assert hybrid.chosen([2, 0]).tolist() == [2, 0]
    edge = float(confidence(np.array([sure]), n=1)[0])
    exact = Switching([first, last], choose=by_confidence(edge, n=1)).fit(nothing_met(3, 5))
    above = Switching([first, last], choose=by_confidence(edge + 1e-9, n=1)).fit(nothing_met(3, 5))
    assert (exact.chosen([0]).tolist(), above.chosen([0]).tolist()) == ([0], [1])


def test_confidence_in_what_the_user_has_met_does_not_count():
    log = Interactions([0, 1], [0, 1], 2, 5)
    met = Fixed(np.tile([9.0, 0, 0, 1, 1], (2, 1)))
    # without the 9, user 0 sees 0 0 1 1: the best is one deviation off; user 1 sees 9 0 1 1: 1.7
    hybrid = Switching([met, Random()], choose=by_confidence(1.5, n=1)).fit(log)
    assert hybrid.chosen([0, 1]).tolist() == [1, 0]


def test_a_rule_of_ones_own():
    hybrid = Switching(three(), choose=lambda h, users: (users + 1) % 3).fit(LOG)
    assert hybrid.chosen([0, 1, 2, 3]).tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize(
    "choose, message",
    [
        (lambda h, users: np.zeros(1, dtype=int), r"choose: gave int64 of shape \(1,\); expected whole"),
        (lambda h, users: users * 1.0, r"choose: gave float64 of shape \(2,\); expected whole"),
        (lambda h, users: users * 0 + 3, r"choose: gave model 3; expected 0\.\.2"),
        (lambda h, users: users * 0 - 1, r"choose: gave model -1; expected 0\.\.2"),
    ],
)
def test_a_rule_that_names_no_member_is_refused(choose, message):
    with pytest.raises(ValueError, match=message):
        Switching(three(), choose=choose).fit(LOG).score([0, 1])


def test_wrong_rules_are_refused():
    for edges in (-1, [3, 3], [5, 2]):
        with pytest.raises(ValueError, match=r"threshold: .*; expected rising numbers of at least 0"):
            by_history(edges)
    with pytest.raises(ValueError, match="n: 0; expected"):
        by_confidence(n=0)
    with pytest.raises(TypeError, match="choose: str; expected a function"):
        Switching(three(), choose="history").fit(LOG)
    with pytest.raises(ValueError, match="threshold: 1 given; expected 2 for 3 models"):
        Switching(three()).fit(LOG)
