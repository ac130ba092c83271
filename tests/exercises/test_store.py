"""The contract of the store: what is added is there, and no trouble with the file is the learner's."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recsys_course.exercises import database
from recsys_course.exercises.history import Attempt, HintSeen, History
from recsys_course.exercises.store import FILE, Store, home, record, store

T = [f"2026-11-21T10:00:0{n}.000000+00:00" for n in range(10)]
TRIED = History(frozenset([Attempt("a.x", False, 3, T[1])]), frozenset([HintSeen("a.x", 1, T[2])]))
DONE = History(frozenset([Attempt("a.x", True, 20, T[3]), Attempt("a.y", True, 20, T[4])]))


@pytest.fixture
def said():
    return []


@pytest.fixture
def kept(home, said) -> Store:
    return Store(home / FILE, said.append)


def again(kept: Store) -> History:
    """What another process would read."""
    return Store(kept.path, print).read()


def test_what_is_added_is_there_and_nothing_twice(kept, said):
    assert kept.read() == History() and not kept.path.parent.exists()  # reading creates nothing
    assert kept.add(TRIED) and kept.add(DONE) and kept.add(TRIED)
    assert kept.read() == again(kept) == TRIED.merged(DONE)
    assert said == [] and kept.works
    assert [path.name for path in kept.path.parent.iterdir()] == [FILE]


def test_the_first_time_of_a_hint_stays(kept):
    for at in (T[5], T[2], T[7]):
        kept.add(History(hints=frozenset([HintSeen("a.x", 1, at)])))
    assert again(kept).hints == {HintSeen("a.x", 1, T[2])}


def test_what_is_forgotten_is_gone(kept):
    kept.add(TRIED.merged(DONE))
    assert kept.forget(["a.x"])
    assert again(kept) == History(frozenset([Attempt("a.y", True, 20, T[4])]))
    assert kept.forget(["a.x", "nothing"])


def test_listeners_hear_of_every_change(kept):
    heard = []
    kept.listeners.append(lambda: heard.append(kept.read()))
    kept.add(TRIED)
    kept.forget(["a.x"])
    assert heard == [TRIED, History()]


def spoil_head(path: Path) -> None:
    path.write_bytes(b"no database, but longer than the header of one" * 99)


def spoil_pages(path: Path) -> None:
    """The header stays, all pages after the first are overwritten."""
    raw = path.read_bytes()
    assert len(raw) > 4096
    path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))


@pytest.mark.parametrize("spoil", [spoil_head, spoil_pages])
@pytest.mark.parametrize("use", [Store.read, lambda kept: kept.add(DONE), lambda kept: kept.forget(["a.x"])])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begins(kept, said, spoil, use):
    kept.add(TRIED)
    spoil(kept.path)
    bytes_before = kept.path.read_bytes()
    use(kept)
    assert len(said) == 1 and "was damaged" in said[0] and ".broken-" in said[0]
    assert kept.add(DONE) and again(kept) == DONE and kept.works
    (broken,) = kept.path.parent.glob("*.broken-*")
    assert broken.read_bytes() == bytes_before and broken.name in said[0]
    assert len(said) == 1


def test_a_file_that_another_process_has_renewed_is_not_moved(kept, said, monkeypatch):
    kept.add(TRIED)
    spoil_head(kept.path)
    found = iter([(1, 1), (2, 2)])  # before and after: not the same file
    monkeypatch.setattr(database, "_identity", lambda path: next(found, (3, 3)))
    kept.read()
    assert not list(kept.path.parent.glob("*.broken-*"))


def test_an_empty_file_is_a_new_one(kept, said):
    kept.path.parent.mkdir()
    kept.path.touch()
    assert kept.add(DONE) and again(kept) == DONE and said == []


def only_in_memory(kept: Store, said: list[str], why: str) -> None:
    """Adding still works for this process, one line says so, and the next uses are silent."""
    assert not kept.add(DONE) and not kept.works
    assert kept.read().merged(DONE) == kept.read()
    assert not kept.add(TRIED)
    assert kept.read().merged(TRIED) == kept.read()
    (line,) = said
    assert why in line and "Your work is not affected" in line and str(kept.path) in line


def test_a_file_in_the_place_of_the_folder(kept, said, home):
    home.write_text("not a folder")
    only_in_memory(kept, said, "exists")
    assert home.read_text() == "not a folder"


def test_a_folder_in_the_place_of_the_file(kept, said):
    kept.path.mkdir(parents=True)
    only_in_memory(kept, said, "unable to open")


def test_a_read_only_file_is_read_and_not_written(kept, said, monkeypatch):
    kept.add(TRIED)
    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: real(f"file:{path}?mode=ro", uri=True, **options)
    )
    assert kept.read() == TRIED and said == []
    only_in_memory(kept, said, "readonly")
    assert kept.read() == TRIED.merged(DONE)
    assert not kept.forget(["a.x"])
    monkeypatch.undo()
    assert again(kept) == TRIED


@pytest.mark.skipif(os.name != "posix", reason="permissions of files are others here")
def test_a_folder_that_may_not_be_written():
    """No permission binds root: a root that runs the tests turns into another user first."""
    code = (
        "import os, sqlite3\nfrom recsys_course.exercises import store\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "store.record('a.x', True, 3); store.record('a.y', True, 3)\n"
        "print(len(store.store().read().attempts), 'in memory')"
    )
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        env = os.environ | {"RECSYS_COURSE_HOME": folder}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert not os.listdir(folder)
    assert done.stdout == "2 in memory\n", done.stderr
    assert done.stderr.count("Your work is not affected") == 1


def test_a_locked_file_costs_little_time_and_nothing_is_lost(kept, said, monkeypatch):
    kept.add(TRIED)
    monkeypatch.setattr(database, "PATIENCE", 0.01)
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    only_in_memory(kept, said, "locked")
    other.execute("ROLLBACK")
    other.close()
    third = History(frozenset([Attempt("a.z", True, 5, T[9])]))
    assert kept.add(third) and kept.works  # what had to wait goes with it
    assert again(kept) == TRIED.merged(DONE).merged(third)


def test_a_file_of_a_newer_version_is_left_alone(kept, said):
    kept.add(TRIED)
    other = sqlite3.connect(kept.path)
    other.execute("PRAGMA user_version = 2")
    other.close()
    before = kept.path.read_bytes()
    only_in_memory(kept, said, "newer version")
    assert kept.path.read_bytes() == before


def test_a_python_without_sqlite(kept, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    only_in_memory(kept, said, "no sqlite3")


WRITER = """
from recsys_course.exercises.store import record
for n in range({n}):
    record(f"a.{name}{{n}}", n % 2 == 0, n)
"""


def test_two_processes_write_at_once(home):
    code = [WRITER.format(name=name, n=60) for name in "xy"]
    both = [subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE, text=True) for text in code]
    for process in both:
        assert process.communicate(timeout=300)[1] == ""
    assert len(store().read().attempts) == 120


def test_record_notes_each_try_and_the_first_pass(home):
    for passed in (False, False, True, True, True):
        record("a.x", passed, 7)
    history = store().read()
    assert sorted(a.passed for a in history.attempts) == [False, False, True]
    assert history.tries("a.x") == 3 and {a.cases for a in history.attempts} == {7}


def test_running_the_solutions_is_no_progress(home, tmp_path, monkeypatch):
    folder = tmp_path / "solutions"
    folder.mkdir()
    monkeypatch.chdir(folder)
    record("a.x", True, 7)
    assert not home.exists()
    monkeypatch.chdir(tmp_path)
    record("a.x", True, 7)
    assert store().read().is_done("a.x")


def test_record_never_raises(home, monkeypatch, capsys):
    def broken(self, new):
        raise ZeroDivisionError("anything")

    monkeypatch.setattr(Store, "add", broken)
    record("a.x", True, 7)
    record("a.y", True, 7)
    err = capsys.readouterr().err
    assert err.count("ZeroDivisionError: anything") == 1 and "Your work is not affected" in err


def test_home_is_the_users_data_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_COURSE_HOME", str(tmp_path))
    assert home() == tmp_path and store().path == tmp_path / FILE
    monkeypatch.setenv("RECSYS_COURSE_HOME", "")
    assert home().is_absolute() and "recsys_course" in home().parts
