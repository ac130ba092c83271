"""Principal components against scikit-learn; columns by what they tell of the target."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from recsys_course.compression import pca, select

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)) @ RNG.normal(size=(5, 5)) + 3


@pytest.mark.parametrize("n", [1, 3, 5])
def test_same_as_sklearn(n):
    got, theirs = pca(X, n), PCA(n).fit(X)
    sign = np.sign((got.axes * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(got.axes, sign[:, None] * theirs.components_, atol=1e-8)
    np.testing.assert_allclose(got.Z, theirs.transform(X) * sign, atol=1e-8)
    np.testing.assert_allclose(got.transform(X[:4]), got.Z[:4], atol=1e-8)
    np.testing.assert_allclose(got.back(got.Z), theirs.inverse_transform(theirs.transform(X)), atol=1e-8)
    assert got.share == pytest.approx(theirs.explained_variance_ratio_.sum())


def test_all_of_them_lose_nothing_and_signs_are_settled():
    got = pca(X, 5)
    np.testing.assert_allclose(got.back(got.Z), X)
    assert got.share == pytest.approx(1)
    assert (got.axes[np.arange(5), np.abs(got.axes).argmax(axis=1)] > 0).all()
    assert pca(np.ones((4, 3)), 1).share == 1


def test_select_finds_the_planted_columns():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    noise = rng.normal(size=(400, 6))
    noise[:, 4] += 3 * y
    noise[:, 1] += 1.5 * y
    assert select(noise, y, 2).tolist() == [4, 1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pca(X, 0), r"n: 0; expected 1\.\.5 columns for X of \(60, 5\)"),
        (lambda: pca(X, 6), "n: 6"),
        (lambda: pca([[1.0, np.nan]], 1), "X: nan in row 0"),
        (lambda: select(X, np.zeros(59), 2), r"y: shape \(59,\); expected \(60,\)"),
        (lambda: select(X, np.zeros(60), 6), "n: 6"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("chosen", [lambda: pca(np.ones(5), 1), lambda: select(np.ones(5), np.ones(5), 1)])
def test_a_single_column_has_to_be_a_matrix(chosen):
    with pytest.raises(ValueError, match=r"X: shape \(5,\); expected two dimensions"):
        chosen()
