"""The generator on small solutions: what goes, what stays, what is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FILE = Path(__file__).resolve().parents[2] / "tools" / "make_exercises.py"
spec = importlib.util.spec_from_file_location("make_exercises", FILE)
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

ANSWER = "def f(x):\n    y = 1\n    ### BEGIN SOLUTION\n    return y\n    ### END SOLUTION"
STUB = "def f(x):\n    y = 1\n    # TODO: your answer\n    ..."
CHECK = "checks.cooking.f(f)"
HINTS = "\n\n".join(
    f"<details><summary>Hint {n}: {title}</summary>\n\nDo {n}.\n\n</details>"
    for n, title in enumerate(("where to look", "the idea", "nearly there"), start=1)
)
TASK = f"## Exercise 1: write f\n\nThe $f$ of $x_1$.\n\n{HINTS}"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    write(tmp_path)
    return tmp_path


def write(
    root, answer=ANSWER, heading="# Solutions: Cooking", task=TASK, check=CHECK, name="01_cooking", more=()
):
    printed = new_output("stream", text="42\n")
    cells = [
        new_markdown_cell(heading, id="title"),
        new_code_cell("from recsys_course import checks", id="setup", outputs=[printed]),
        new_markdown_cell(task, id="task"),
        new_code_cell(answer, id="answer", execution_count=3, outputs=[printed]),
        new_code_cell(check, id="check", metadata={"tags": ["check"]}, outputs=[printed]),
        new_markdown_cell("Because.", id="why", metadata={"tags": ["solution-only"]}),
        *more,
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "secret": 1}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), root / "solutions" / f"{name}.ipynb")


def run(root, *arguments):
    return make.main([*arguments, "--root", str(root)])


def made(root):
    return nbformat.read(root / "exercises" / "01_cooking.ipynb", as_version=4)


def cells_of(root):
    return {cell.id: cell for cell in made(root).cells}


def catalogue(root):
    return json.loads((root / "recsys_course" / "exercises" / "catalogue.json").read_text(encoding="utf-8"))


def test_answer_becomes_a_stub_that_runs_and_returns_none(root):
    assert run(root) == 0
    source = cells_of(root)["answer"].source
    assert source == STUB
    scope = {}
    exec(source, scope)
    assert scope["f"](0) is None


def test_what_goes_and_what_stays(root):
    run(root)
    book = made(root)
    assert [cell.id for cell in book.cells] == ["title", "setup", "progress", "task", "answer", "check"]
    assert all(not c.outputs and c.execution_count is None for c in book.cells if c.cell_type == "code")
    assert book.cells[5].metadata.tags == ["check", "skip-execution"]
    assert dict(book.metadata) == {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def test_a_cell_shows_progress_and_is_not_run_by_a_book(root):
    run(root)
    cell = cells_of(root)["progress"]
    assert cell.source.startswith('checks.panel("cooking")')
    assert cell.metadata.tags == ["progress", "skip-execution"]


def test_the_solution_is_one_click_below_the_hints(root):
    run(root)
    assert cells_of(root)["task"].source == (
        TASK + "\n\n[Solution of exercise 1](../solutions/01_cooking.ipynb#exercise-1-write-f)"
    )


def test_the_catalogue_holds_what_the_notebook_says(root):
    run(root)
    (chapter,) = catalogue(root)["chapters"]
    (exercise,) = chapter.pop("exercises")
    assert chapter == {"name": "cooking", "number": 1, "title": "Cooking", "notebook": "01_cooking"}
    assert exercise == {
        "id": "cooking.f",
        "number": "1.1",
        "title": "write f",
        "task": "The $f$ of $x_1$.",
        "hints": [
            {"title": "where to look", "text": "Do 1."},
            {"title": "the idea", "text": "Do 2."},
            {"title": "nearly there", "text": "Do 3."},
        ],
        "answer_cell": "answer",
        "check_cell": "check",
        "anchor": "Exercise-1:-write-f",
        "stub": STUB,
    }


def test_text_around_the_hints_is_the_task_and_hints_may_have_a_cell_of_their_own(root):
    more = [
        new_markdown_cell("## Exercise 2: write g\n\nBefore.", id="task-2"),
        new_markdown_cell(
            f"{HINTS}\n\n<details><summary>More</summary>Aside.</details>\n\nAfter.", id="hints-2"
        ),
        new_code_cell("import math", id="import"),
        new_code_cell(ANSWER.replace("def f", "def g"), id="answer-2"),
        new_code_cell("checks.cooking.g(g)", id="check-2", metadata={"tags": ["check"]}),
        new_markdown_cell("To end with.", id="end"),
    ]
    write(root, more=more)
    assert run(root) == 0
    _, second = catalogue(root)["chapters"][0]["exercises"]
    assert second["task"] == "Before.\n\n<details><summary>More</summary>Aside.</details>\n\nAfter."
    assert second["number"] == "1.2" and len(second["hints"]) == 3
    assert "[Solution of exercise 2]" in cells_of(root)["hints-2"].source
    assert "Solution of" not in cells_of(root)["end"].source


def test_the_package_reads_the_catalogue(root, monkeypatch):
    from recsys_course.exercises import catalogue as package

    run(root)
    read = [package._chapter(entry) for entry in catalogue(root)["chapters"]]
    assert read[0].exercises[0].hints[2] == package.Hint(3, "nearly there", "Do 3.")


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
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["01_cooking.ipynb", "catalogue.json"]
    assert all("differs from what the solutions make" in line for line in told)


def test_drift_of_the_catalogue_alone_is_told(root, capsys):
    run(root)
    path = root / "recsys_course" / "exercises" / "catalogue.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Do 2.", "Do 4."), encoding="utf-8")
    capsys.readouterr()
    assert run(root, "--check") == 1
    assert capsys.readouterr().out.startswith("catalogue.json differs")
    path.unlink()
    assert run(root, "--check") == 1


def test_outputs_of_the_solution_are_no_drift(root):
    run(root)
    path = root / "solutions" / "01_cooking.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[1].outputs = book.cells[3].outputs = []
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
    assert capsys.readouterr().out.strip() == f"01_cooking, cell 3 (answer): {said}"
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


TWO_HINTS = TASK.replace("Hint 3: ", "Remark: ")
OPEN = TASK.removesuffix("</details>")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": TWO_HINTS}, "exercise 1 (cell task): 2 hints; expected 3 or more"),
        ({"task": "## Exercise 1: write f"}, "exercise 1 (cell task): 0 hints"),
        ({"task": TASK.replace("Do 2.", " ")}, "exercise 1 (cell task): Hint 2 is empty"),
        ({"task": TASK.replace("Hint 2", "Hint 4")}, "exercise 1 (cell task): Hint 4 where Hint 2 is due"),
        ({"task": OPEN}, "exercise 1 (cell task): <details> without </details>"),
        ({"task": TASK + "</details>"}, "exercise 1 (cell task): </details> without <details>"),
        ({"task": TASK.replace("</details>", "", 1)}, "exercise 1 (cell task): <details> inside another"),
        ({"task": "No heading"}, "cell check: a check before any heading"),
        ({"task": TASK.replace("Exercise 1", "Exercise 2")}, "numbered 1.2; expected 1, 2, 3"),
        ({"check": "checks.cooking.g(g)"}, "exercise 1 (cell check): 0 cells before the check define g"),
        ({"check": "checks.cooking.f(g)"}, "exercise 1 (cell check): the check f is given g"),
        ({"check": "checks.baking.f(f)"}, "exercise 1 (cell check): expected one line checks.cooking."),
        ({"check": "1 + 1"}, "exercise 1 (cell check): expected one line"),
        ({"check": f"{CHECK}\n{CHECK}"}, "exercise 1 (cell check): expected one line"),
        ({"answer": "def f(x):\n    return 1"}, "exercise 1 (cell answer): no '### BEGIN SOLUTION'"),
        ({"answer": ANSWER + "\n)"}, "exercise 1 (cell answer), line 6: unmatched ')'"),
        ({"name": "cooking"}, "cooking: expected a name as 03_collaborative_filtering"),
        (
            {"more": [new_code_cell(CHECK, id="check-2", metadata={"tags": ["check"]})]},
            "exercise 1: 2 cells tagged check; expected one (is a heading missing?)",
        ),
        ({"more": [new_markdown_cell("## Exercise 2: write g", id="t")]}, "exercise 2: 0 cells tagged check"),
        (
            {
                "more": [
                    new_markdown_cell(TASK.replace("Exercise 1", "Exercise 2"), id="t"),
                    new_code_cell(ANSWER, id="a"),
                    new_code_cell(CHECK, id="c", metadata={"tags": ["check"]}),
                ]
            },
            "01_cooking: two exercises have the name cooking.f",
        ),
    ],
)
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_what_no_learner_should_meet_is_refused_with_its_place(root, capsys, change, said, arguments):
    run(root)
    before = (root / "recsys_course" / "exercises" / "catalogue.json").read_bytes()
    if "name" in change:
        (root / "solutions" / "01_cooking.ipynb").rename(root / "solutions" / "cooking.ipynb")
    write(root, **change)
    capsys.readouterr()
    assert run(root, *arguments) == 1
    assert said in capsys.readouterr().out.splitlines()[0]
    assert (root / "recsys_course" / "exercises" / "catalogue.json").read_bytes() == before


def test_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        make.main(["--help"])
    assert "--check" in capsys.readouterr().out
