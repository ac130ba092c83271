"""Explanations through hybrids of hybrids: they add up, and through sums they are exact."""

import numpy as np
import pytest
from hybrid_doubles import Fixed, fixed, nothing_met
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_contract import rated

from recsys_course.base import NotFitted
from recsys_course.baselines import Popularity, Random
from recsys_course.hybrid import Cascade, MetaLevel, Mixed, Stacking, Switching, Weighted, explain
from recsys_course.ids import UnknownId
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from recsys_course.neighbors import ItemKNN, UserKNN


def test_through_two_weighted_hybrids_by_hand():
    # inner: 1/2 minmax(0 2 4) + 1/2 minmax(0 5 20) = 0, 0.25 + 0.125, 1; outer: minmax again, 1/2 of it
    inner = Weighted({"a": fixed([0.0, 2, 4]), "b": fixed([0.0, 5, 20])}, normalize="minmax")
    outer = Weighted({"inner": inner, "c": fixed([3.0, 1, 2])}, normalize="minmax").fit(nothing_met(1, 3))
    assert explain(outer, 0, 1) == [
        ("inner/a", pytest.approx(0.125)),
        ("inner/b", pytest.approx(0.0625)),
        ("c", pytest.approx(0)),
    ]
    assert outer.score([0])[0, 1] == pytest.approx(0.1875)


def three_deep(normalize="zscore"):
    bottom = Weighted({"knn": ItemKNN(), "users": UserKNN()}, [0.6, 0.4], normalize)
    middle = Weighted({"bottom": bottom, "popular": Popularity()}, [0.8, 0.2], normalize)
    return Weighted({"middle": middle, "ease": EASE(reg=5)}, [0.7, 0.3], normalize)


@pytest.mark.parametrize("normalize", ["zscore", "minmax", "rank", "none"])
def test_three_deep_the_parts_add_up(normalize):
    hybrid = three_deep(normalize).fit(rated())
    scores = hybrid.score(range(10))
    for user in range(10):
        for item in range(8):
            parts = explain(hybrid, user, item)
            assert {name for name, _ in parts} == {
                "middle/bottom/knn",
                "middle/bottom/users",
                "middle/popular",
                "ease",
            }
            values = [part for _, part in parts]
            assert values == sorted(values, reverse=True)
            assert sum(values) == pytest.approx(scores[user, item], abs=1e-9)


def test_three_deep_through_zscores_equals_the_algebra():
    """A z-score is linear: the part of knn is its own deviation times all weights over all spreads."""
    log = rated()
    hybrid = three_deep().fit(log)
    user = 3
    z = lambda x: (x - x.mean()) / x.std()  # noqa: E731
    knn, users, popular, ease = (
        kind.fit(log).score([user])[0].astype(float)
        for kind in (ItemKNN(), UserKNN(), Popularity(), EASE(reg=5))
    )
    bottom = 0.6 * z(knn) + 0.4 * z(users)
    middle = 0.8 * z(bottom) + 0.2 * z(popular)
    expected = {
        "middle/bottom/knn": 0.7 * 0.8 * 0.6 * z(knn) / (bottom.std() * middle.std()),
        "middle/bottom/users": 0.7 * 0.8 * 0.4 * z(users) / (bottom.std() * middle.std()),
        "middle/popular": 0.7 * 0.2 * z(popular) / middle.std(),
        "ease": 0.3 * z(ease),
    }
    for item in range(8):
        got = dict(explain(hybrid, user, item))
        assert got == pytest.approx({name: row[item] for name, row in expected.items()}, abs=1e-6)


def test_through_a_mix_of_kinds_the_parts_add_up():
    features = np.random.default_rng(0).random((8, 3))
    hybrid = Mixed(
        {
            "one": Switching({"few": Popularity(), "many": Weighted([ItemKNN(), EASE(reg=5)])}, threshold=4),
            "two": Stacking(
                {"funnel": Cascade(Weighted([ItemKNN(), Random()]), MetaLevel(features)), "b": Random(1)}
            ),
        }
    ).fit(rated())
    scores, names = hybrid.score(range(10)), set()
    for user in range(10):
        for item in range(8):
            parts = explain(hybrid, user, item)
            names |= {name for name, _ in parts}
            assert sum(part for _, part in parts) == pytest.approx(scores[user, item], abs=1e-9)
    assert {
        "one/few",
        "one/many/ItemKNN",
        "one/many/EASE",
        "two/funnel/first/Random",
        "two/funnel/second",
    } <= names


def test_a_rank_is_shared_by_the_sizes_of_the_inner_parts():
    # inner scores 4, 1, 0: places 1, 2, 3; at item 0 the parts 1 and 3 share 1/61 as 1 : 3
    inner = Weighted({"a": fixed([1.0, 0.5, 0]), "b": fixed([3.0, 0.5, 0])}, [0.5, 0.5], normalize="none")
    hybrid = Mixed({"inner": inner, "c": fixed([0.0, 1, 2])}).fit(nothing_met(1, 3))
    parts = dict(explain(hybrid, 0, 0))
    assert parts == pytest.approx({"inner/a": 0.25 / 61, "inner/b": 0.75 / 61, "c": 1 / 63})


def test_the_members_that_are_silent_have_no_part():
    hybrid = Switching({"few": Popularity(), "many": ItemKNN()}, threshold=100).fit(rated())
    assert [name for name, _ in explain(hybrid, 0, 1)] == ["few"]


def test_a_plain_model_is_its_own_explanation():
    log = rated()
    model = Popularity().fit(log)
    assert explain(model, 0, 2) == [("Popularity", float(model.counts_[2]))]


tables = arrays(float, (3, 2, 5), elements=st.integers(-6, 6).map(float))


@given(
    tables,
    st.sampled_from(["zscore", "minmax", "rank", "none"]),
    st.sampled_from(["zscore", "minmax", "rank"]),
)
def test_parts_add_up_whatever_the_scores(tables, inner, outer):
    a, b, c = (Fixed(t) for t in tables)
    log = Interactions([0, 1], [4, 4], 2, 5)
    hybrid = Weighted([Weighted([a, b], [0.3, 0.7], inner), c], normalize=outer).fit(log)
    scores = hybrid.score([0, 1])
    for user in (0, 1):
        for item in range(5):
            parts = explain(hybrid, user, item)
            assert len(parts) == 3
            assert sum(part for _, part in parts) == pytest.approx(scores[user, item], abs=1e-9)


def test_gaps_in_inner_scores_leave_the_sum_right():
    inner = Weighted({"a": fixed([np.nan, 2.0, 4, -np.inf]), "b": fixed([1.0, np.nan, 3, 2])})
    hybrid = Weighted({"inner": inner, "c": fixed([1.0, 0, 1, 5])}).fit(nothing_met(1, 4))
    for item in range(4):
        parts = explain(hybrid, 0, item)
        assert sum(part for _, part in parts) == pytest.approx(hybrid.score([0])[0, item])


def test_what_cannot_be_explained_is_refused():
    hybrid = Weighted([fixed([np.nan, 2.0]), fixed([-np.inf, 2.0])])
    with pytest.raises(NotFitted):
        explain(hybrid, 0, 0)
    hybrid.fit(nothing_met(1, 2))
    with pytest.raises(
        ValueError, match="item: 0 has the score -inf for user 0; expected one that is finite"
    ):
        explain(hybrid, 0, 0)
    with pytest.raises(UnknownId, match="user: code 5"):
        explain(hybrid, 5, 0)
    with pytest.raises(UnknownId, match="item: code 2"):
        explain(hybrid, 0, 2)


GAPS = {
    "weighted": lambda a, b: Weighted({"a": a, "b": b}),
    "switching": lambda a, b: Switching({"a": a, "b": b}, threshold=100),
    "cascade": lambda a, b: Cascade(a, b, depth=2),
    "stacking": lambda a, b: Stacking({"a": a, "b": b}),
    "mixed": lambda a, b: Mixed({"a": a, "b": b}),
}


@pytest.mark.parametrize("normalize", ["zscore", "minmax", "rank", "none"])
@pytest.mark.parametrize("kind", GAPS)
def test_what_a_whole_inner_hybrid_does_not_score_leaves_the_sum_right(kind, normalize):
    """Item 0 has no score from any inner member; what the outer hybrid fills in is shared evenly."""
    for gap in (np.nan, -np.inf):
        inner = GAPS[kind](fixed([gap, 2.0, 4, 3, 1]), fixed([gap, 5.0, 1, 3, 2]))
        middle = Weighted({"inner": inner, "c": fixed([1.0, 0, 1, 5, 2])}, normalize=normalize)
        hybrid = Weighted([middle, fixed([0.0, 3, 1, 2, 2])], normalize="none").fit(nothing_met(1, 5))
        for item in range(5):
            parts = explain(hybrid, 0, item)
            assert sum(part for _, part in parts) == pytest.approx(hybrid.score([0])[0, item], abs=1e-9)
        inside = [part for name, part in explain(hybrid, 0, 0) if "/inner/" in name]
        assert inside == pytest.approx([inside[0]] * len(inside))


def test_a_gap_by_hand():
    # inner: a + b halves of z-scores over items 1..3, silent on 0; its z-score fills item 0 with the lowest
    inner = Weighted({"a": fixed([np.nan, 1.0, 2, 6]), "b": fixed([np.nan, 0.0, 4, 5])}, normalize="none")
    outer = Weighted({"inner": inner, "c": fixed([2.0, 2, 2, 2])}, normalize="minmax").fit(nothing_met(1, 4))
    # inner scores: 0.5 3 5.5 -> minmax 0 0.5 1; a adds (1 - 0.5) / 5 = 0.1 and b (2 - 0) / 5 = 0.4 at item 2
    parts = dict(explain(outer, 0, 2))
    assert parts == pytest.approx({"inner/a": 0.05, "inner/b": 0.2, "c": 0})
    assert dict(explain(outer, 0, 0)) == pytest.approx({"inner/a": 0, "inner/b": 0, "c": 0})
