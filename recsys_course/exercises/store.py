"""Progress that never stands in the way: saved where possible, else kept while Python runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from recsys_course.exercises.database import Database, Unusable
from recsys_course.exercises.history import Attempt, HintSeen, History, now

HOME_VARIABLE = "RECSYS_COURSE_HOME"  # a folder to use in place of the user's data folder
FILE = "progress.sqlite"


def home() -> Path:
    """The folder of the learner's progress; it need not exist."""
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser()
    try:
        from platformdirs import user_data_dir
    except ImportError:  # in the browser, where no file would last anyway
        return Path("recsys_course")
    return Path(user_data_dir("recsys_course", appauthor=False))


def store() -> Store:
    """The store of this process; another one where ``RECSYS_COURSE_HOME`` has changed."""
    return _store(home() / FILE)


@cache
def _store(path: Path) -> Store:
    return Store(path)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class Store:
    """Reads and adds progress. No trouble with the file is raised: it is said, once.

    Args:
        path: the SQLite file.
        say: takes the line for the learner.

    Attributes:
        listeners: called without arguments after a change, for displays that follow it.
        works: whether the file could be used the last time.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = _to_stderr) -> None:
        self.path = path
        self.listeners: list[Callable[[], None]] = []
        self.works = True
        self._say = say
        self._warned = False
        self._unsaved = History()
        self._database = Database(path, say)

    def read(self) -> History:
        """What is in the file, and what could not be written to it."""
        with self._noted():
            return self._database.read().merged(self._unsaved)
        return self._unsaved

    def add(self, new: History) -> bool:
        """Keep more history; False when only in memory."""
        self._unsaved = self._unsaved.merged(new)
        with self._noted():
            self._database.add(self._unsaved)
            self._unsaved = History()
        return self._told(self.works)

    def forget(self, exercises: Collection[str]) -> bool:
        """Drop what concerns these exercises; False when the file could not be changed."""
        self._unsaved = self._unsaved.without(exercises)
        with self._noted():
            self._database.forget(exercises)
        return self._told(self.works)

    def show_hints(self, exercise: str, numbers: Iterable[int]) -> None:
        """Note that hints were shown."""
        self.add(History(hints=frozenset(HintSeen(exercise, number, now()) for number in numbers)))

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Trouble with the file ends the block and is said in one line, the first time."""
        try:
            yield
            self.works = True
        except Unusable as error:
            self.works = False
            if not self._warned:
                self._say(
                    f"Progress is kept until this Python ends, not saved ({self.path}: {error}). "
                    "Your work is not affected."
                )
            self._warned = True

    def _told(self, worked: bool) -> bool:
        """The same, once the listeners know; they read, so ``works`` may have changed after it."""
        for listener in self.listeners:
            listener()
        return worked


def record(exercise: str, passed: bool, cases: int) -> None:
    """Note the result of a check. The checks call it, in the learner's cell: it never raises.

    A pass after a pass is not written: it says nothing new, and ``watch`` runs every check at
    every save. Nothing is written for a notebook in a folder ``solutions``: to run the answers
    is not to solve the exercises.
    """
    try:
        if Path.cwd().name == "solutions":
            return
        kept = store()
        if not (passed and kept.read().is_done(exercise)):
            kept.add(History(attempts=frozenset([Attempt(exercise, passed, cases, now())])))
    except Exception as error:  # whatever it is, the learner's own result comes first
        _say_once(f"Progress is not kept ({type(error).__name__}: {error}). Your work is not affected.")


@cache
def _say_once(line: str) -> None:
    _to_stderr(line)
