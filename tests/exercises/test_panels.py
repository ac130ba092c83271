"""The panel: widgets and text say the same, and hints come one at a time."""

from __future__ import annotations

import json
import sys

import nbclient
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from recsys_course import checks
from recsys_course.exercises import panels
from recsys_course.exercises.catalogue import chapters, find_exercise
from recsys_course.exercises.panels import hint, panel
from recsys_course.exercises.standing import bar
from recsys_course.exercises.store import record, store

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def widgets(cooking, home):
    """The panel of the toy chapter and its widgets."""
    pytest.importorskip("ipywidgets")
    shown = panel("cooking")
    shown._repr_mimebundle_()
    return shown, shown._widgets


def text_of(output) -> str:
    return "".join(entry["data"]["text/plain"] for entry in output.outputs)


def test_text_tells_where_each_exercise_stands(cooking, home):
    record("cooking.boil", True, 20)
    record("cooking.fry", False, 3)
    assert str(panel("7")).splitlines() == [
        "Cooking: 1 of 2 done  ██████████░░░░░░░░░░",
        "  ✓ done     7.1   write boil",
        "  … tried    7.2   write fry",
        "",
        "Hints for 7.2: 0 of 3 shown",
        'Next hint: checks.hint("fry")',
    ]


def test_text_has_the_hints_shown_so_far_and_then_the_solution(cooking, home):
    assert str(hint("boil")) == "**Hint 1: where to look.** text 1 of $x_1$\n\n(1 of 3 shown)"
    assert "text 1" in str(panel("7")) and "text 2" not in str(panel("7"))
    hint("7.1")
    assert hint("boil")._repr_markdown_().endswith("(3 of 3 shown)")
    link = "[solution](../solutions/07_cooking.ipynb#Exercise-1:-write-boil)"
    assert link in str(hint("boil")) and link in str(panel("7"))
    assert store().read().hints_seen("cooking.boil") == {1, 2, 3}


def test_all_done(cooking, home):
    for name in ("boil", "fry"):
        record(f"cooking.{name}", True, 20)
    assert str(panel("7")).splitlines()[0] == "Cooking: 2 of 2 done  " + "█" * 20
    assert "hint" not in str(panel("7"))


def test_bar_is_full_only_at_the_end_and_empty_only_at_the_start():
    assert [bar(done, 100, width=4) for done in (0, 1, 50, 99, 100)] == ["░░░░", "█░░░", "██░░", "███░", "████"]
    assert bar(0, 0, width=4, signs="#-") == "----"


@pytest.mark.parametrize("ask", [lambda: panel("8"), lambda: hint("bake"), lambda: checks.panel("coking")])
def test_unknown_names_are_refused(cooking, home, ask):
    with pytest.raises(ValueError, match="no (chapter|exercise)"):
        ask()


def test_without_widgets_there_is_the_text(cooking, home, monkeypatch):
    monkeypatch.setattr(panels, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert panel("7")._repr_mimebundle_() == {"text/plain": str(panel("7"))}


def test_in_the_browser_progress_lasts_as_long_as_python(cooking, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_COURSE_HOME")
    for absent in ("platformdirs", "sqlite3", "ipywidgets"):
        monkeypatch.setitem(sys.modules, absent, None)
    record("cooking.boil", True, 20)
    hint("fry")
    assert "1 of 2 done" in str(panel("7")) and "1 of 3 shown" in panel("7")._repr_mimebundle_()["text/plain"]
    assert len(capsys.readouterr().err.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_widgets_come_with_the_text(widgets):
    shown, parts = widgets
    bundle = shown._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == str(shown) and bundle[VIEW]["model_id"] == parts.box.model_id
    assert parts.heading.value == "Cooking: 0 of 2 done"
    assert text_of(parts.exercises) == "- ○ not yet: 7.1 write boil\n- ○ not yet: 7.2 write fry"
    assert parts.hints.outputs == () and parts.choice.value == "cooking.boil"


def test_the_button_reveals_one_hint_at_a_time(widgets):
    _, parts = widgets
    for number in (1, 2, 3):
        assert parts.next.description == f"Next hint ({number - 1} of 3 shown)" and not parts.next.disabled
        parts.next.click()
        assert f"text {number}" in text_of(parts.hints) and f"text {number + 1}" not in text_of(parts.hints)
        assert store().read().hints_seen("cooking.boil") == set(range(1, number + 1))
    assert parts.next.disabled and "solutions/07_cooking.ipynb" in text_of(parts.hints)


def test_another_exercise_can_be_chosen(widgets):
    _, parts = widgets
    parts.choice.value = "cooking.fry"
    parts.next.click()
    assert store().read().hints_seen("cooking.fry") == {1} and not store().read().hints_seen("cooking.boil")


def test_a_check_moves_the_bar_and_the_choice(widgets):
    _, parts = widgets
    record("cooking.boil", False, 3)
    assert "… tried: 7.1" in text_of(parts.exercises) and parts.choice.value == "cooking.boil"
    record("cooking.boil", True, 20)
    assert parts.bar.value == 1 and parts.bar.max == 2 and parts.heading.value == "Cooking: 1 of 2 done"
    assert "✓ done: 7.1" in text_of(parts.exercises) and parts.choice.value == "cooking.fry"
    parts.choice.value = "cooking.boil"  # hints of something done can be read, too
    record("cooking.fry", False, 3)
    assert parts.choice.value == "cooking.boil"


def test_in_a_kernel_the_stored_output_shows_as_text_and_the_widgets_have_their_state(home):
    pytest.importorskip("ipywidgets")
    chapter = chapters()[0]
    cells = [
        new_code_cell(f"from recsys_course import checks\nshown = checks.panel({chapter.name!r})\nshown"),
        new_code_cell("shown._widgets.next.click()"),
    ]
    notebook = nbclient.execute(new_notebook(cells=cells), timeout=120)
    (output,) = notebook.cells[0].outputs
    first = chapter.exercises[0]
    assert f"○ not yet  {first.number}" in output.data["text/plain"] and VIEW in output.data
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert output.data[VIEW]["model_id"] in state
    models = {entry["model_name"] for entry in state.values()}
    assert {"IntProgressModel", "DropdownModel", "ButtonModel", "OutputModel"} <= models
    assert json.dumps(first.hints[0].text)[1:-1] in json.dumps(state)
    assert json.dumps(first.hints[1].text)[1:-1] not in json.dumps(state)
    assert store().read().hints_seen(first.id) == {1}
    assert find_exercise(first.id) is first
