"""Rows kept in one SQLite file: whole or not at all, whatever stops the writer.

A connection lives for one call. What cannot be trusted is not returned: every row carries a
checksum, and a file that is no database any more is thrown away, since all in it can be computed again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from recsys_course.compiled import chunks

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
PATIENCE = 30.0  # seconds to wait for another writer
AT_ONCE = 500  # keys in one question; SQLite allows 999 in its oldest versions
TABLE = (
    "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, row BLOB NOT NULL, check_sum INTEGER NOT NULL)"
)


class Unusable(Exception):
    """The file cannot be read or written now."""


class RowStore:
    """Bytes by key in the file ``path``; ``damaged`` is told, in words, what cannot be trusted.

    Raises:
        Unusable: from every method, when the file cannot be opened, read or written.
    """

    def __init__(self, path: Path, damaged: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.damaged = damaged or (lambda what: None)

    def get(self, keys: list[bytes]) -> dict[bytes, bytes]:
        """What is there and whole, of these keys."""
        if not self._exists():
            return {}
        return self._run(lambda db: _select(db, keys, self.damaged), write=False)

    def put(self, rows: dict[bytes, bytes]) -> None:
        """Write rows, all or none; a row that is there already is replaced."""
        self._run(lambda db: _insert(db, rows), write=True)

    def _exists(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:  # a folder above that may not be entered
            raise Unusable(str(error)) from error

    def _run(self, action: Callable[[sqlite3.Connection], T], write: bool) -> T:
        """Open, act, close; once more, on an empty file, after a damaged one was removed."""
        try:
            import sqlite3
        except ImportError:
            raise Unusable("this Python has no sqlite3") from None
        for again in (True, False):
            try:
                with self._open(write) as db:
                    return action(db)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
                if code in _not_the_file() or not again:
                    raise Unusable(str(error)) from error
                self._remove()
                self.damaged("the file is no database any more and was removed")
                write = True  # also to read: the table must be there
            except OSError as error:
                raise Unusable(str(error)) from error
        raise AssertionError("the second round returns or raises")

    @contextmanager
    def _open(self, write: bool) -> Iterator[sqlite3.Connection]:
        import sqlite3

        if write:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        # also to read: a writer that was killed leaves a journal, which has to be played back
        uri = f"{self.path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
        db = sqlite3.connect(uri, timeout=PATIENCE, uri=True, isolation_level=None)
        try:
            db.execute(TABLE)
            yield db
        finally:
            db.close()

    def _remove(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise Unusable(f"it is damaged and cannot be removed: {error}") from error


def _not_the_file() -> set[int]:
    """Errors that come from outside: locked, protected, full disk. Any other means damage."""
    import sqlite3

    names = "BUSY LOCKED READONLY CANTOPEN PERM AUTH IOERR FULL NOMEM NOLFS INTERRUPT PROTOCOL MISUSE"
    return {getattr(sqlite3, f"SQLITE_{name}") for name in names.split()}


def _select(db: sqlite3.Connection, keys: list[bytes], damaged: Callable[[str], None]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    spoilt = 0
    for first, last in chunks(len(keys), AT_ONCE):
        asked = keys[first:last]
        marks = ",".join("?" * len(asked))
        question = f"SELECT key, row, check_sum FROM rows WHERE key IN ({marks})"
        for key, row, check_sum in db.execute(question, asked):
            if isinstance(row, bytes) and check_sum == zlib.crc32(row, zlib.crc32(key)):
                found[key] = row
            else:
                spoilt += 1
    if spoilt:
        damaged(f"{spoilt} rows have a wrong checksum")
    return found


def _insert(db: sqlite3.Connection, rows: dict[bytes, bytes]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        lines = ((key, row, zlib.crc32(row, zlib.crc32(key))) for key, row in rows.items())
        db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", lines)
        db.execute("COMMIT")
    except BaseException:  # Ctrl-C, too
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
