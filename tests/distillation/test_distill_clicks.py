"""Clicks: privileged fields, impressions without clicks, and trees as students."""

import numpy as np
import pytest
import torch

from recsys_course import extras
from recsys_course.base import NotFitted
from recsys_course.distillation import ClickDistiller, TreeStudent, distill_to_trees, sigmoid_kd
from recsys_course.linear import EASE
from recsys_course.losses import bce
from recsys_course.neural import DeepFM, WideDeep


class Truth:
    """Says the planted chances."""

    def __init__(self, wrong=False):
        self.wrong = wrong

    def predict_proba(self, features):
        p = chance(np.asarray(features))
        return 1 - p if self.wrong else p


def chance(X):
    """Taste is the product of two signs; the third field, privileged, moves it as well."""
    signs = np.where(X[:, :2] % 2 == 0, 1.0, -1.0)
    return 1 / (1 + np.exp(-(1.5 * signs[:, 0] * signs[:, 1] + 1.5 * (X[:, 2] - 1))))


def impressions(n, seed):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(12, size=n), rng.integers(10, size=n), rng.integers(3, size=n)])
    return X, (rng.random(n) < chance(X)).astype(int)


def best(X):
    """(N,) chance of a click given the first two fields alone."""
    each = [chance(np.column_stack([X[:, :2], np.full(len(X), v)])) for v in range(3)]
    return np.mean(each, axis=0)


def log_loss(p, q):
    return float(-(q * np.log(p) + (1 - q) * np.log(1 - p)).mean())


def student(**settings):
    usual = {
        "n_factors": 4,
        "layers": (8,),
        "n_epochs": 30,
        "batch_size": 64,
        "learning_rate": 0.02,
        "seed": 0,
    }
    return DeepFM(**usual | settings)


def test_one_step_is_the_formula():
    X, y = impressions(50, 0)
    model = student(n_epochs=1, batch_size=100)
    got = ClickDistiller(Truth(), model, fields=[0, 1], T=2.0, weight=0.3).fit(X, y).student_
    with torch.random.fork_rng():
        torch.manual_seed(0)
        odds = np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))
        module = model._build((12, 10), 0, odds)
    with torch.no_grad():
        own = module(torch.from_numpy(X[:, :2]), torch.zeros(50, 0))
        p = torch.from_numpy(chance(X)).float()
        expected = 0.7 * bce(own, torch.from_numpy(y)) + 0.3 * sigmoid_kd(torch.logit(p), own, 2.0)
    assert got.loss_[0] == pytest.approx(float(expected), rel=1e-5)


def test_at_temperature_one_it_is_training_on_mixed_labels():
    """The label (1 - w) y + w p, with the clicks as y and the teacher's chances as p."""
    X, y = impressions(40, 1)
    taught = ClickDistiller(Truth(), student(n_epochs=1, batch_size=100), weight=0.4).fit(X, y).student_
    labels = torch.from_numpy(0.6 * y + 0.4 * chance(X)).float()

    def mixed(model, module, batch, rng):
        return bce(model.logits(module, batch), labels[batch.numbers])

    control = student(n_epochs=1, batch_size=100).train_with(X, y, mixed)
    np.testing.assert_allclose(taught.predict_proba(X), control.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("make", [DeepFM, WideDeep])
def test_the_student_never_sees_privileged_fields(make):
    X, y = impressions(200, 0)
    taught = ClickDistiller(Truth(), make(n_epochs=1), fields=[1, 0]).fit(X, y)
    assert taught.student_.sizes_ == (10, 12)
    assert taught.predict_proba(X[:, [1, 0]]).shape == (200,)
    control = make(n_epochs=1).fit(X[:, [1, 0]], y, sizes=(10, 12))
    unasked = ClickDistiller(Truth(), make(n_epochs=1), fields=[1, 0], weight=0.0).fit(X, y)
    np.testing.assert_array_equal(unasked.predict_proba(X[:, [1, 0]]), control.predict_proba(X[:, [1, 0]]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_teacher_that_knows_more_beats_the_clicks_and_a_wrong_one_harms(seed):
    """600 clicks, 12 x 10 pairs: the teacher's chances say more of a pair than a few clicks."""
    X, y = impressions(600, seed)
    new, _ = impressions(4000, 100 + seed)
    q = best(new)
    few = student(seed=seed)
    alone = log_loss(few.fit(X[:, :2], y, sizes=(12, 10)).predict_proba(new[:, :2]), q)
    good, bad = (
        log_loss(ClickDistiller(t, few, [0, 1], weight=0.8).fit(X, y).predict_proba(new[:, :2]), q)
        for t in (Truth(), Truth(wrong=True))
    )
    assert good < alone < bad


def test_impressions_without_clicks_teach_what_the_teacher_says():
    X, y = impressions(100, 3)
    more, _ = impressions(2000, 4)
    new, _ = impressions(4000, 5)
    by = [
        ClickDistiller(Truth(), student(), weight=0.8).fit(X, y, sizes=(12, 10, 3), unlabelled=pool)
        for pool in (more, None)
    ]
    with_, without = (log_loss(taught.predict_proba(new), chance(new)) for taught in by)
    assert with_ < without


def test_a_fitted_deepfm_teaches():
    X, y = impressions(300, 0)
    teacher = DeepFM(n_epochs=2).fit(X, y)
    before = {name: value.clone() for name, value in teacher.module_.state_dict().items()}
    dense = np.random.default_rng(0).normal(size=(300, 2))
    ClickDistiller(teacher, student(n_epochs=1), fields=[0, 1]).fit(X, y)
    assert all(torch.equal(value, before[name]) for name, value in teacher.module_.state_dict().items())
    wide = DeepFM(n_epochs=1).fit(X, y, dense=dense)
    taught = ClickDistiller(wide, student(n_epochs=1), fields=[0, 1]).fit(X, y, dense=dense)
    assert taught.predict_proba(X[:, :2], dense).shape == (300,)
    with pytest.raises(ValueError, match="unlabelled: given with dense; expected one of the two"):
        ClickDistiller(wide, student()).fit(X, y, dense=dense, unlabelled=X)


def test_refusals():
    X, y = impressions(20, 0)

    class Says:
        def __init__(self, p):
            self.p = p

        def predict_proba(self, features):
            return self.p

    with pytest.raises(ValueError, match=r"weight: 2; expected a share in 0..1"):
        ClickDistiller(Truth(), student(), weight=2).fit(X, y)
    with pytest.raises(ValueError, match="T: 0; expected a temperature"):
        ClickDistiller(Truth(), student(), T=0).fit(X, y)
    with pytest.raises(TypeError, match="student: EASE; expected a model of clicks"):
        ClickDistiller(Truth(), EASE()).fit(X, y)
    with pytest.raises(TypeError, match="teacher: EASE; expected a fitted model with predict_proba"):
        ClickDistiller(EASE(), student()).fit(X, y)
    for p in (np.full(20, np.nan), np.full(19, 0.5), np.full(20, 1.5)):
        with pytest.raises(ValueError, match=r"teacher: Says says (nan|1.5|\(19,\)); expected .*chances"):
            ClickDistiller(Says(p), student()).fit(X, y)
    for fields in ([], [0, 0], [3]):
        with pytest.raises(ValueError, match=r"fields: .*; expected different columns of 0..2"):
            ClickDistiller(Truth(), student(), fields).fit(X, y)
    with pytest.raises(NotFitted):
        ClickDistiller(Truth(), student()).predict_proba(X)


# ----------------------------------------------------------------- trees


class Slope:
    """Chances that rise with the first field, fall with the second, and depend on the third: what trees can
    follow, unlike the parity above, of which no first cut shows anything."""

    def predict_proba(self, features):
        X = np.asarray(features)
        return 1 / (1 + np.exp(-(0.4 * (X[:, 0] - 5.5) - 0.3 * (X[:, 1] - 4.5) + X[:, 2] - 1)))


def slope_without_third(X):
    """(N,) chances given the first two fields alone."""
    return np.mean(
        [Slope().predict_proba(np.column_stack([X[:, :2], np.full(len(X), v)])) for v in range(3)], 0
    )


@pytest.mark.parametrize("match", ["logits", "chances"])
@pytest.mark.parametrize("learner", ["boosting", "lightgbm"])
def test_trees_answer_as_the_teacher(match, learner):
    if learner == "lightgbm":
        pytest.importorskip("lightgbm")
    X, _ = impressions(3000, 0)
    trees = distill_to_trees(Slope(), X, learner=learner, match=match)
    new, _ = impressions(500, 1)
    assert np.abs(trees.predict_proba(new) - Slope().predict_proba(new)).mean() < 0.03
    narrow = distill_to_trees(Slope(), X, X[:, :2], learner=learner, match="chances")
    assert np.abs(narrow.predict_proba(new[:, :2]) - slope_without_third(new)).mean() < 0.05


def test_trees_learn_more_from_chances_than_from_as_many_clicks():
    new, _ = impressions(3000, 50)
    for seed in range(3):
        X, _ = impressions(400, seed)
        p, q = Slope().predict_proba(X), Slope().predict_proba(new)
        y = (np.random.default_rng(seed).random(400) < p).astype(int)
        soft, hard = (TreeStudent(match="chances").fit(X, said).predict_proba(new) for said in (p, y))
        assert log_loss(soft, q) < log_loss(hard, q)


def test_trees_accept_chances_of_0_and_1_and_a_learner_of_ones_own():
    from sklearn.linear_model import LinearRegression

    X = np.arange(8.0)[:, None]
    p = (np.arange(8) > 3).astype(float)
    own = LinearRegression()
    fitted = TreeStudent(own).fit(X, p)
    assert np.isfinite(fitted.predict_proba(X)).all() and not hasattr(own, "coef_")


def test_two_columns_of_scikit_learn_are_understood():
    from sklearn.linear_model import LogisticRegression

    X, y = impressions(300, 0)
    teacher = LogisticRegression().fit(X, y)
    trees = distill_to_trees(teacher, X)
    assert np.corrcoef(trees.predict_proba(X), teacher.predict_proba(X)[:, 1])[0, 1] > 0.95


def test_trees_refuse():
    X, y = impressions(20, 0)
    with pytest.raises(ValueError, match=r"chances: 1.5; expected 0..1"):
        TreeStudent().fit(X, np.full(20, 1.5))
    with pytest.raises(ValueError, match="chances: nan"):
        TreeStudent().fit(X, np.full(20, np.nan))
    with pytest.raises(ValueError, match=r"chances: shape \(19,\); expected one for each row"):
        TreeStudent().fit(X, y[:-1])
    with pytest.raises(ValueError, match="match: 'ranks'; expected one of logits, chances"):
        TreeStudent(match="ranks").fit(X, y)
    with pytest.raises(ValueError, match="learner: 'forest'; expected 'boosting', 'lightgbm', or an object"):
        TreeStudent("forest").fit(X, y)
    with pytest.raises(NotFitted, match="TreeStudent is not fitted"):
        TreeStudent().predict_proba(X)
    with pytest.raises(TypeError, match="teacher: EASE; expected a fitted model"):
        distill_to_trees(EASE(), X)


def test_without_lightgbm_the_message_names_the_remedy(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    X, y = impressions(30, 0)
    with pytest.raises(extras.MissingExtra, match=r"'boosting' does without.*recsys-course\[boosting\]"):
        TreeStudent("lightgbm").fit(X, y)
    TreeStudent("boosting").fit(X, y)
