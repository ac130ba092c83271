"""The updated counts are the counted ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import random_log, table

from recsys_course.base import NotFitted
from recsys_course.interactions import Interactions
from recsys_course.neighbors import IncrementalItemKNN, ItemKNN


def assert_same_model(got: IncrementalItemKNN, want: IncrementalItemKNN) -> None:
    np.testing.assert_array_equal(got.together_.toarray(), want.together_.toarray())
    np.testing.assert_array_equal(got.seen_.toarray(), want.seen_.toarray())
    np.testing.assert_array_equal(got.weights_.toarray(), want.weights_.toarray())


@pytest.mark.parametrize("k, shrinkage", [(50, 10.0), (2, 0.0), (1, 3.0)])
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_after_updates_it_is_item_knn_on_everything(k, shrinkage, parts):
    log = random_log(23, 11, 1)
    rows = np.array_split(np.arange(len(log)), parts)
    model = IncrementalItemKNN(k=k, shrinkage=shrinkage).fit(log.take(rows[0]))
    for part in rows[1:]:
        assert model.update(log.take(part)) is model
    want = ItemKNN(k=k, shrinkage=shrinkage).fit(log)
    np.testing.assert_allclose(
        np.sort(model.weights_.toarray(), axis=0), np.sort(want.weights_.toarray(), axis=0), rtol=1e-6
    )
    if k >= 11:
        np.testing.assert_allclose(model.weights_.toarray(), want.weights_.toarray(), rtol=1e-6)
        np.testing.assert_allclose(model.score(np.arange(23)), want.score(np.arange(23)), rtol=1e-5)
        np.testing.assert_array_equal(model.seen_.toarray() > 0, want.seen_.toarray() > 0)


def test_the_counts_are_those_of_a_loop():
    log = random_log(14, 8, 2)
    model = IncrementalItemKNN().fit(log.take(np.arange(20))).update(log.take(np.arange(20, len(log))))
    met = ~np.isnan(table(log))
    for i in range(8):
        for j in range(8):
            assert model.together_[i, j] == sum(met[u, i] and met[u, j] for u in range(14))


@given(st.integers(0, 10_000), st.data())
def test_known_events_change_nothing_and_the_order_of_updates_does_not_matter(seed, data):
    log = random_log(7, 6, seed)
    cut = data.draw(st.integers(1, len(log)))
    first, rest = log.take(np.arange(cut)), log.take(np.arange(cut, len(log)))
    whole = IncrementalItemKNN(k=2).fit(log)
    assert_same_model(IncrementalItemKNN(k=2).fit(first).update(rest), whole)
    assert_same_model(IncrementalItemKNN(k=2).fit(first).update(log), whole)  # overlaps what is known
    assert_same_model(IncrementalItemKNN(k=2).fit(log).update(first).update(log), whole)
    if len(rest):
        assert_same_model(IncrementalItemKNN(k=2).fit(rest).update(first), whole)


def test_repeats_within_one_update_count_once():
    log = Interactions([0, 0, 1], [0, 1, 2], 2, 3)
    twice = Interactions([1, 1, 1], [0, 0, 2], 2, 3)
    assert_same_model(
        IncrementalItemKNN().fit(log).update(twice),
        IncrementalItemKNN().fit(Interactions([0, 0, 1, 1], [0, 1, 2, 0], 2, 3)),
    )


def test_an_update_is_left_out_of_the_next_list():
    log = Interactions([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], 3, 3)
    model = IncrementalItemKNN(shrinkage=0.0).fit(log)
    assert model.recommend([2], n=1).tolist() == [[1]]
    model.update(Interactions([2], [1], 3, 3))
    assert 1 not in model.recommend([2], n=3)


def test_the_log_is_left_as_it_was():
    log, new = random_log(9, 7, 1), random_log(9, 7, 2)
    before = log.values.copy(), new.values.copy()
    IncrementalItemKNN().fit(log).update(new)
    np.testing.assert_array_equal(log.values, before[0])
    np.testing.assert_array_equal(new.values, before[1])


@pytest.mark.parametrize("n_users, n_items", [(9, 8), (10, 7), (7, 9)])
def test_another_id_space_is_refused_and_leaves_the_model(n_users, n_items):
    model, whole = (IncrementalItemKNN().fit(random_log(9, 7)) for _ in range(2))
    with pytest.raises(ValueError, match=f"new: {n_users} users, {n_items} items; .* 9 users, 7 items"):
        model.update(Interactions([0], [0], n_users, n_items))
    assert_same_model(model, whole)


def test_update_before_fit_is_refused():
    with pytest.raises(NotFitted):
        IncrementalItemKNN().update(random_log())


def test_nothing_new_is_fine():
    model = IncrementalItemKNN().fit(random_log(9, 7))
    assert_same_model(model.update(Interactions([], [], 9, 7)), IncrementalItemKNN().fit(random_log(9, 7)))
