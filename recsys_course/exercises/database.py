"""The history in one SQLite file.

A connection lives for one call: nothing stays locked between two cells, and a notebook and
``watch`` can write in turn. The plain rollback journal is used, not WAL, which does not work on
the network folders that many homes are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from recsys_course.exercises.history import Attempt, HintSeen, History

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
SCHEMA = 1
PATIENCE = 2.0  # seconds to wait for another writer; a write takes milliseconds
TABLES = (
    "CREATE TABLE IF NOT EXISTS attempts (exercise TEXT NOT NULL, passed INTEGER NOT NULL,"
    " cases INTEGER NOT NULL, at TEXT NOT NULL,"
    " PRIMARY KEY (exercise, at, passed, cases)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS hints (exercise TEXT NOT NULL, number INTEGER NOT NULL,"
    " at TEXT NOT NULL, PRIMARY KEY (exercise, number)) WITHOUT ROWID",
    f"PRAGMA user_version = {SCHEMA}",
)
KEEP_EARLIER = "ON CONFLICT (exercise, number) DO UPDATE SET at = min(at, excluded.at)"


class Unusable(Exception):
    """The file cannot be read or written now; it is left as it is."""


class Database:
    """The history in the file ``path``.

    A damaged file is moved aside as ``progress.sqlite.broken-DATE``, ``say`` is told, and a new
    one begins.

    Raises:
        Unusable: from every method, when the file is locked, read-only, of a newer version, or
            when this Python has no sqlite3.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self.path = path
        self._say = say

    def read(self) -> History:
        """All there is; nothing is created."""
        return self._run(_select) if self._exists() else History()

    def add(self, new: History) -> None:
        """Write what is not there yet; all of it or nothing."""
        self._run(lambda db: _insert(db, new))

    def forget(self, exercises: Collection[str]) -> None:
        """Delete what concerns these exercises."""
        if self._exists():
            self._run(lambda db: _delete(db, exercises))

    def _exists(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:  # a folder above that may not be entered
            raise Unusable(str(error)) from error

    def _run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Open, act, close; once more after a damaged file was moved aside."""
        try:
            import sqlite3
        except ImportError:
            raise Unusable("this Python has no sqlite3") from None
        damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        for again in (True, False):
            before = _identity(self.path)
            try:
                with self._open() as db:
                    return action(db)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
                if code not in damage or not again:
                    raise Unusable(str(error)) from error
            except OSError as error:
                raise Unusable(str(error)) from error
            if _identity(self.path) == before:  # else another process has just done it
                self._set_aside()
        raise AssertionError("the second round returns or raises")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        import sqlite3

        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        db.text_factory = lambda raw: raw.decode(errors="replace")  # a damaged letter hides no progress
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise Unusable("a newer version of the course wrote it")
            if version < SCHEMA:
                with _transaction(db):
                    for statement in TABLES:
                        db.execute(statement)
            yield db
        finally:
            db.close()

    def _set_aside(self) -> None:
        """Move the file out of the way; nothing is deleted."""
        broken = f"{self.path.name}.broken-{datetime.now():%Y-%m-%d-%H%M%S}"
        try:
            os.replace(self.path, self.path.with_name(broken))
        except OSError as error:
            raise Unusable(f"it is damaged and cannot be moved aside: {error}") from error
        self._say(f"The progress file was damaged: it is now {broken}, in {self.path.parent}; a new one begins.")


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from one that took its name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; waits for the write lock at once, where waiting is possible."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _select(db: sqlite3.Connection) -> History:
    attempts = db.execute("SELECT exercise, passed, cases, at FROM attempts").fetchall()
    hints = db.execute("SELECT exercise, number, at FROM hints").fetchall()
    return History(
        frozenset(Attempt(exercise, bool(passed), cases, at) for exercise, passed, cases, at in attempts),
        frozenset(HintSeen(*row) for row in hints),
    )


def _insert(db: sqlite3.Connection, new: History) -> None:
    with _transaction(db):
        db.executemany("INSERT OR IGNORE INTO attempts (exercise, passed, cases, at) VALUES (?, ?, ?, ?)", new.attempts)
        db.executemany(f"INSERT INTO hints (exercise, number, at) VALUES (?, ?, ?) {KEEP_EARLIER}", new.hints)


def _delete(db: sqlite3.Connection, exercises: Collection[str]) -> None:
    with _transaction(db):
        for table in ("attempts", "hints"):
            db.executemany(f"DELETE FROM {table} WHERE exercise = ?", [(name,) for name in exercises])
