"""Results on disk, one JSON line each, so that a stopped run goes on where it stopped.

The first line says by which protocol and on which data the others were made. A line is added
by one write, so a run that is killed leaves at most its last line torn.
"""

from __future__ import annotations

import errno
import json
import os
import warnings
from pathlib import Path
from typing import Any

Record = dict[str, Any]
FORMAT = 1
BEGINNING = b'{"kind":"header"'  # of every store


class StoreError(ValueError):
    """A store that cannot be used; the message names the file, the line and the reason."""


class Store:
    """The results of a run by their keys.

    Args:
        path: the file; it is made when it is not there. None keeps nothing on disk.
        header: {"protocol": ..., "data": ...} of this run; a store of another is refused.

    Raises:
        StoreError: a line is damaged, or the store belongs to another protocol or other data.
            The file is left as it is.

    A last line without its end (the run was killed while writing) is moved to ``PATH.torn``
    with a warning that names it; that one result is made again.
    """

    def __init__(self, path: str | Path | None, header: Record) -> None:
        self.path = None if path is None else Path(path)
        self._records: dict[tuple[Any, ...], Record] = {}
        if self.path is None:
            return
        if self.path.exists() and self.path.stat().st_size:
            self._read(header)
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._write({"kind": "header", "format": FORMAT} | header)

    def get(self, *key: Any) -> Record | None:
        """The record under a key, or None."""
        return self._records.get(key)

    def put(self, record: Record, *key: Any) -> Record:
        """Keep a record, on disk first."""
        record = record | {"key": list(key)}
        if self.path is not None:
            self._write(record)
        self._records[key] = record
        return record

    def __len__(self) -> int:
        return len(self._records)

    def _write(self, record: Record) -> None:
        assert self.path is not None
        line = json.dumps(record, allow_nan=False, separators=(",", ":"), default=lambda x: x.item()) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = line.encode()
            if (n := os.write(file, data)) < len(data):  # a full disk; leave no half line
                os.ftruncate(file, os.fstat(file).st_size - n)
                raise OSError(errno.ENOSPC, "only a part of a result could be written", str(self.path))
            os.fsync(file)
        finally:
            os.close(file)

    def _read(self, header: Record) -> None:
        assert self.path is not None
        *lines, rest = self.path.read_bytes().split(b"\n")
        if not lines and rest and not _whole(rest) and not rest.startswith(BEGINNING[: len(rest)]):
            raise StoreError(f"{self.path}: line 1: expected the header of a store, format {FORMAT}")
        if cut := _whole(rest):  # only the end of the line is missing
            lines, rest = [*lines, rest], b""
        records = [self._parse(line, number) for number, line in enumerate(lines, 1)]
        if records:
            self._compare(records[0], header)
        if cut:
            with self.path.open("ab") as file:
                file.write(b"\n")
        for number, record in enumerate(records[1:], 2):
            if not isinstance(record.get("key"), list):
                raise StoreError(f"{self.path}: line {number}: no key; expected a result of this program")
            self._records.setdefault(tuple(record["key"]), record)
        if rest:
            self._set_aside(rest, len(lines) + 1)

    def _parse(self, line: bytes, number: int) -> Record:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise StoreError(
                f"{self.path}: line {number}: damaged ({error}); mend or remove the line to go on"
            ) from error
        if not isinstance(record, dict):
            raise StoreError(f"{self.path}: line {number}: {type(record).__name__}; expected an object")
        return record

    def _compare(self, found: Record, header: Record) -> None:
        if found.get("kind") != "header" or found.get("format") != FORMAT:
            raise StoreError(f"{self.path}: line 1: expected the header of a store, format {FORMAT}")
        for part, what in (("protocol", "by another protocol"), ("data", "on other data")):
            old, new = found.get(part) or {}, header[part]
            wrong = [key for key in new | old if old.get(key) != new.get(key)]
            if wrong:
                said = ", ".join(f"{key}: {old.get(key)!r}, now {new.get(key)!r}" for key in wrong)
                raise StoreError(f"{self.path}: made {what} ({said}); name another file")

    def _set_aside(self, rest: bytes, number: int) -> None:
        """Move a torn last line out of the way of the next."""
        assert self.path is not None
        torn = self.path.with_name(self.path.name + ".torn")
        with torn.open("ab") as file:
            file.write(rest + b"\n")
        os.truncate(self.path, self.path.stat().st_size - len(rest))
        warnings.warn(
            f"{self.path}: line {number} is torn; moved to {torn.name}, its result is made again",
            stacklevel=4,
        )


def _whole(line: bytes) -> bool:
    """Is a line without its end a complete record? A part of an object is never JSON."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
