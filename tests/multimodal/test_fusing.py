"""Average, weighted average and concatenation: by hand, with gaps, with scales that differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.multimodal import fuse, random_projection, unit_rows

NAN = np.nan
IMAGE = np.array([[3.0, 4.0], [0.0, 2.0], [NAN, NAN]])
TEXT = np.array([[1.0, 0.0], [NAN, NAN], [NAN, NAN]])
BOTH = {"image": IMAGE, "text": TEXT}


def test_average_by_hand():
    # item 0: ((0.6, 0.8) + (1, 0)) / 2; item 1 has its image alone; item 2 nothing
    np.testing.assert_allclose(fuse(BOTH), [[0.8, 0.4], [0, 1], [0, 0]])
    np.testing.assert_allclose(fuse(BOTH, normalize=False), [[2, 2], [0, 2], [0, 0]])


def test_weighted_by_hand():
    got = fuse(BOTH, "weighted", {"text": 0.25, "image": 0.75})
    np.testing.assert_allclose(got, [[0.75 * 0.6 + 0.25, 0.75 * 0.8], [0, 1], [0, 0]])


def test_concatenation_by_hand():
    got = fuse(BOTH, "concatenate")  # of two, one is missing: what is there counts sqrt(2) times
    np.testing.assert_allclose(got, [[0.6, 0.8, 1, 0], [0, 2**0.5, 0, 0], [0, 0, 0, 0]])


def test_weighted_concatenation_by_hand():
    got = fuse(BOTH, "concatenate", {"image": 0.75, "text": 0.25})
    a, b = 1.5**0.5, 0.5**0.5
    np.testing.assert_allclose(got, [[0.6 * a, 0.8 * a, b, 0], [0, 2**0.5, 0, 0], [0, 0, 0, 0]])


def test_every_item_with_something_is_as_long_whatever_it_lacks():
    rng = np.random.default_rng(0)
    parts = {m: rng.normal(size=(40, 5)) for m in "abc"}
    for vectors in parts.values():
        vectors[rng.random(40) < 0.4] = NAN
    length = np.linalg.norm(fuse(parts, "concatenate"), axis=1)
    anything = ~np.isnan(np.column_stack([v[:, 0] for v in parts.values()])).all(axis=1)
    np.testing.assert_allclose(length, np.sqrt(3) * anything)
    assert 0 < anything.sum() < 40


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_products_of_concatenated_items_are_weighted_sums_of_products(seed, share):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(6, 5))
    X = fuse({"a": a, "b": b}, "concatenate", {"a": share, "b": 1 - share})
    a, b = unit_rows(a), unit_rows(b)
    np.testing.assert_allclose(X @ X.T, 2 * (share * a @ a.T + (1 - share) * b @ b.T), atol=1e-12)


def test_a_modality_with_long_vectors_decides_unless_they_are_normalized():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(200, 8)), 100 * rng.normal(size=(200, 8))
    together = {"a": a, "b": b}
    pairs = np.triu_indices(200, 1)

    def like(normalize, how, part):
        """Correlation of the cosines of fused items with those of one modality."""
        X = unit_rows(fuse(together, how, normalize=normalize))
        part = unit_rows(part)
        return np.corrcoef((X @ X.T)[pairs], (part @ part.T)[pairs])[0, 1]

    # by chance alone a part of the sum of four (two) like products correlates 1/2 (1/sqrt 2) with it
    for how, fair in (("average", 1 / 2), ("concatenate", 2**-0.5)):
        assert like(False, how, b) > 0.99
        assert like(False, how, a) < 0.1
        assert like(True, how, a) == pytest.approx(fair, abs=0.05)
        assert like(True, how, b) == pytest.approx(fair, abs=0.05)


def test_dimensions_that_differ_are_not_averaged_but_concatenated():
    parts = {"image": np.ones((2, 3)), "text": np.ones((2, 5))}
    message = r"dimensions differ, \{'image': 3, 'text': 5\}; .* n_factors=\.\.\., or take how='concatenate'"
    for how, weights in (("average", None), ("weighted", {"image": 0.5, "text": 0.5})):
        with pytest.raises(ValueError, match=message):
            fuse(parts, how, weights)
        assert fuse(parts, how, weights, n_factors=4).shape == (2, 4)
    assert fuse(parts, "concatenate").shape == (2, 8)
    assert fuse(parts, "concatenate", n_factors=4).shape == (2, 8)


def test_projected_averages_estimate_products_of_concatenations():
    rng = np.random.default_rng(2)
    parts = {"a": rng.normal(size=(30, 6)), "b": rng.normal(size=(30, 9))}
    whole = fuse(parts, "concatenate")
    K = 4000  # the error of one product of vectors of length sqrt(2) is at most 2 sqrt(2 / K): 0.045
    short = 2 * fuse(parts, "average", n_factors=K)  # the average of two is half of their sum
    off = short @ short.T - whole @ whole.T
    assert np.abs(off).max() < 5 * 2 * (2 / K) ** 0.5
    assert np.abs(off).max() > 0


def test_the_projection_depends_on_the_seed_alone():
    parts = {"a": np.eye(4), "b": np.eye(4)}
    np.testing.assert_array_equal(fuse(parts, n_factors=3), fuse(parts, n_factors=3))
    assert np.abs(fuse(parts, n_factors=3) - fuse(parts, n_factors=3, seed=1)).max() > 0.01
    first, second = np.hsplit(fuse(parts, "concatenate", n_factors=3), 2)
    assert np.abs(first - second).max() > 0.01  # each modality has its own


def test_random_projection_keeps_lengths_in_the_mean():
    rng = np.random.default_rng(3)
    x = unit_rows(rng.normal(size=(1, 20)))
    squares = [float(((x @ random_projection(20, 10, rng)) ** 2).sum()) for _ in range(2000)]
    assert abs(np.mean(squares) - 1) < 4 * (2 / 10 / 2000) ** 0.5  # variance 2 / K of each


def test_one_modality_alone_is_itself():
    np.testing.assert_allclose(fuse({"image": IMAGE}, normalize=False), [[3, 4], [0, 2], [0, 0]])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"how": "sum"}, "how: 'sum'; expected 'average', 'weighted' or 'concatenate'"),
        ({"how": "weighted"}, "weights: None; how='weighted' expected one per modality"),
        ({"weights": {"image": 0.5, "text": 0.5}}, "weights: given, but how='average'"),
        ({"how": "weighted", "weights": {"image": 1.0}}, "weights: none for 'text'"),
        ({"n_factors": 0}, "n_factors: 0; expected at least 1 column"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fuse(BOTH, **options)


def test_the_modalities_given_stay_as_they_are():
    image, text = IMAGE.copy(), TEXT.copy()
    for how in ("average", "concatenate"):
        fuse({"image": image, "text": text}, how)
    np.testing.assert_array_equal(image, IMAGE)
    np.testing.assert_array_equal(text, TEXT)
