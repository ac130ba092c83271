"""Small random logs for the tests of the algorithms: uneven, rectangular, with gaps."""

import numpy as np
from scipy import sparse

from recsys_course.interactions import Interactions


def random_log(n_users: int = 17, n_items: int = 9, seed: int = 0, stars: bool = True) -> Interactions:
    """About half of all pairs; some users busy, some not; the last user and item have no events."""
    rng = np.random.default_rng(seed)
    busy = rng.uniform(0.2, 0.9, n_users)
    met = rng.random((n_users, n_items)) < busy[:, None]
    met[-1] = met[:, -1] = False
    met[0, :2] = True  # never empty
    users, items = np.nonzero(met)
    order = rng.permutation(len(users))
    values = rng.integers(2, 11, len(users)) / 2 if stars else None  # half stars, 1 to 5
    return Interactions(users[order], items[order], n_users, n_items, values)


def table(log: Interactions) -> np.ndarray:
    """(U, I) dense values; NaN where nothing is stored."""
    dense = np.full((log.n_users, log.n_items), np.nan)
    dense[log.users, log.items] = log.values
    return dense


def plain(kernel):
    """The Python loop behind a compiled kernel."""
    return getattr(kernel, "py_func", kernel)


def pairs(sets: list[set[int]], n_items: int) -> sparse.csr_array:
    """(B, I) sparse with a one for each item of a row's set."""
    dense = np.zeros((len(sets), n_items))
    for b, items in enumerate(sets):
        dense[b, list(items)] = 1
    return sparse.csr_array(dense)
