"""Costs: memory that comes and goes, seconds, and the size of what was learned."""

import pickle
import time

import numpy as np
import pytest

from recsys_course.baselines import Popularity
from recsys_course.compiled import kernel
from recsys_course.evaluation import cost
from recsys_course.evaluation.cost import size_of, watched_memory, watched_time
from recsys_course.linear import EASE
from tests.logs import random_log

MB = 2**20


@kernel
def filled(n):
    """Memory that a compiled loop takes, which tracemalloc does not see."""
    block = np.empty(n)
    for i in range(n):
        block[i] = i
    return block[n - 1]


@pytest.fixture
def watched():
    with watched_memory() as memory:
        pass
    if memory.peak is None:
        pytest.skip("this system does not tell the peak of resident memory")


@pytest.mark.parametrize("take", [lambda n: np.ones(n).sum(), filled], ids=["numpy", "compiled"])
def test_the_peak_counts_what_is_gone_at_the_end(watched, take):
    take(1)  # compiled now, not inside the block
    with watched_memory() as memory:
        take(64 * MB // 8)
    assert 62 * MB < memory.peak < 80 * MB
    with watched_memory() as memory:
        take(1)
    assert memory.peak < 16 * MB  # the mark was set back


def test_where_the_system_does_not_tell_the_peak_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "SELF", tmp_path / "nothing")
    with watched_memory() as memory:
        np.ones(10)
    assert memory.peak is None


def test_the_wall_runs_while_the_processor_rests():
    with watched_time() as resting:
        time.sleep(0.2)
    assert resting.wall >= 0.2 > 10 * resting.cpu
    with watched_time() as busy:
        start = time.process_time()
        while time.process_time() - start < 0.1:
            pass
    assert busy.cpu >= 0.1


def test_the_size_is_that_of_the_pickle_without_the_log():
    log = random_log(50, 40)
    model = EASE().fit(log)
    state = {key: value for key, value in vars(model).items() if key != "seen_"}
    assert size_of(model) == len(pickle.dumps(state, protocol=5))
    assert 40 * 40 * 4 < size_of(model) < 40 * 40 * 4 + 2_000
    assert size_of(Popularity().fit(log)) < 2_000
    model.weights_ = lambda: None
    assert size_of(model) is None
