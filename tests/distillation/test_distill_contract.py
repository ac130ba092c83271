"""The contract of all models, for students of every kind with teachers of every kind."""

import copy
import dataclasses
import pickle
from functools import cache

import numpy as np
import pytest
from test_contract import (
    ODD,
    answers,
    assert_lists_are_sorted_scores,
    assert_same_alone_and_in_company,
    assert_sound,
    rated,
    timed,
    tribes,
)

from recsys_course.base import NotFitted
from recsys_course.data.planted import two_tribes
from recsys_course.distillation import (
    Distiller,
    HardLabels,
    Hint,
    ListWise,
    RankDistillation,
    Relation,
    SelfDistillation,
    SigmoidLabels,
    SoftLabels,
    Sum,
    Teachers,
)
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from recsys_course.neighbors import UserKNN
from recsys_course.neural import MLPRecommender, SASRec, TwoTowers

TRAINED = {"n_epochs": 6, "batch_size": 32, "learning_rate": 0.04}


def sasrec(**settings):
    return SASRec(**{"n_factors": 8, "n_layers": 1, "max_length": 5, "dropout": 0.0} | TRAINED | settings)


def towers(user, **settings):
    return TwoTowers(n_factors=8, user=user, max_length=5, **TRAINED | settings)


def mlp(**settings):
    return MLPRecommender(n_factors=8, layers=(8,), **TRAINED | settings)


TEACHERS = {
    "large": lambda: sasrec(n_factors=12),
    "sasrec": sasrec,
    "short": lambda: sasrec(max_length=2),
    "ease": lambda: EASE(reg=5),
    "user knn": lambda: UserKNN(k=5),
    "towers by id": lambda: towers("id"),
    "towers by history": lambda: towers("history"),
    "mlp": mlp,
}


@cache
def by(name, log):
    """A teacher of this log, fitted once."""
    return TEACHERS[name]().fit(log)


MADE = {
    "sasrec of sasrec": lambda log: Distiller(by("large", log), sasrec(), SoftLabels(2.0)),
    "sasrec of ease": lambda log: Distiller(by("ease", log), sasrec(), ListWise(4)),
    "sasrec of user knn": lambda log: Distiller(by("user knn", log), sasrec(), RankDistillation(3)),
    "sasrec of towers by id": lambda log: Distiller(by("towers by id", log), sasrec(), HardLabels()),
    "sasrec of towers by history": lambda log: Distiller(by("towers by history", log), sasrec(), Hint()),
    "sasrec of a shorter one": lambda log: Distiller(by("short", log), sasrec(), SoftLabels()),
    "towers of ease": lambda log: Distiller(by("ease", log), towers("id"), SoftLabels()),
    "towers of sasrec": lambda log: Distiller(by("sasrec", log), towers("id"), SoftLabels()),
    "towers by history of sasrec": lambda log: Distiller(by("sasrec", log), towers("history"), Relation()),
    "towers by history of ease": lambda log: Distiller(by("ease", log), towers("history")),
    "towers of mlp": lambda log: Distiller(by("mlp", log), towers("id", loss="full"), SigmoidLabels()),
    "mlp of several": lambda log: Distiller(
        Teachers([by("ease", log), by("towers by id", log), by("sasrec", log)]), mlp(), SoftLabels()
    ),
    "two objectives": lambda log: Distiller(by("sasrec", log), sasrec(), Sum([SoftLabels(), Hint()])),
    "generations": lambda log: SelfDistillation(towers("id"), generations=1),
}
# Where half of all items are met, a net over pairs knows by heart what was not, as teacher and as student.
BY_HEART = {"towers of mlp", "mlp of several"}
each = pytest.mark.parametrize("name", MADE)


@cache
def fitted(name):
    return MADE[name](tribes()).fit(tribes())


@each
def test_fit_returns_the_model_and_leaves_log_teacher_and_student(name):
    log, before = rated(), pickle.dumps(rated())
    model = MADE[name](log)
    settings = repr(dataclasses.asdict(model))
    assert model.fit(log) is model
    assert pickle.dumps(log) == before and repr(dataclasses.asdict(model)) == settings
    assert not hasattr(getattr(model, "student", None) or model.model, "module_")  # a copy was fitted


@each
def test_before_fit_there_is_a_clear_refusal(name):
    with pytest.raises(NotFitted, match="is not fitted; call fit"):
        MADE[name](tribes()).score([0])


@each
def test_a_second_fit_is_as_the_first(name):
    again = copy.copy(fitted(name)).fit(tribes())
    np.testing.assert_array_equal(answers(again), answers(fitted(name)))


@each
def test_a_pickled_model_answers_the_same(name):
    np.testing.assert_array_equal(answers(pickle.loads(pickle.dumps(fitted(name)))), answers(fitted(name)))


@pytest.mark.parametrize("name", [name for name in MADE if name not in BY_HEART])
def test_learns_the_two_tribes(name):
    _, tribe = two_tribes()
    first = fitted(name).recommend(np.arange(20), n=1)[:, 0]
    assert (first // 6 == tribe).mean() >= 0.9


@each
def test_answers_and_lists_are_sound(name):
    model = fitted(name)
    assert_sound(model)
    assert_same_alone_and_in_company(model)
    assert_lists_are_sorted_scores(model)


@pytest.mark.parametrize("name", ["sasrec of sasrec", "towers of ease", "two objectives", "generations"])
@pytest.mark.parametrize("log", map(timed, ODD.values()), ids=ODD)
def test_odd_logs_survive(name, log):
    assert_sound(MADE[name](log).fit(log))


@each
def test_what_is_no_log_is_refused(name):
    with pytest.raises(ValueError, match="data: no events; expected at least one"):
        MADE[name](tribes()).fit(Interactions([], [], 3, 12))
