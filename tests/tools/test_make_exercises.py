"""The generator on small solutions: what goes, what stays, what is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FILE = Path(__file__).resolve().parents[2] / "tools" / "make_exercises.py"
spec = importlib.util.spec_from_file_location("make_exercises", FILE)
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

ANSWER = "def f(x):\n    y = 1\n    ### BEGIN SOLUTION\n    return y\n    ### END SOLUTION"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    write(tmp_path, ANSWER)
    return tmp_path


def write(root, answer, heading="# Solutions: Cooking"):
    printed = new_output("stream", text="42\n")
    cells = [
        new_markdown_cell(heading, id="title"),
        new_code_cell(answer, id="answer", execution_count=3, outputs=[printed]),
        new_code_cell("check(f)", id="check", metadata={"tags": ["check"]}, outputs=[printed]),
        new_markdown_cell("Because.", id="why", metadata={"tags": ["solution-only"]}),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "secret": 1}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), root / "solutions" / "01_cooking.ipynb")


def run(root, *arguments):
    return make.main([*arguments, "--root", str(root)])


def made(root):
    return nbformat.read(root / "exercises" / "01_cooking.ipynb", as_version=4)


def test_answer_becomes_a_stub_that_runs_and_returns_none(root):
    assert run(root) == 0
    source = made(root).cells[1].source
    assert source == "def f(x):\n    y = 1\n    # TODO: your answer\n    ..."
    scope = {}
    exec(source, scope)
    assert scope["f"](0) is None


def test_what_goes_and_what_stays(root):
    run(root)
    book = made(root)
    assert [cell.id for cell in book.cells] == ["title", "answer", "check"]
    assert all(not c.outputs and c.execution_count is None for c in book.cells if c.cell_type == "code")
    assert book.cells[2].metadata.tags == ["check", "skip-execution"]
    assert dict(book.metadata) == {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def test_first_cell_links_chapter_and_solution(root):
    run(root)
    first = made(root).cells[0].source
    assert first.startswith("# Exercises: Cooking\n")
    assert "(../book/01_cooking.md)" in first and "(../solutions/01_cooking.ipynb)" in first


def test_same_bytes_every_time(root):
    run(root)
    before = (root / "exercises" / "01_cooking.ipynb").read_bytes()
    run(root)
    assert (root / "exercises" / "01_cooking.ipynb").read_bytes() == before


def test_check_writes_nothing_and_tells_drift(root, capsys):
    assert run(root, "--check") == 1
    assert not (root / "exercises").exists()
    run(root)
    assert run(root, "--check") == 0
    write(root, ANSWER.replace("y = 1", "y = 2"))
    capsys.readouterr()
    assert run(root, "--check") == 1
    assert capsys.readouterr().out.startswith("01_cooking.ipynb: the exercise differs from its solution")


def test_outputs_of_the_solution_are_no_drift(root):
    run(root)
    path = root / "solutions" / "01_cooking.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[1].outputs = []
    nbformat.write(book, path)
    assert run(root, "--check") == 0


def test_orphan_is_told(root, capsys):
    run(root)
    (root / "exercises" / "02_lost.ipynb").write_text("{}")
    assert run(root, "--check") == 1
    assert "02_lost.ipynb: an exercise without a solution" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("### BEGIN SOLUTION\n1", "'### BEGIN SOLUTION' without '### END SOLUTION'"),
        ("1\n### END SOLUTION", "'### END SOLUTION' without a begin"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "'### BEGIN SOLUTION' inside a region"),
    ],
)
def test_bad_markers_name_notebook_and_cell(root, capsys, source, said):
    write(root, source)
    assert run(root) == 1
    assert capsys.readouterr().out.strip() == f"01_cooking, cell 1 (answer): {said}"
    assert not (root / "exercises" / "01_cooking.ipynb").exists()


def test_two_regions_in_one_cell():
    text = make.stubbed(
        "a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc\n  ### BEGIN SOLUTION\n  d\n  ### END SOLUTION", ""
    )
    assert text == "a\n# TODO: your answer\n...\nc\n  # TODO: your answer\n  ..."


def test_solution_without_its_heading_is_refused(root, capsys):
    write(root, ANSWER, heading="Cooking")
    assert run(root) == 1
    assert (
        "01_cooking: first cell starts 'Cooking'; expected '# Solutions: <title>'" in capsys.readouterr().out
    )


def test_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        make.main(["--help"])
    assert "--check" in capsys.readouterr().out
