r"""What an item looks like, sounds like and reads like: one array of vectors each, with gaps.

Modalities are a dict from a name to an (I, D_m) array, one row per item. A row of NaN says that the item
has no such picture, sound or text. Everywhere in this package the weights of what an item lacks are
shared out among what it has, in proportion:

.. math::
    w_{im} = a_{im} w_m \Big/ \sum_{m'} a_{im'} w_{m'}, \qquad
    a_{im} = 1 \text{ if item i has modality m, else } 0
                                                                                          \tag{5.1}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

Modalities = Mapping[str, np.ndarray]
SUM_TOLERANCE = 1e-6  # how far from 1 a sum of weights may be


def check_modalities(modalities: Modalities | None, n_items: int | None = None) -> dict[str, np.ndarray]:
    """The modalities as float arrays, checked.

    Args:
        modalities: name -> (I, D_m) numbers; a missing vector is a row of NaN.
        n_items: I; None takes the rows of the first.

    Raises:
        TypeError: no mapping, or a sparse matrix. ValueError: no modality at all; one of another
            shape, with infinity, with a row that is NaN in part, or without a single vector.

    Floats stay as they are, without a copy; other numbers become float64.
    """
    if modalities is None or (isinstance(modalities, Mapping) and not modalities):
        raise ValueError("modalities: none; expected at least one, as in {'image': (items, columns) array}")
    if not isinstance(modalities, Mapping):
        raise TypeError(f"modalities: {type(modalities).__name__}; expected a dict from names to arrays")
    checked: dict[str, np.ndarray] = {}
    for name, vectors in modalities.items():
        checked[name] = _checked(f"modalities[{name!r}]", vectors, n_items)
        n_items = len(checked[name])
    return checked


def _checked(label: str, vectors: Any, n_items: int | None) -> np.ndarray:
    """One modality: (I, D) floats whose rows are finite or NaN throughout."""
    if sparse.issparse(vectors):
        raise TypeError(
            f"{label}: sparse; expected a dense array (HashingSVD makes short dense text vectors)"
        )
    array = np.asarray(vectors)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"{label}: shape {array.shape}; expected (items, columns)")
    if n_items is not None and len(array) != n_items:
        raise ValueError(f"{label}: {len(array)} rows; expected {n_items}, one per item")
    if (infinite := np.isinf(array)).any():
        row = np.flatnonzero(infinite.any(axis=1))[0]
        raise ValueError(f"{label}: infinity in row {row}; expected finite numbers, or NaN for a missing row")
    n_gaps = np.isnan(array).sum(axis=1)  # (I,)
    if (half := (n_gaps > 0) & (n_gaps < array.shape[1])).any():
        row = np.flatnonzero(half)[0]
        raise ValueError(
            f"{label}: row {row} is NaN in {n_gaps[row]} of {array.shape[1]} columns; expected NaN in all of "
            "them, for a missing vector, or in none"
        )
    if (n_gaps > 0).all():
        raise ValueError(f"{label}: missing for every item; expected one vector at least, or leave it out")
    return array


def presence(modalities: Modalities) -> np.ndarray:
    """(I, M) bool: which item has which of the checked modalities."""
    return np.column_stack([~np.isnan(vectors[:, 0]) for vectors in modalities.values()])


def filled(vectors: np.ndarray) -> np.ndarray:
    """(I, D) the vectors with 0 in place of missing rows; a copy only where there are any."""
    gone = np.isnan(vectors[:, 0])
    return np.where(gone[:, None], 0, vectors) if gone.any() else vectors


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """(I, D) rows of length 1; rows of zeros stay, rows of NaN too."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def scaled(vectors: np.ndarray) -> np.ndarray:
    """(I, D) centred on the mean of the vectors there are, and divided by one number, so that the mean square
    of a column is 1; 0 where missing."""
    there = vectors[~np.isnan(vectors[:, 0])]
    middle = there.mean(axis=0)
    spread = np.sqrt(np.mean((there - middle) ** 2))
    return filled((vectors - middle) / (spread if spread > 0 else 1))


def check_weights(
    weights: Mapping[str, float] | None, names: Sequence[str], argument: str = "weights"
) -> np.ndarray:
    """(M,) weights in the order of ``names``; None means equal ones.

    Raises:
        ValueError: a name that is no modality, one without a weight, a weight that is negative or not
            finite, or a sum other than 1.
    """
    if weights is None:
        return np.full(len(names), 1 / len(names))
    if not isinstance(weights, Mapping):
        raise TypeError(f"{argument}: {type(weights).__name__}; expected a dict from names to shares")
    for name in weights:
        if name not in names:
            raise ValueError(f"{argument}: no modality {name!r}; there are: {', '.join(names)}")
    for name in names:
        if name not in weights:
            raise ValueError(f"{argument}: none for {name!r}; expected one for each of {', '.join(names)}")
    values = np.array([weights[name] for name in names], dtype=float)
    for name, value in zip(names, values, strict=True):
        if not 0 <= value < np.inf:
            raise ValueError(f"{argument}: {value:g} for {name!r}; expected 0 or more")
    if abs(total := values.sum()) - 1 > SUM_TOLERANCE or total < 1 - SUM_TOLERANCE:
        fix = f" (divide each by {total:g})" if total else ""
        raise ValueError(f"{argument}: they add up to {total:g}; expected 1{fix}")
    return values


def shares(there: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Equation (5.1): (I, M) bool and (M,) weights -> (I, M) that add up to 1, or are all 0.

    An item gets zeros where all that it has weighs nothing.
    """
    kept = there * weights
    total = kept.sum(axis=1, keepdims=True)
    return kept / np.where(total > 0, total, 1)
