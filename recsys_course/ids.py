"""Original ids on the outside, codes 0..n-1 on the inside."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd


class UnknownId(KeyError):
    """An id that the data has never seen; the message names the nearest known ones."""

    def __str__(self) -> str:
        return str(self.args[0])


class IdMap:
    """Original ids on one side, codes 0..n-1 on the other.

    Args:
        ids: one original id per code, without duplicates; ``ids[code]`` is its id.
        kind: what the ids name ("user", "item"), for messages.

    Raises:
        ValueError: an id occurs twice.
    """

    def __init__(self, ids: Any, kind: str = "id") -> None:
        self.ids = pd.Index(ids)
        self.kind = kind
        if not self.ids.is_unique:
            twice = self.ids[self.ids.duplicated()].tolist()[0]
            raise ValueError(f"{kind} ids: {twice!r} occurs twice; expected each id once")

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, ids: Any, unknown: str = "error") -> np.ndarray:
        """Original ids -> (N,) codes.

        Args:
            ids: one id or a sequence of ids.
            unknown: "error" raises; "code" gives -1, the code of an unknown user or item.

        Raises:
            UnknownId: an id is not known and ``unknown`` is "error".
            ValueError: ``unknown`` is neither of the two.
        """
        if unknown not in ("error", "code"):
            raise ValueError(f"unknown: {unknown!r}; expected 'error' or 'code'")
        wanted = pd.Index(ids if pd.api.types.is_list_like(ids) else [ids])
        codes = self.ids.get_indexer(wanted)
        if unknown == "error" and (codes < 0).any():
            missing = wanted[codes < 0].tolist()[0]
            near = get_close_matches(str(missing), self.ids[:100_000].astype(str), n=3, cutoff=0.5)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            raise UnknownId(f"{self.kind} id {missing!r} is unknown ({len(self)} known{hint})")
        return codes

    def decode(self, codes: Any) -> np.ndarray:
        """(...) codes -> (...) original ids; padding (-1) becomes None."""
        codes = np.asarray(codes)
        if (codes >= 0).all():
            return self.ids.to_numpy()[codes]
        ids = np.array([*self.ids, None], dtype=object)  # None stands last, where -1 finds it
        return ids[np.maximum(codes, -1)]
