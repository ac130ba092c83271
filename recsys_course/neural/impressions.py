"""Logs of impressions as tensors: codes of fields, dense numbers, clicks; checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys_course.ids import UnknownId


@dataclass(frozen=True)
class ClickBatch:
    """m impressions.

    Args:
        fields: (m, F) codes. dense: (m, D) numbers, D may be 0. clicks: (m,) 0 or 1; -1 where nobody knows.
        numbers: (m,) of the training rows; None in prediction.
    """

    fields: Tensor
    dense: Tensor
    clicks: Tensor
    numbers: Tensor | None = None

    def __len__(self) -> int:
        return len(self.fields)


@dataclass(frozen=True)
class Impressions:
    """A log of impressions as training rows."""

    fields: Tensor
    dense: Tensor
    clicks: Tensor

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def n_questions(self) -> int:
        """Impressions."""
        return len(self)

    def batch(self, rows: Tensor) -> ClickBatch:
        """(b,) rows."""
        return ClickBatch(self.fields[rows], self.dense[rows], self.clicks[rows], rows)

    def log_odds(self) -> float:
        """Of a click; half an impression more of each kind keeps it finite."""
        clicked = float(self.clicks.sum())
        return float(np.log((clicked + 0.5) / (len(self) - clicked + 0.5)))

    def part(self, a: int, b: int, device: Any = "cpu") -> Impressions:
        """Rows a..b-1."""
        return Impressions(*(x[a:b].to(device) for x in (self.fields, self.dense, self.clicks)))


def check_sizes(features: Any, sizes: Sequence[int] | None) -> tuple[int, ...]:
    """(F,) codes of each field: those given, or what the features show."""
    codes = _codes(features)
    if not codes.size:
        raise ValueError(f"features: shape {codes.shape}; expected at least one impression and one field")
    if sizes is None:
        return tuple(int(size) + 1 for size in codes.max(axis=0))
    if len(sizes) != codes.shape[1] or min(sizes) < 1:
        raise ValueError(
            f"sizes: {tuple(sizes)}; expected {codes.shape[1]} counts of at least 1, one a field"
        )
    return tuple(int(size) for size in sizes)


def impressions(features: Any, dense: Any, sizes: Sequence[int], clicks: Any = None) -> Impressions:
    """The log, checked; clicks of -1 where none are given.

    Raises:
        UnknownId: a code outside its field. TypeError: codes that are not integers. ValueError: other shapes,
            a dense number that is not finite, clicks other than 0 and 1.
    """
    codes = _codes(features)
    if codes.shape[1] != len(sizes):
        raise ValueError(f"features: {codes.shape[1]} fields; expected {len(sizes)}, as in fit")
    wrong = (codes < 0) | (codes >= np.asarray(sizes))
    if wrong.any():
        row, field = np.argwhere(wrong)[0]
        raise UnknownId(
            f"features: code {codes[row, field]} in row {row}, field {field}; expected 0..{sizes[field] - 1}"
        )
    numbers = np.zeros((len(codes), 0)) if dense is None else np.asarray(dense, dtype=np.float32)
    if numbers.ndim != 2 or len(numbers) != len(codes):
        raise ValueError(f"dense: shape {numbers.shape}; expected ({len(codes)}, columns)")
    if not np.isfinite(numbers).all():
        raise ValueError("dense: NaN or infinite; expected finite numbers")
    told = np.full(len(codes), -1.0) if clicks is None else _clicks(clicks, len(codes))
    return Impressions(
        torch.from_numpy(codes), *(torch.as_tensor(x, dtype=torch.float32) for x in (numbers, told))
    )


def _codes(features: Any) -> np.ndarray:
    codes = np.asarray(features)
    if codes.ndim != 2:
        raise ValueError(f"features: shape {codes.shape}; expected (impressions, fields)")
    if codes.size and not np.issubdtype(codes.dtype, np.integer):
        raise TypeError(f"features: dtype {codes.dtype}; expected integer codes, a column for each field")
    return codes.astype(np.int64)


def _clicks(clicks: Any, n: int) -> np.ndarray:
    told = np.asarray(clicks, dtype=float)
    if told.shape != (n,):
        raise ValueError(f"clicks: shape {told.shape}; expected ({n},), one an impression")
    if not np.isin(told, (0, 1)).all():
        raise ValueError(f"clicks: {told[~np.isin(told, (0, 1))][0]:g}; expected 0 or 1")
    return told
