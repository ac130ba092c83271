"""Calibration: Platt against scikit-learn and a plain minimiser, isotonic by hand, bins, and refusals."""

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from recsys_course.base import NotFitted
from recsys_course.calibration import Isotonic, Platt, plot_reliability, reliability, undo_downsampling
from recsys_course.metrics import expected_calibration_error, log_loss

each = pytest.mark.parametrize("kind", [Platt, Isotonic])


def overconfident(seed: int, n: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true chance of a one is sigma(s / 3 - 1), and labels drawn by it."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 3, n)
    return scores, rng.random(n) < expit(scores / 3 - 1)


# --- Platt


class _Given(ClassifierMixin, BaseEstimator):
    """A classifier for scikit-learn's calibrator whose score is its only feature."""

    def __init__(self) -> None:
        self.classes_ = np.array([0, 1])

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return X[:, 0]

    def predict(self, X):
        return X[:, 0] > 0


@pytest.mark.parametrize("seed, scale", [(0, 1.0), (1, 1.0), (2, 1e-3), (3, 1e3)])
def test_platt_agrees_with_scikit_learn(seed, scale):
    scores, labels = overconfident(seed, 300)
    scores = scores * scale
    theirs = CalibratedClassifierCV(FrozenEstimator(_Given()), method="sigmoid").fit(scores[:, None], labels)
    ours = Platt().fit(scores, labels).predict(scores)
    np.testing.assert_allclose(ours, theirs.predict_proba(scores[:, None])[:, 1], atol=1e-8)


def targets(labels) -> np.ndarray:
    ones, zeros = sum(labels), len(labels) - sum(labels)
    return np.array([(ones + 1) / (ones + 2) if y else 1 / (zeros + 2) for y in labels])


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=20))
def test_platt_minimises_its_loss(rows):
    scores, labels = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    t = targets(labels)

    def loss(w):
        p = np.clip(expit(w[0] * scores + w[1]), 1e-300, 1)
        return -np.sum(t * np.log(p) + (1 - t) * np.log(np.clip(1 - p, 1e-300, 1)))

    fitted = Platt().fit(scores, labels)
    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    assert loss([fitted.slope_, fitted.intercept_]) <= best.fun + 1e-8


def test_platt_needs_its_shortened_steps():
    """Full Newton steps run away here; at the minimum both sums of p are those of the targets."""
    scores, labels = 4.0 ** np.arange(16), np.arange(16) == 15
    p, t = Platt().fit(scores, labels).predict(scores), targets(labels)
    assert p.sum() == pytest.approx(t.sum())
    assert scores @ p == pytest.approx(scores @ t)


def test_platt_finds_the_truth():
    """The true curve is sigma(s / 3 - 1); five standard errors of 40,000 rows are below 0.1."""
    fitted = Platt().fit(*overconfident(0, 40_000))
    assert fitted.slope_ == pytest.approx(1 / 3, abs=0.05)
    assert fitted.intercept_ == pytest.approx(-1, abs=0.1)


def test_platt_by_hand():
    """Equal scores: the mean of the targets 3/4, 3/4, 1/3; one class of 2: 3/4. Two points: their targets."""
    equal = Platt().fit([0.1] * 3, [1, 1, 0]).predict([0.1, 9])
    np.testing.assert_allclose(equal, (3 / 4 + 3 / 4 + 1 / 3) / 3)
    np.testing.assert_allclose(Platt().fit([1, 2], [1, 1]).predict([1, 2]), 3 / 4, atol=1e-9)
    parted = Platt().fit([0, 1], [0, 1])
    np.testing.assert_allclose(parted.predict([0, 1]), [1 / 3, 2 / 3])


def test_platt_does_not_depend_on_the_unit_of_the_scores():
    scores, labels = overconfident(4, 200)
    p = Platt().fit(scores, labels).predict(scores)
    np.testing.assert_allclose(Platt().fit(scores * 1e6 + 5, labels).predict(scores * 1e6 + 5), p, rtol=1e-6)
    np.testing.assert_allclose(Platt().fit(-scores, labels).predict(-scores), p, rtol=1e-6)


# --- isotonic


def test_isotonic_by_hand():
    """The scores 2 and 3 are out of order, so they share 1/2; between scores the curve is straight."""
    fitted = Isotonic().fit([1, 2, 3, 4], [0, 1, 0, 1])
    np.testing.assert_allclose(fitted.predict([1, 2, 3, 4]), [0, 1 / 2, 1 / 2, 1])
    np.testing.assert_allclose(fitted.predict([-7, 1.5, 99]), [0, 1 / 4, 1])


@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=30))
def test_isotonic_rises_and_keeps_the_share_of_ones(rows):
    scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    p = Isotonic().fit(scores, labels).predict(scores)
    assert (np.diff(p[np.argsort(scores, kind="stable")]) >= -1e-12).all()
    assert p.mean() == pytest.approx(labels.mean())


# --- both


@each
def test_calibration_helps_on_new_rows(kind):
    """Sigma of the raw score promises too much; both calibrators mend it."""
    fitted = kind().fit(*overconfident(0))
    scores, labels = overconfident(1)
    raw, mended = expit(scores), fitted.predict(scores)
    assert expected_calibration_error(labels, mended) < expected_calibration_error(labels, raw) / 4
    assert log_loss(labels, np.clip(mended, 1e-6, 1 - 1e-6)) < log_loss(labels, raw)


@each
def test_fit_returns_itself_and_answers_nothing_for_nothing(kind):
    model = kind()
    assert model.fit([1, 2], [0, 1]) is model
    assert model.predict([]).tolist() == []


@each
@pytest.mark.parametrize(
    "scores, labels, message",
    [
        ([], [], "scores: no rows; expected at least one to learn from"),
        ([1], [1, 0], r"scores: shape \(1,\); expected \(2,\), that of labels"),
        ([1, 2], [1, 3], "labels: 3; expected 0 or 1"),
        ([1, np.nan], [1, 0], "scores: nan in row 1; expected numbers"),
        ([1, np.inf], [1, 0], "scores: inf in row 1; expected finite"),
    ],
)
def test_wrong_rows_are_refused(kind, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        kind().fit(scores, labels)


@each
def test_predict_refuses(kind):
    with pytest.raises(NotFitted, match=f"{kind.__name__} is not fitted; call fit"):
        kind().predict([1])
    with pytest.raises(ValueError, match="scores: nan in row 0"):
        kind().fit([1, 2], [0, 1]).predict([np.nan])


# --- down-sampling


def test_undo_downsampling_by_hand():
    """One of ten zeros kept: a predicted 1/2 means 1 one to 1 kept zero, so to 10 zeros: 1/11."""
    np.testing.assert_allclose(undo_downsampling([0.5, 0, 1], 0.1), [1 / 11, 0, 1])
    np.testing.assert_allclose(undo_downsampling([0.2, 0.7], 1), [0.2, 0.7])


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from([0.5, 0.1, 0.02]))
def test_undo_downsampling_counts_the_zeros_again(ones, zeros, rate):
    """The share of ones among kept rows becomes the share among all."""
    if ones + zeros:
        got = undo_downsampling(np.array([ones / (ones + zeros)]), rate)[0]
        assert got == pytest.approx(ones / (ones + zeros / rate))


# --- reliability


def test_reliability_by_hand():
    table = reliability([1, 0, 1], [0.1, 0.3, 0.95], 2)
    assert table.index.tolist() == [0, 1]
    np.testing.assert_allclose(table["predicted"], [0.2, 0.95])
    np.testing.assert_allclose(table["observed"], [1 / 2, 1])
    assert table["count"].tolist() == [2, 1]
    z2 = 1.959963984540054**2  # Wilson for 1 of 1: from 1 / (1 + z^2) to 1
    assert table["low"].tolist()[1] == pytest.approx(1 / (1 + z2))
    assert table["high"].tolist()[1] == pytest.approx(1)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40), st.integers(1, 8))
def test_the_table_holds_the_calibration_error(rows, n_bins):
    labels, p = zip(*rows, strict=True)
    for equal_mass in (False, True):
        table = reliability(labels, p, n_bins, equal_mass=equal_mass)
        error = np.average((table["predicted"] - table["observed"]).abs(), weights=table["count"])
        how = {"n_bins": n_bins, "equal_mass": equal_mass}
        assert error == pytest.approx(expected_calibration_error(labels, p, **how), abs=1e-12)
        assert table["count"].sum() == len(rows)
        assert (table["count"] > 0).all()
        assert (
            (table["low"] <= table["observed"] + 1e-12) & (table["observed"] <= table["high"] + 1e-12)
        ).all()


def test_intervals_are_wilsons_and_narrow_with_confidence():
    labels, p = np.arange(20) < 7, np.full(20, 0.4)
    row = reliability(labels, p, 1, confidence=0.8).iloc[0]
    ends = binomtest(7, 20).proportion_ci(0.8, method="wilson")
    assert (row["low"], row["high"]) == (ends.low, ends.high)
    wider = reliability(labels, p, 1).iloc[0]
    assert wider["low"] < row["low"] < row["high"] < wider["high"]


def test_no_rows_give_an_empty_table():
    assert reliability([], []).shape == (0, 5)


def test_the_diagram_shows_the_table():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    labels = {"a": [0, 1, 1], "b": [1, 0, 0]}
    for colour, (name, told) in enumerate(labels.items()):
        plot_reliability(ax, reliability(told, [0.1, 0.6, 0.8], 2), name, f"C{colour}")
    handles, names = ax.get_legend_handles_labels()
    assert names == ["calibrated", "a", "b"]  # the diagonal once
    np.testing.assert_allclose(handles[1].lines[0].get_xydata(), [[0.1, 0], [0.7, 1]])
    assert ax.get_xlabel() == "mean predicted probability"
    assert ax.get_ylabel() == "observed share"
    assert isinstance(handles[1], mpl.container.ErrorbarContainer)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: undo_downsampling([0.5], 0), "rate: 0; expected above 0 and at most 1"),
        (lambda: undo_downsampling([0.5], 1.5), "rate: 1.5; expected above 0 and at most 1"),
        (lambda: undo_downsampling([0.5], np.nan), "rate: nan; expected above 0 and at most 1"),
        (lambda: undo_downsampling([1.5], 0.5), "probabilities: 1.5; expected 0..1"),
        (lambda: undo_downsampling([np.nan], 0.5), "probabilities: nan in row 0; expected numbers"),
        (
            lambda: reliability([1], [0.5, 0.5]),
            r"probabilities: shape \(2,\); expected \(1,\), that of labels",
        ),
        (lambda: reliability([2], [0.5]), "labels: 2; expected 0 or 1"),
        (lambda: reliability([1], [1.5]), "probabilities: 1.5; expected 0..1"),
        (lambda: reliability([1], [0.5], 0), "n_bins: 0; expected at least 1"),
        (lambda: reliability([1], [0.5], confidence=1), "confidence: 1; expected between 0 and 1"),
    ],
)
def test_wrong_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
