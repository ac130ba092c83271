"""The loops: cut into chunks, run in threads, and the same with numba and without."""

import json
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.compiled import chunks, in_threads, kernel, n_threads


@given(st.integers(0, 50), st.integers(1, 12))
def test_chunks_cover_every_row_once(n, size):
    parts = list(chunks(n, size))
    assert [row for start, stop in parts for row in range(start, stop)] == list(range(n))
    assert all(0 < stop - start <= size for start, stop in parts)


@pytest.mark.parametrize("threads", ["1", "4"])
def test_results_come_in_the_order_of_chunks(threads, monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_THREADS", threads)
    assert in_threads(lambda a, b: (a, b), 7, 3) == [(0, 3), (3, 6), (6, 7)]
    assert in_threads(lambda a, b: b - a, 0, 3) == []
    assert in_threads(lambda a, b: b - a, 2, 0) == [1, 1]  # a size of 0 is a size of 1


def test_chunks_do_run_at_once(monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_THREADS", "2")
    both = threading.Barrier(2, timeout=30)  # either waits until the other is there too
    assert len(in_threads(lambda a, b: both.wait(), 2, 1)) == 2


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda a, b: 1 // (2 - a), 4, 1)


@pytest.mark.parametrize("asked, given", [("3", 3), ("0", 1), ("", None), ("many", None)])
def test_the_number_of_threads_can_be_set(asked, given, monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_THREADS", asked)
    assert n_threads() == (given or n_threads()) >= 1
    monkeypatch.delenv("RECSYS_COURSE_THREADS")
    assert n_threads() >= 1


def test_a_kernel_keeps_nan_and_infinity():
    """Sums may be reordered, but divergence must stay visible."""

    @kernel
    def total(values):
        s = 0.0
        for v in values:
            s += v
        return s

    for bad in (np.nan, np.inf, -np.inf):
        got = total(np.array([1.0, bad] + [1.0] * 20))
        assert np.isnan(got) == np.isnan(bad)
        assert np.isinf(got) == np.isinf(bad)
    assert total(np.arange(100.0)) == 4950


SMALL_RUN = """
import json, sys
{block}
import numpy as np
from recsys_course.baselines import Popularity
from recsys_course.compiled import kernel
from recsys_course.data.planted import two_tribes
from recsys_course.metrics import ndcg
from recsys_course.neighbors import ItemKNN
data, _ = two_tribes()
users = np.arange(data.n_users)
result = {{}}
for make in (Popularity, ItemKNN):
    model = make().fit(data)
    result[make.__name__] = [model.recommend(users, n=4).tolist(), model.score(users).tolist()]
result["numba"] = sys.modules.get("numba") is not None
print(json.dumps(result))
"""


def run_small(block: str) -> dict:
    code = SMALL_RUN.format(block=block)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_numba_the_same_comes_out():
    pytest.importorskip("numba")
    plain, compiled = run_small("sys.modules['numba'] = None"), run_small("")
    assert (plain.pop("numba"), compiled.pop("numba")) == (False, True)
    for name, (lists, scores) in plain.items():
        assert lists == compiled[name][0]
        np.testing.assert_allclose(scores, compiled[name][1], rtol=1e-6)
