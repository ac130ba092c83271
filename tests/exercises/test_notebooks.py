"""The learner's notebook as a file: found, read, and put back without losing anything."""

from __future__ import annotations

import json

import pytest

from recsys_course.exercises.notebooks import (
    BadNotebook,
    check_cell,
    find_folder,
    notebook_of,
    read_notebook,
    reset,
)


def code(id_, source, **more):
    printed = [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}]
    cell = {"cell_type": "code", "id": id_, "metadata": {}, "source": source, "outputs": printed}
    return cell | {"execution_count": 3} | more


def notebook(path, *cells):
    book = {"cells": list(cells), "metadata": {"mine": "é"}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    return path


BOIL = "def boil(x):\n    return x"


@pytest.fixture
def mine(tmp_path):
    return notebook(
        tmp_path / "07_cooking.ipynb",
        {"cell_type": "markdown", "id": "t", "metadata": {}, "source": "# My own title"},
        code("answer-1", ["def boil(x):\n", "    return x"]),
        code("check-1", "checks.cooking.boil(boil)"),
        code("answer-2", "def fry(x):\n    return 2 * x"),
        code("check-2", "checks.cooking.fry(fry)"),
        code("scratch", "fry(3)"),
    )


def test_reset_puts_one_stub_back_and_touches_nothing_else(mine, cooking):
    before = json.loads(mine.read_text(encoding="utf-8"))
    raw = mine.read_bytes()
    backup = reset(mine, cooking.exercises[:1])
    assert backup.parent == mine.parent and backup.read_bytes() == raw
    assert backup.name.startswith("07_cooking.ipynb.backup-")
    after = json.loads(mine.read_text(encoding="utf-8"))
    assert "".join(after["cells"][1]["source"]) == cooking.exercises[0].stub
    for cell in after["cells"][1:3]:
        assert cell["outputs"] == [] and cell["execution_count"] is None
    for place in (1, 2):
        after["cells"][place] = before["cells"][place]
    assert after == before
    assert sorted(p.name for p in mine.parent.iterdir()) == sorted([mine.name, backup.name])


def test_two_resets_keep_two_copies(mine, cooking):
    first, second = reset(mine, cooking.exercises), reset(mine, cooking.exercises)
    assert first != second and "return x" in first.read_text() and "return x" not in second.read_text()


def test_a_cell_that_lost_its_id_is_known_by_its_function(tmp_path, cooking):
    path = notebook(tmp_path / "a.ipynb", code("other", BOIL), code("x", "boil(1)"))
    reset(path, cooking.exercises[:1])
    assert "# TODO" in path.read_text()


@pytest.mark.parametrize("cells", [[], [code("a", BOIL), code("b", BOIL)], [code("a", "def boiling(x): 1")]])
def test_a_missing_cell_stops_the_reset_before_anything_is_written(tmp_path, cooking, cells):
    path = notebook(tmp_path / "a.ipynb", *cells, code("answer-2", "def fry(x): 1"))
    before = path.read_bytes()
    with pytest.raises(BadNotebook, match=r"no cell 'answer-1' with def boil; nothing was changed"):
        reset(path, reversed(cooking.exercises))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_check_is_found_by_id_or_by_its_call(tmp_path, cooking):
    path = notebook(tmp_path / "a.ipynb", code("check-1", "pass"), code("x", "checks.cooking.fry(fry)"))
    book = read_notebook(path)
    assert [check_cell(book, e) for e in cooking.exercises] == book["cells"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1"),
        ('{"cells": [\n {"cell_', "line 2, column 3"),
        ("[]", "no list of cells"),
        ('{"worksheets": []}', "no list of cells"),
        ('{"cells": [3]}', "cell 0 has no type or no source"),
        ('{"cells": [{"cell_type": "code"}]}', "cell 0 has no type or no source"),
    ],
)
def test_what_is_no_notebook_is_said_with_its_place(tmp_path, text, said):
    path = tmp_path / "half.ipynb"
    path.write_text(text)
    with pytest.raises(BadNotebook, match=said) as refusal:
        read_notebook(path)
    assert str(refusal.value).startswith("half.ipynb")


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "half.ipynb"
    path.write_bytes(b'{"cells": "\xff"}')
    with pytest.raises(BadNotebook, match="no text at byte 11"):
        read_notebook(path)


def test_the_folder_is_found_here_and_above(tmp_path, cooking):
    deep = tmp_path / "course" / "exercises" / "deeper"
    deep.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"no folder exercises with notebooks .* --folder"):
        find_folder(deep)
    path = notebook(deep.parent / "07_cooking.ipynb")
    for start in (deep, deep.parent, deep.parent.parent):
        assert find_folder(start) == deep.parent
    assert notebook_of(cooking, deep.parent) == path
    with pytest.raises(FileNotFoundError, match=r"no 07_cooking\.ipynb in"):
        notebook_of(cooking, deep)


def test_a_folder_without_notebooks_is_passed_over(tmp_path):
    (tmp_path / "recsys_course" / "exercises").mkdir(parents=True)
    (tmp_path / "exercises").mkdir()
    notebook(tmp_path / "exercises" / "a.ipynb")
    assert find_folder(tmp_path / "recsys_course") == tmp_path / "exercises"
