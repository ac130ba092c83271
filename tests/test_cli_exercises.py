"""recsys-course exercises, as a learner uses it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys_course.cli import app, studying
from recsys_course.exercises import catalogue
from recsys_course.exercises.catalogue import chapters
from recsys_course.exercises.notebooks import answer_cell, read_notebook
from recsys_course.exercises.store import record, store

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = chapters()[0]
FIRST, SECOND = CHAPTER.exercises[:2]
COMMAND = [sys.executable, "-c", "from recsys_course.cli import app; app()", "exercises"]


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch) -> Path:
    """A copy of the exercises, in which the learner stands, and a home for progress."""
    folder = tmp_path / "course"
    shutil.copytree(ROOT / "exercises", folder / "exercises", ignore=shutil.ignore_patterns(".*"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RECSYS_COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return folder


@pytest.fixture
def mine(course) -> Path:
    """The notebook, its first answer written."""
    path = course / "exercises" / f"{CHAPTER.notebook}.ipynb"
    book = read_notebook(path)
    answer_cell(book, FIRST)["source"] = f"def {FIRST.name}(*args):\n    return 'my own work'"
    path.write_text(json.dumps(book))
    return path


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen]:
    """A command in a process group of its own, as in a terminal; it ends with the test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *words], start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def run(*words: str, answer: str = ""):
    return CliRunner().invoke(app, ["exercises", *words], input=answer)


def said(*words: str, answer: str = "") -> str:
    """What a command prints when all goes well."""
    result = run(*words, answer=answer)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result, code: int, *texts: str) -> None:
    """One line on stderr with these texts, nothing on stdout, this exit code."""
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ") and result.stdout == "", result.output
    for text in texts:
        assert text in lines[0]


def row(out: str, exercise) -> list[str]:
    (line,) = [line for line in out.splitlines() if f"│ {exercise.number} " in line]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_help_of_every_command_names_it_and_gives_an_example():
    for words in ["", "show", "hint", "open", "watch", "reset", "export", "import"]:
        out = said(*words.split(), "--help")
        assert f"recsys-course exercises {words}".strip() in out.split("Usage", 1)[1].split("\n", 1)[1]
        assert "Example" in out


def test_the_list_shows_progress():
    total = len(CHAPTER.exercises)
    out = said()
    assert f"0 of {total} done" in out and f"Next: recsys-course exercises show {FIRST.number}" in out
    assert row(out, FIRST) == [
        FIRST.number,
        FIRST.title,
        FIRST.name,
        "○ not yet",
        "",
        f"0 of {len(FIRST.hints)}",
    ]
    record(FIRST.id, False, 0)
    record(FIRST.id, True, 20)
    record(SECOND.id, False, 0)
    said("hint", SECOND.number)
    out = said()
    assert f"1 of {total} done" in out and f"show {SECOND.number}" in out
    assert row(out, FIRST)[3:5] == ["✓ done", "2"]
    assert row(out, SECOND)[3:] == ["… tried", "1", f"1 of {len(SECOND.hints)}"]
    for exercise in (each for chapter in chapters() for each in chapter.exercises):
        record(exercise.id, True, 20)
    assert "All done" in said() and f"{total} of {total} done" in said()


def test_show_has_the_task_and_where_things_are():
    for exercise in CHAPTER.exercises:
        out = said("show", exercise.id)
        assert exercise.title in out and f"exercises/{CHAPTER.notebook}.ipynb" in out
        assert f"solutions/{CHAPTER.notebook}.ipynb" in out and "○ not yet" in out
        assert "$" not in out and "<" + "details" not in out


def test_formulas_reach_the_terminal_as_they_are_typed():
    from rich.console import Console

    console = Console(width=100)
    with console.capture() as capture:
        console.print(
            studying.markdown("A $r_i^\\top\\, x$ and `$5` and\n\n$$\\frac{a_i}{b_i} \\\\ c$$\n\nend")
        )
    out = capture.get()
    assert "A r_i^\\top\\, x and $5 and" in out and "\\frac{a_i}{b_i} \\\\ c" in out


def test_hints_come_one_at_a_time():
    total = len(FIRST.hints)
    for number, hint in enumerate(FIRST.hints, start=1):
        out = said("hint", FIRST.number)
        assert f"Hint {number}: {hint.title}" in out and f"Hint {number + 1}" not in out
        assert (f"{total - number} more" in out) == (number < total)
    assert f"all {total} hints" in said("hint", FIRST.name)
    assert f"solutions/{CHAPTER.notebook}.ipynb" in said("hint", FIRST.id)


def test_all_hints_at_once_count_as_seen():
    said("hint", FIRST.number)
    out = said("hint", FIRST.number, "--all")
    assert [f"Hint {hint.number}: {hint.title}" in out for hint in FIRST.hints] == [True] * len(FIRST.hints)
    assert store().read().hints_seen(FIRST.id) == {hint.number for hint in FIRST.hints}


def test_reset_of_one_exercise(mine):
    record(FIRST.id, True, 20)
    record(SECOND.id, True, 20)
    before = mine.read_bytes()
    out = said("reset", FIRST.name, "--yes")
    assert "my own work" not in mine.read_text()
    (backup,) = mine.parent.glob("*.backup-*")
    assert backup.read_bytes() == before and backup.name in out and "JupyterLab" in out
    assert not store().read().is_done(FIRST.id) and store().read().is_done(SECOND.id)


def test_reset_of_a_chapter_gives_the_untouched_notebook_back(mine):
    record(FIRST.id, True, 20)
    said("reset", str(CHAPTER.number), "--yes")
    assert read_notebook(mine) == read_notebook(ROOT / "exercises" / mine.name)
    assert not store().read().attempts


def test_reset_asks_first(mine):
    record(FIRST.id, True, 20)
    before = mine.read_bytes()
    assert "Nothing was changed" in said("reset", FIRST.number, answer="n\n")
    assert run("reset", FIRST.number, answer="").exit_code == 130
    assert mine.read_bytes() == before and store().read().is_done(FIRST.id)
    assert not list(mine.parent.glob("*.backup-*"))
    said("reset", FIRST.number, answer="y\n")
    assert mine.read_bytes() != before and not store().read().is_done(FIRST.id)


def test_reset_of_the_progress_only_needs_no_notebook(mine, monkeypatch, tmp_path):
    record(FIRST.id, True, 20)
    before = mine.read_bytes()
    monkeypatch.chdir(tmp_path)
    said("reset", FIRST.number, "--progress-only", "--yes")
    assert mine.read_bytes() == before and not store().read().is_done(FIRST.id)


def test_a_notebook_without_the_cell_keeps_its_progress(mine):
    record(FIRST.id, True, 20)
    book = read_notebook(mine)
    book["cells"].remove(answer_cell(book, FIRST))
    mine.write_text(json.dumps(book))
    refused(run("reset", FIRST.number, "--yes"), 1, f"def {FIRST.name}", "nothing was changed")
    assert store().read().is_done(FIRST.id)


def test_export_and_import_carry_progress_to_another_home(monkeypatch, tmp_path):
    record(FIRST.id, False, 3)
    record(FIRST.id, True, 20)
    said("hint", SECOND.number)
    assert "2 attempts, 1 hints" in said("export", "mine.json")
    here = store().read()
    monkeypatch.setenv("RECSYS_COURSE_HOME", str(tmp_path / "other"))
    record(SECOND.id, True, 20)
    assert "2 attempts and 1 hints were new" in said("import", "mine.json")
    both = store().read()
    assert both == both.merged(here) and both.is_done(FIRST.id) and both.is_done(SECOND.id)
    assert "0 attempts and 0 hints were new" in said("import", "mine.json")
    assert store().read() == both


def test_export_overwrites_only_when_told(course):
    refused(run("export", "mine.json"), 1, "no progress to export")
    record(FIRST.id, True, 20)
    Path("mine.json").write_text("dear to me")
    refused(run("export", "mine.json"), 2, "mine.json exists", "--force")
    assert Path("mine.json").read_text() == "dear to me"
    said("export", "mine.json", "--force")
    assert json.loads(Path("mine.json").read_text())["attempts"][0]["exercise"] == FIRST.id
    assert not list(course.glob("*.part"))


def test_a_malformed_import_changes_nothing():
    record(FIRST.id, True, 20)
    said("export", "mine.json")
    body = json.loads(Path("mine.json").read_text())
    body["attempts"].append(dict(body["attempts"][0], exercise=SECOND.id, passed="yes"))
    Path("mine.json").write_text(json.dumps(body))
    before = store().read()
    refused(run("import", "mine.json"), 2, 'attempts[1].passed: "yes"; expected true or false')
    Path("mine.json").write_text('{\n"format": 5,,}')
    refused(run("import", "mine.json"), 2, "line 2, column 13")
    Path("mine.json").write_bytes(b"\xff\xfe")
    refused(run("import", "mine.json"), 2, "FILE")
    assert store().read() == before


def locked(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_what_needs_the_file_fails_when_it_is_locked(monkeypatch, mine):
    monkeypatch.setattr("recsys_course.exercises.database.PATIENCE", 0.01)
    record(FIRST.id, True, 20)
    said("export", "mine.json")
    other = locked(store().path)
    for words, told in {
        ("export", "new.json"): "cannot be read, so nothing was written",
        ("import", "mine.json"): "was not saved",
        ("reset", FIRST.number, "--progress-only", "-y"): "was not forgotten",
    }.items():
        result = run(*words)
        assert result.exit_code == 1 and told in result.stderr.splitlines()[-1], result.output
    assert not Path("new.json").exists()
    assert run().exit_code == 0 and run("show", FIRST.number).exit_code == 0
    assert FIRST.hints[0].title in said("hint", FIRST.number)
    other.close()
    assert store().read().is_done(FIRST.id)


def test_a_damaged_file_is_one_line_and_the_list_goes_on():
    record(FIRST.id, True, 20)
    store().path.write_bytes(b"no database" * 500)
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1 and ".broken-" in done.stderr
    assert f"0 of {len(CHAPTER.exercises)} done" in done.stdout


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["bogus"], ["bogus"]),
        (["show"], ["Missing argument"]),
        (["show", "9.99"], ["no exercise '9.99'"]),
        (["hint", FIRST.name + "x"], [f"did you mean {FIRST.name}?"]),
        (["watch", "99"], ["no chapter '99'", f"{CHAPTER.number} or {CHAPTER.name}"]),
        (["open", CHAPTER.name[1:]], [f"did you mean {CHAPTER.name}?"]),
        (["watch", CHAPTER.name, "--timeout", "0"], ["--timeout"]),
        (["watch", CHAPTER.name, "--folder", "nowhere"], ["--folder", "nowhere"]),
        (["reset", "nothing"], ["ID|CHAPTER", "no exercise 'nothing'"]),
        (["export", "."], ["expected a file"]),
        (["export", "nowhere/mine.json"], ["nowhere/mine.json"]),
        (["import", "nowhere.json"], ["no file nowhere.json"]),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(words, texts):
    refused(run(*words), 2, *texts)


@pytest.mark.parametrize("command", ["open", "watch"])
def test_without_notebooks_it_says_how_to_get_them(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(run(command, CHAPTER.name), 1, "no folder exercises", "--folder")


@pytest.mark.parametrize("command", ["open", "watch"])
def test_what_is_not_installed_is_named_with_the_fix(command, monkeypatch):
    monkeypatch.setattr(studying, "find_spec", lambda name: None)
    refused(run(command, CHAPTER.name), 1, "is not installed", "pip install 'recsys-course[exercises]'")


def test_open_starts_jupyterlab_on_the_notebook(mine, monkeypatch, tmp_path):
    """A JupyterLab that writes down what it was asked for, survives one Ctrl-C, and leaves with 3."""
    (tmp_path / "jupyterlab.py").write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(3))\n"
        "print(sys.argv[1:], flush=True); time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    with started("open", CHAPTER.name) as process:
        assert process.stdout.readline().startswith("Starting JupyterLab on ")
        assert process.stdout.readline() == f"{[str(mine)]}\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to both
        assert process.wait(timeout=60) == 3


def test_watch_says_how_each_goes_and_ends_kindly_on_ctrl_c(mine):
    record(SECOND.id, True, 20)
    with started("watch", f"{CHAPTER.number:02d}") as process:
        lines = [process.stdout.readline() for _ in range(4)]
        assert lines[0].startswith(f"Watching {mine}") and mine.name in lines[2]
        assert lines[3].startswith(f"○ {FIRST.number}") and FIRST.title in lines[3]
        line = process.stdout.readline()
        while "Stuck?" not in line:
            assert line.startswith("    ")
            line = process.stdout.readline()
        assert f"0 of {len(CHAPTER.exercises)} pass" in line and f"hint {FIRST.number}" in line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == "" and err.strip() == "No longer watching. How far you are: recsys-course exercises"
    assert "my own work" in mine.read_text()


def test_a_ctrl_c_while_the_kernel_ends_is_not_lost(monkeypatch, mine):
    """Whatever stopped the run: left to the garbage collector, the end would swallow it."""
    from recsys_course.exercises.watching import Result

    def running(path, chapter, timeout):
        try:
            yield Result(FIRST, False, "not yet")
        finally:
            raise KeyboardInterrupt

    def broken(*_):
        raise RuntimeError("nobody reads")

    monkeypatch.setattr("recsys_course.exercises.watching.results", running)
    monkeypatch.setattr(studying.textwrap, "indent", broken)
    with pytest.raises(KeyboardInterrupt):
        studying.look(CHAPTER, mine, 60)


def test_watch_ends_when_all_pass(monkeypatch, mine):
    from recsys_course.exercises.watching import Result

    monkeypatch.setattr(
        "recsys_course.exercises.watching.results",
        lambda path, chapter, timeout: (Result(exercise, True) for exercise in chapter.exercises),
    )
    out = said("watch", CHAPTER.notebook)
    assert f"All {len(CHAPTER.exercises)} exercises" in out
    assert all(f"✓ {exercise.number}" in out for exercise in CHAPTER.exercises)


def test_an_ascii_terminal_gets_an_ascii_bar():
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300, env=env)
    assert done.returncode == 0 and "-" * 20 in done.stdout and "?" * 20 not in done.stdout


def test_the_commands_load_neither_numpy_nor_sqlite_before_they_need_it():
    code = (
        "import sys\nfrom recsys_course.cli import app\n"
        "try: app(['exercises', '--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'sqlite3', 'nbclient', 'ipywidgets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_catalogue_is_part_of_the_package():
    assert (Path(catalogue.__file__).parent / "catalogue.json").is_file()
