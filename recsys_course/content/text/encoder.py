"""What all text encoders share: fit, encode, and clear refusals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from scipy import sparse

from recsys_course.base import NotFitted
from recsys_course.content.text.tokens import check_texts

Rows: TypeAlias = "np.ndarray | sparse.csr_array"  # (N, D): one row per text


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns texts into rows of numbers."""

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from texts what ``encode`` needs; returns the encoder itself."""
        ...

    def encode(self, texts: Sequence[str]) -> Rows:
        """N texts -> (N, D), dense or sparse."""
        ...


class Encoder(ABC):
    """The part that every encoder of ours shares; a subclass writes ``_fit`` and ``_encode``.

    A text without a known word gives a row of zeros, never NaN.
    """

    learned: ClassVar[str]  # the attribute that is there once fit is done

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from texts; returns the encoder itself.

        Raises:
            TypeError: a row that is no string, or a string in place of a list.
            ValueError: no texts, or a setting outside its range.
        """
        rows = check_texts(texts)
        if not rows:
            raise ValueError("texts: none; expected at least one")
        try:
            self._fit(rows)
        except BaseException:
            vars(self).pop(self.learned, None)  # half a fit is none
            raise
        return self

    def encode(self, texts: Sequence[str]) -> Any:
        """N texts -> (N, D); no texts give (0, D).

        Raises:
            NotFitted: before fit. TypeError: a row that is no string, or a string in place of a list.
        """
        self._need_fit()
        return self._encode(check_texts(texts))

    def fit_encode(self, texts: Sequence[str]) -> Any:
        """``fit`` and ``encode`` of the same texts."""
        return self.fit(texts).encode(texts)

    @abstractmethod
    def _fit(self, texts: list[str]) -> None: ...

    @abstractmethod
    def _encode(self, texts: list[str]) -> Rows: ...

    def _need_fit(self) -> None:
        if not hasattr(self, self.learned):
            raise NotFitted(f"{type(self).__name__} is not fitted; call fit(texts) first")


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """(N, D) dense -> the same rows with length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)  # (N, 1)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
