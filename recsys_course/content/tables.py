"""What is known of items, as texts and as a checked matrix of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from recsys_course.measures import Matrix, numbers

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = ("title", "description", "genres", "category", "tags")


def texts_of(items: pd.DataFrame, columns: Sequence[str] | None = None) -> list[str]:
    """One text per item from the columns that hold words.

    Args:
        items: (I rows) the item table of a dataset.
        columns: what to join, in this order; None takes those of ``TEXT_COLUMNS`` that are there.

    Returns:
        I texts; a list written "Action|Comedy" becomes "Action Comedy", a missing value "".

    Raises:
        ValueError: no table, none of the columns, or a column that is not in the table.
    """
    if items is None:
        raise ValueError("items: None; expected a table with texts, such as load(...).items")
    if isinstance(columns, str):
        raise ValueError(f"columns: {columns!r}, one text; expected a list of names, as in [{columns!r}]")
    if columns is None:
        columns = [name for name in TEXT_COLUMNS if name in items]
    has = ", ".join(map(str, items.columns)) or "no columns"
    if not len(columns):
        raise ValueError(f"items: no text; expected one of the columns {', '.join(TEXT_COLUMNS)}, not {has}")
    for name in columns:
        if name not in items:
            raise ValueError(f"columns: {name!r} is not in the table, which has {has}")
    cells = [[_words(cell) for cell in items[name]] for name in columns]
    return [" ".join(filter(None, row)) for row in zip(*cells, strict=True)]


def _words(cell: Any) -> str:
    """The text of one cell; several words may come as a list or parted by |."""
    from pandas import isna  # whoever has a table has loaded it

    if isinstance(cell, list | tuple | set | np.ndarray):
        return " ".join(map(_words, cell))
    return "" if isna(cell) else str(cell).replace("|", " ").strip()


def text_features(items: pd.DataFrame) -> sparse.csr_array:
    """(I, V) TF-IDF of :func:`texts_of`, rows of length 1: what an item is when nothing else is known.

    All items of the table count in the idf, those held out of a split, too: texts are read, never events.
    Where a text grows with time (``tags``), cut it to what was known first,
    as ``recsys_course.data.tags_before`` does.

    Raises:
        ValueError: as :func:`texts_of`, or no word in any text.
    """
    from recsys_course.content.text import TfIdf

    return TfIdf().fit_encode(texts_of(items))


def checked_features(item_features: Any, n_items: int) -> Matrix:
    """Item features as float rows, one per item code; float32 stays float32, a stored 0 is dropped.

    Raises:
        ValueError: None, another number of rows than ``n_items``, no columns, not two dimensions,
            NaN or infinity. TypeError: no numbers.
    """
    if item_features is None:
        raise ValueError(
            "item_features: None; expected (items, features) numbers, one row per item code "
            "(text_features(dataset.items) makes them from texts)"
        )
    if not sparse.issparse(item_features):
        item_features = np.asarray(item_features)
    kept = item_features.dtype if item_features.dtype in (np.float32, np.float64) else np.float64
    X = numbers(item_features, "item_features", kept)
    if X.shape[0] != n_items:
        raise ValueError(f"item_features: {X.shape[0]} rows; expected {n_items}, one per item code")
    if not X.shape[1]:
        raise ValueError("item_features: no columns; expected at least one")
    if sparse.issparse(X) and not (X.has_canonical_format and X.data.all()):
        X = X.copy()  # it may share its arrays with what was given
        X.sum_duplicates()
        X.eliminate_zeros()
    return X
