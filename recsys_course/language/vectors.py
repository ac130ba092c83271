"""Items and users as vectors of a text encoder: what a new item has before anybody met it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
from scipy import sparse

from recsys_course.base import NotFitted, check_range
from recsys_course.content.tables import texts_of
from recsys_course.content.text import Cached, HashingSVD, SentenceEncoder, TextEncoder

if TYPE_CHECKING:
    import pandas as pd

    Items: TypeAlias = "pd.DataFrame | Sequence[str]"

Known = Literal["hashing", "minilm"]


@dataclass
class ItemEncoder:
    """Texts of items to vectors, by an encoder of :mod:`recsys_course.content.text`; fewer columns on wish.

    Args:
        encoder: "hashing" is :class:`.HashingSVD`, always there; "minilm" is a :class:`.SentenceEncoder`
            whose rows are kept on disk (:class:`.Cached`); or any encoder of that package. One that is
            fitted is used as it is, else a copy is fitted on the texts.
        n_factors: K columns by a principal component analysis of the items of ``fit``; None keeps the
            encoder's own. whiten: components scaled to variance 1, so that none decides by its size; items
            of one topic then no longer all point the same way. Only with ``n_factors``.

    Attributes:
        encoder_: the fitted encoder. pca_: scikit-learn's, or None.

    Raises:
        ValueError: an unknown encoder, more factors than items or columns, a table without text.
            TypeError: no encoder. MissingExtra: "minilm" without the extra "language".
    """

    encoder: Known | TextEncoder = "hashing"
    n_factors: int | None = None
    whiten: bool = field(default=False, kw_only=True)

    def fit(self, items: Items) -> Self:
        """Learn from an item table or a list of texts; returns the encoder itself."""
        self._learn(items)
        return self

    def encode(self, items: Items) -> np.ndarray:
        """An item table or I texts -> (I, D) float32; also of items that ``fit`` has not seen.

        Raises:
            NotFitted: before fit.
        """
        if not hasattr(self, "encoder_"):
            raise NotFitted("ItemEncoder is not fitted; call fit(items) first")
        return self._pressed(_dense(self.encoder_.encode(_texts(items))))

    def fit_encode(self, items: Items) -> np.ndarray:
        """``fit`` and ``encode`` of the same items, which are read once."""
        return self._pressed(self._learn(items))

    def _learn(self, items: Items) -> np.ndarray:
        """(I, D) rows of the fitted encoder, not pressed yet."""
        self.encoder_, rows = _fitted(_named(self.encoder), _texts(items))
        self.pca_ = None if self.n_factors is None else _pca(rows, self.n_factors, self.whiten)
        return rows

    def _pressed(self, rows: np.ndarray) -> np.ndarray:
        if self.pca_ is not None:
            rows = self.pca_.transform(rows) if len(rows) else rows[:, : self.n_factors]
        return np.ascontiguousarray(rows, dtype=np.float32)


def _pca(rows: np.ndarray, n_factors: int, whiten: bool) -> Any:
    from sklearn.decomposition import PCA

    check_range("n_factors", n_factors, 1, "columns,")
    if n_factors > min(rows.shape):
        raise ValueError(
            f"n_factors: {n_factors}; expected at most {min(rows.shape)}, "
            f"for {rows.shape[0]} items with {rows.shape[1]} columns"
        )
    return PCA(n_factors, whiten=whiten, svd_solver="full").fit(rows)


def item_vectors(
    items: Items,
    encoder: Literal["hashing", "minilm"] | TextEncoder = "hashing",
    n_factors: int | None = None,
    *,
    whiten: bool = False,
) -> np.ndarray:
    """(I, D) float32 vectors of items from their texts; see :class:`ItemEncoder`, which also takes new items.

    Args:
        items: an item table, read by :func:`.texts_of`, or I texts.
        encoder, n_factors, whiten: see :class:`ItemEncoder`.
    """
    return ItemEncoder(encoder, n_factors, whiten=whiten).fit_encode(items)


def user_vectors(histories: Sequence[Any], item_vectors: np.ndarray, decay: float = 1.0) -> np.ndarray:
    r"""A user is the mean of what they met, the latest weighing most:

    .. math:: u = \sum_t \gamma^{a_t} x_{i_t} \Big/ \sum_t \gamma^{a_t}

    Args:
        histories: B lists of item codes, oldest first; a is 0 for the last, 1 for the one before, ...
        item_vectors: (I, D). decay: gamma in (0, 1]; 1 is the plain mean.

    Returns:
        (B, D); zeros for an empty history.

    Raises:
        ValueError: decay outside (0, 1], vectors that are no matrix. UnknownId: a code outside 0..I-1.
    """
    if not 0 < decay <= 1:
        raise ValueError(f"decay: {decay}; expected a factor in (0, 1]")
    X = np.asarray(item_vectors)
    if X.ndim != 2:
        raise ValueError(f"item_vectors: shape {X.shape}; expected (items, columns)")
    users = np.zeros((len(histories), X.shape[1]), dtype=np.result_type(X, np.float32))
    for user, history in zip(users, histories, strict=True):
        codes = check_codes(history, len(X))
        if len(codes):
            weights = decay ** np.arange(len(codes))[::-1]  # (n,) the last has 1
            user[:] = weights @ X[codes] / weights.sum()
    return users


def check_codes(history: Any, n_items: int) -> np.ndarray:
    """(n,) item codes of one history."""
    from recsys_course.ids import UnknownId

    codes = np.asarray(history)
    if codes.size == 0:
        return np.empty(0, dtype=np.int64)
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer):
        raise TypeError(f"histories: {history!r}; expected a list of integer item codes for each user")
    wrong = (codes < 0) | (codes >= n_items)
    if wrong.any():
        raise UnknownId(f"histories: item code {codes[wrong][0]}; expected 0..{n_items - 1}")
    return codes


def _texts(items: Any) -> list[str]:
    if isinstance(items, str):
        raise TypeError(f"items: {items!r}, one text; expected a table or a list of texts")
    return texts_of(items) if hasattr(items, "columns") else list(items)


def _named(encoder: Known | TextEncoder) -> Any:
    if encoder == "hashing":
        return HashingSVD()
    if encoder == "minilm":
        return Cached(SentenceEncoder())
    if isinstance(encoder, str):
        raise ValueError(f"encoder: {encoder!r}; expected 'hashing', 'minilm' or an encoder")
    if isinstance(encoder, type) or not isinstance(encoder, TextEncoder):
        raise TypeError(f"encoder: {encoder!r}; expected an encoder with fit and encode")
    return encoder


def _fitted(encoder: Any, texts: list[str]) -> tuple[Any, np.ndarray]:
    """The encoder, fitted, and its rows of the texts; what was given stays as it was."""
    try:
        return encoder, _dense(encoder.encode(texts))
    except NotFitted:
        fresh = copy.deepcopy(encoder).fit(texts)
        return fresh, _dense(fresh.encode(texts))


def _dense(rows: Any) -> np.ndarray:
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows)
