"""Rows that are computed once: kept on disk by what they are made from."""

from __future__ import annotations

import dataclasses
import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import sparse

from recsys_course.compiled import chunks
from recsys_course.content.text.encoder import Rows, TextEncoder
from recsys_course.content.text.rowstore import RowStore, Unusable
from recsys_course.content.text.tokens import check_texts
from recsys_course.progress import progress

AT_ONCE = 256  # texts computed, then kept: what Ctrl-C can cost


@dataclass
class Cached:
    """An encoder whose rows are kept on disk; what is there is not computed again.

    A row is found by the SHA-256 of its text, in a file named by the SHA-256 of what the encoder is: its
    class, its settings and, if it was fitted, what it has learned. Another setting, another fit or another
    letter in the text is therefore another row. A damaged file or row is computed anew; where the
    folder cannot be written, a warning says so and rows are computed but not kept.

    Args:
        encoder: any :class:`TextEncoder`; worth it for :class:`SentenceEncoder`.
        folder: where the files lie; None: ``texts`` in the cache folder (``RECSYS_COURSE_CACHE``).

    Raises:
        TypeError: no encoder.

    Cost: a row that is there costs a look-up by its key; on disk, its bytes and some sixty more.
    """

    encoder: TextEncoder
    folder: str | Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.encoder, type) or not isinstance(self.encoder, TextEncoder):
            raise TypeError(f"encoder: {self.encoder!r}; expected an encoder with fit and encode")

    def __getattr__(self, name: str) -> Any:
        """``encode_queries`` of an encoder that has one, such as ``BM25``; no query is kept."""
        if name == "encode_queries":
            return getattr(self.encoder, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def fit(self, texts: Sequence[str]) -> Self:
        """Fit the encoder inside; returns this object. Nothing is kept yet."""
        self.encoder.fit(texts)
        return self

    def fit_encode(self, texts: Sequence[str]) -> Any:
        """``fit`` and ``encode`` of the same texts."""
        return self.fit(texts).encode(texts)

    def encode(self, texts: Sequence[str]) -> Any:
        """N texts -> (N, D), from disk where possible; equal texts are computed once."""
        texts = check_texts(texts)
        if not texts:
            return self.encoder.encode(texts)
        keys = [hashlib.sha256(_bytes(text)).digest() for text in texts]
        store, rows = RowStore(self.path()), {}
        try:
            rows = {key: unpack(row) for key, row in store.get(list(dict.fromkeys(keys))).items()}
        except Unusable as problem:
            self._warn(problem)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        rows.update(self._compute(missing, store))
        return _stack([rows[key] for key in keys])

    def path(self) -> Path:
        """The file that holds the rows of the encoder as it is now."""
        from recsys_course.data.fetch import cache_folder

        folder = cache_folder() / "texts" if self.folder is None else Path(self.folder).expanduser()
        return folder / f"{fingerprint(self.encoder)}.sqlite"

    def _compute(self, missing: dict[bytes, str], store: RowStore) -> dict[bytes, Any]:
        keys = sorted(missing, key=lambda key: len(missing[key]))  # alike in length, alike in time
        parts, rows, keep = list(chunks(len(keys), AT_ONCE)), {}, True
        for first, last in progress(parts, "texts", len(parts), "part"):
            asked = keys[first:last]
            made = _split(self.encoder.encode([missing[key] for key in asked]))
            new = dict(zip(asked, made, strict=True))
            rows.update(new)
            if keep:
                try:
                    store.put({key: pack(row) for key, row in new.items()})
                except Unusable as problem:
                    keep = False
                    self._warn(problem)
        return rows

    def _warn(self, problem: Unusable) -> None:
        warnings.warn(
            f"{self.path()}: {problem}; rows are computed but not kept. Choose another folder, "
            "Cached(encoder, folder=...), or set RECSYS_COURSE_CACHE",
            stacklevel=3,
        )


def fingerprint(encoder: Any) -> str:
    """64 hexadecimal digits for an encoder: its class, its settings, what it has learned.

    An encoder whose rows depend on something else says so in a method ``identity() -> str``.
    """
    total = hashlib.sha256(f"{type(encoder).__module__}.{type(encoder).__qualname__}".encode())
    if hasattr(encoder, "identity"):
        total.update(encoder.identity().encode())
        return total.hexdigest()
    fields = (
        {field.name for field in dataclasses.fields(encoder)} if dataclasses.is_dataclass(encoder) else set()
    )
    for name, value in sorted(vars(encoder).items()):
        if name in fields or not fields or name.endswith("_"):
            total.update(f"\0{name}=".encode())
            _add(total, value)
    return total.hexdigest()


def _add(total: Any, value: Any) -> None:
    """Feed a value into a hash: arrays with all their numbers, which repr would leave out."""
    if sparse.issparse(value):
        value = value.tocsr()
        _add(total, [value.shape, value.data, value.indices, value.indptr])
    elif isinstance(value, np.ndarray) and value.dtype != object:
        total.update(f"{value.dtype.str}{value.shape}".encode())
        total.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (list, tuple)):
        total.update(f"{type(value).__name__}{len(value)}".encode())
        for part in value:
            _add(total, part)
    elif isinstance(value, (set, frozenset)):
        _add(total, sorted(value, key=repr))  # their order differs from run to run
    elif isinstance(value, dict):
        _add(total, list(value.items()))
    elif isinstance(value, (str, int, float, bool, Path, np.generic)) or value is None:
        total.update(_bytes(f"{type(value).__name__} {value!r}"))
    elif isinstance(value, TextEncoder):
        total.update(fingerprint(value).encode())
    else:  # its repr need not say what it is, and a wrong row would come back
        raise TypeError(
            f"encoder: holds a {type(value).__name__}, from which no key can be made; "
            "give the encoder a method identity() -> str that says what its rows depend on"
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _split(rows: Rows) -> list[Any]:
    """(N, D) -> N rows: (D,) arrays, or (1, D) sparse."""
    return (
        [rows[n : n + 1] for n in range(rows.shape[0])] if sparse.issparse(rows) else list(np.asarray(rows))
    )


def _stack(rows: list[Any]) -> Any:
    return sparse.vstack(rows, format="csr") if sparse.issparse(rows[0]) else np.stack(rows)


def pack(row: Any) -> bytes:
    """A row as bytes: a line that says what follows, then the numbers."""
    if sparse.issparse(row):
        indices, data = row.indices.astype("<i4"), row.data
        head = f"sparse {row.shape[1]} {data.dtype.str} {len(data)}\n"
        return head.encode() + indices.tobytes() + data.tobytes()
    return f"dense {len(row)} {row.dtype.str}\n".encode() + row.tobytes()


def unpack(stored: bytes) -> Any:
    """The row that :func:`pack` made bytes of."""
    head, _, body = stored.partition(b"\n")
    kind, width, dtype, *n = head.decode().split()
    if kind == "dense":
        return np.frombuffer(body, dtype=dtype)  # (D,)
    cut = 4 * int(n[0])
    indices, data = np.frombuffer(body[:cut], "<i4"), np.frombuffer(body[cut:], dtype)
    return sparse.csr_array((data, indices, [0, len(data)]), shape=(1, int(width)))
