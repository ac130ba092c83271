"""watch: when it looks, and what it finds in a real kernel. No test waits for a clock."""

from __future__ import annotations

import os

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from recsys_course.exercises.notebooks import BadNotebook
from recsys_course.exercises.watching import results, watch


class Watched:
    """A file, what happens to it between two looks, and what the learner is told."""

    def __init__(self, path, finds):
        self.path, self.finds = path, iter(finds)
        self.said, self.looks = [], 0

    def look(self):
        self.looks += 1
        found = next(self.finds)
        if isinstance(found, Exception):
            raise found
        return found

    def run(self, *events):
        """A look, then each event and a look; the number of looks made up to each."""
        made = []

        def ticks():
            yield
            for event in events:
                made.append(self.looks)
                event()
                yield
            made.append(self.looks)

        self.done = watch(self.path, self.look, ticks(), self.said.append)
        return made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "07_cooking.ipynb"
    path.write_text("{}")
    return path


def save(path, text):
    return lambda: path.write_text(text)


def nothing():
    """Nobody saved."""


def test_it_looks_once_and_then_after_each_save(file):
    watched = Watched(file, [False] * 3)
    assert watched.run(nothing, nothing, save(file, "{ }"), nothing, save(file, "{  }")) == [1, 1, 1, 2, 2, 3]
    assert not watched.done and watched.said == []


def test_a_save_of_the_same_length_counts(file):
    def touch():
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))

    assert Watched(file, [False] * 2).run(touch) == [1, 2]


def test_a_file_that_is_replaced_counts(file):
    def replace():
        times = file.stat()
        new = file.with_name("new")
        new.write_text("{}")
        os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
        os.replace(new, file)

    assert Watched(file, [False] * 2).run(replace) == [1, 2]


def test_it_ends_when_all_is_done(file):
    watched = Watched(file, [False, True])
    watched.run(save(file, "{ }"), save(file, "{  }"))
    assert watched.done and watched.looks == 2


def test_a_half_saved_file_is_said_and_waited_for(file):
    watched = Watched(file, [BadNotebook("line 3"), PermissionError("in use"), False])
    assert watched.run(nothing, save(file, "{ }"), save(file, "{  }")) == [1, 1, 2, 3]
    assert [line.startswith("Not a whole notebook yet (") for line in watched.said] == [True, True]
    assert "line 3" in watched.said[0] and "in use" in watched.said[1]


def test_a_kernel_that_does_not_start_does_not_end_the_watch(file):
    watched = Watched(file, [RuntimeError("Kernel died before replying to kernel_info"), False])
    assert watched.run(nothing, save(file, "{ }")) == [1, 1, 2]
    assert watched.said == [
        "Python could not be started (Kernel died before replying to kernel_info). Save again to try again."
    ]


def test_a_file_that_goes_and_comes_back(file):
    watched = Watched(file, [False] * 2)
    watched.run(file.unlink, nothing, save(file, "{}"))
    assert watched.looks == 2 and len(watched.said) == 1 and "is gone" in watched.said[0]


SETUP = """
class CheckFailed(AssertionError):
    pass
class checks:
    class cooking:
        def boil(answer):
            if answer(1) != 100: raise CheckFailed("boil: not yet\\nexpected 100")
        def fry(answer):
            if answer(1) != 180: raise CheckFailed("fry: not yet")
"""
BOIL, FRY = "def boil(x):\n    return 100 * x", "def fry(x):\n    return 180 * x"


def cook(path, boil=BOIL, fry=FRY, between="1 + 1", setup=SETUP, with_checks=(1, 2)):
    cells = [
        new_markdown_cell("# Cooking"),
        new_code_cell(setup),
        new_code_cell("raise SystemError('the panel needs no run')", metadata={"tags": ["progress"]}),
        new_code_cell(boil, id="answer-1"),
        new_code_cell("checks.cooking.boil(boil)", id="check-1", metadata={"tags": ["skip-execution"]}),
        new_code_cell(between),
        new_code_cell(fry, id="answer-2"),
        new_code_cell("checks.cooking.fry(fry)", id="check-2"),
        new_code_cell("raise SystemError('below the last check')"),
    ]
    lost = {f"check-{n}" for n in (1, 2)} - {f"check-{n}" for n in with_checks}
    nbformat.write(new_notebook(cells=[c for c in cells if c.id not in lost]), path)


def found(file, cooking, timeout=60, **cells):
    cook(file, **cells)
    before = file.read_bytes()
    got = [(r.exercise.name, r.passed, r.message) for r in results(file, cooking, timeout)]
    assert file.read_bytes() == before
    return got


def test_all_pass(file, cooking):
    assert found(file, cooking) == [("boil", True, ""), ("fry", True, "")]


@pytest.mark.parametrize(
    ("cells", "name", "said"),
    [
        ({"boil": "def boil(x):\n    ..."}, "boil", "boil: not yet\nexpected 100"),
        ({"fry": "def fry(x):\n    ..."}, "fry", "fry: not yet"),
        ({"fry": "def fry(x)\n    ..."}, "fry", "SyntaxError: expected ':' (line 1)\nin the cell that begins: def fry(x)"),
        ({"fry": "def bake(x): 1"}, "fry", "NameError: name 'fry' is not defined\nin the cell that begins: checks"),
        ({"between": "1 / 0"}, "fry", "ZeroDivisionError: division by zero\nin the cell that begins: 1 / 0"),
        ({"setup": "import nowhere_"}, "boil", "ModuleNotFoundError: No module named 'nowhere_'"),
        ({"boil": "input()"}, "boil", "StdinNotImplementedError"),
        ({"boil": "import os\nos._exit(1)"}, "boil", "Python itself died"),
        ({"with_checks": [1]}, "fry", "its check is not in the notebook"),
    ],
)  # fmt: skip
def test_it_stops_at_the_first_undone_with_its_message(file, cooking, cells, name, said):
    *passed, last = found(file, cooking, **cells)
    assert passed == [("boil", True, "")] * (name == "fry")
    assert last[:2] == (name, False) and last[2].startswith(said)


def test_an_endless_loop_ends(file, cooking):
    (last,) = found(file, cooking, timeout=1, boil="while True: pass")
    assert last[:2] == ("boil", False)
    assert last[2] == (
        "no end after 1 s; an endless loop? (--timeout allows more)\nin the cell that begins: while True: pass"
    )


def test_the_kernel_works_in_the_folder_of_the_notebook(file, cooking):
    (file.parent / "beside.txt").write_text("here")
    assert found(file, cooking, between="open('beside.txt').read()")[1][1]


def test_a_part_of_a_notebook_is_refused_before_any_kernel(file, cooking):
    file.write_text('{"cells": [')
    with pytest.raises(BadNotebook, match="line 1"):
        next(results(file, cooking, 60))
    file.write_text('{"cells": [{"cell_type": "code", "source": 3, "id": "check-1"}], "nbformat": 4}')
    with pytest.raises(BadNotebook):
        next(results(file, cooking, 60))


def test_ctrl_c_while_the_kernel_ends_is_not_lost(file, cooking, monkeypatch):
    """A generator left to the garbage collector would swallow it, and watch would go on."""
    end = nbclient.NotebookClient._cleanup_kernel

    def interrupted(self):
        end(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(nbclient.NotebookClient, "_cleanup_kernel", interrupted)
    cook(file, boil="def boil(x):\n    ...")
    with pytest.raises(KeyboardInterrupt):
        for _ in results(file, cooking, 60):
            pass
