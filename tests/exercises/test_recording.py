"""From a check to the progress file: the one place where the two halves meet."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from recsys_course.exercises.catalogue import chapters
from recsys_course.exercises.store import FILE, store

pytest.importorskip("recsys_course.checks.engine", reason="these checks tell nobody how they went")
CHAPTER = chapters()[0]
EXERCISE = CHAPTER.exercises[0]


def check():
    return getattr(import_module(f"recsys_course.checks.{CHAPTER.name}"), EXERCISE.name)


def test_a_check_is_recorded(home, capsys):
    with pytest.raises(AssertionError):
        check()(lambda *args: None)
    history = store().read()
    assert history.tries(EXERCISE.id) == 1 and not history.is_done(EXERCISE.id)
    check()(check().reference)
    history = store().read()
    assert history.tries(EXERCISE.id) == 2 and history.is_done(EXERCISE.id)
    assert {attempt.cases for attempt in history.attempts if attempt.passed} == {len(check().cases)}
    assert capsys.readouterr().err == ""


def test_a_progress_file_that_cannot_be_used_costs_one_line(home, capsys):
    home.write_text("not a folder")
    for _ in range(3):
        check()(check().reference)
    out, err = capsys.readouterr()
    assert out.count("pass") >= 3 and len(err.splitlines()) == 1 and "Your work is not affected" in err


def test_no_database_is_opened_before_the_first_check(home):
    code = f"import sys; from recsys_course import checks; checks.{CHAPTER.name}.{EXERCISE.name}; "
    done = subprocess.run([sys.executable, "-c", code + "sys.exit('sqlite3' in sys.modules)"], timeout=300)
    assert done.returncode == 0 and not (home / FILE).exists()
