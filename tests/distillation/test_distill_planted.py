"""A world where distillation must help: a student with 20 users, a teacher that has seen 150."""

from functools import cache

import numpy as np
import pytest
from chains import N_USERS, histories, log_loss, small, transitions

from recsys_course.distillation import Distiller, SoftLabels

P = transitions()


@cache
def teacher(right=True):
    """Of this world, or of another one."""
    world = P if right else transitions(7)
    return small(n_factors=16, n_epochs=12).fit(histories(world, np.arange(N_USERS)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_good_teacher_helps_and_one_of_another_world_harms(seed):
    few = histories(P, np.arange(20), seed=10 + seed)
    unlabelled = histories(P, np.arange(20, 140), seed=20 + seed)
    student = small(seed=seed, n_epochs=30)
    alone = log_loss(student.fit(few), P)
    good, bad = (
        log_loss(Distiller(who, student, SoftLabels(), 0.5, unlabelled).fit(few).student_, P)
        for who in (teacher(), teacher(right=False))
    )
    assert good < alone < bad
    assert log_loss(teacher(), P) < good  # the student does not pass its teacher here
