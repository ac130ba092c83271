"""The planted logs hold what they promise."""

import numpy as np
import pytest

from recsys_course.data.planted import two_tribes


@pytest.mark.parametrize("n_users, n_items, held", [(20, 12, 1), (7, 6, 2), (30, 16, 3)])
def test_two_tribes(n_users, n_items, held):
    data, tribe = two_tribes(n_users, n_items, held)
    seen = data.to_csr().toarray()
    half = n_items // 2
    assert seen.shape == (n_users, n_items)
    assert tribe.tolist() == [u % 2 for u in range(n_users)]
    for u in range(n_users):
        own = slice(half * tribe[u], half * tribe[u] + half)
        assert seen[u, own].sum() == seen[u].sum() == half - held  # nothing outside the own half
    assert set(np.unique(seen)) == {0, 1}


def test_every_item_is_met_and_missed_by_somebody():
    data, tribe = two_tribes()
    seen = data.to_csr().toarray()
    for t in (0, 1):
        met = seen[tribe == t][:, 6 * t : 6 * t + 6].mean(axis=0)
        assert ((met > 0) & (met < 1)).all()


@pytest.mark.parametrize("held", [0, 6])
def test_a_tribe_needs_something_met_and_something_not(held):
    with pytest.raises(ValueError, match=f"held: {held}; expected 1..5, less than the 6 items of a tribe"):
        two_tribes(held=held)
