"""The catalogue in the package, and how an exercise or a chapter is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recsys_course.checks import CHAPTERS
from recsys_course.exercises import catalogue
from recsys_course.exercises.catalogue import chapter_of, chapters, find_chapter, find_exercise


def test_every_chapter_with_checks_is_in_the_catalogue():
    assert {chapter.name for chapter in chapters()} == set(CHAPTERS)
    for chapter in chapters():
        assert chapter.notebook == f"{chapter.number:02d}_{chapter.name}" and chapter.exercises


def test_every_exercise_has_what_a_learner_needs():
    for chapter in chapters():
        for place, exercise in enumerate(chapter.exercises, start=1):
            assert exercise.id == f"{chapter.name}.{exercise.name}"
            assert exercise.number == f"{chapter.number}.{place}"
            assert [hint.number for hint in exercise.hints] == list(range(1, len(exercise.hints) + 1))
            assert len(exercise.hints) >= 3 and all(hint.text for hint in exercise.hints)
            assert f"def {exercise.name}(" in exercise.stub and "# TODO" in exercise.stub
            assert exercise.task and "<details>" not in exercise.task
            assert chapter_of(exercise) is chapter


@pytest.mark.parametrize("text", ["7", "07", "cooking", "Cooking", "07_cooking", "07_cooking.ipynb", " 7 "])
def test_a_chapter_by_all_its_names(cooking, text):
    assert find_chapter(text) is cooking


@pytest.mark.parametrize("text", ["7.2", "07.2", "fry", "FRY", "cooking.fry"])
def test_an_exercise_by_all_its_names(cooking, text):
    assert find_exercise(text) is cooking.exercises[1]


@pytest.mark.parametrize("text", ["", "8", "7.1", "-7", "coking"])
def test_an_unknown_chapter_names_the_known_ones(cooking, text):
    with pytest.raises(ValueError, match=r"no chapter .*7 or cooking"):
        find_chapter(text)


def test_the_nearest_name_is_suggested(cooking):
    with pytest.raises(ValueError, match="did you mean cooking"):
        find_chapter("coking")
    with pytest.raises(ValueError, match=r"no exercise 'boyl'; did you mean boil\?"):
        find_exercise("boyl")


@pytest.mark.parametrize("text", ["", ".", "7", "7.", "7.3", "7.20", "cooking", "cooking.bake", "²"])
def test_an_unknown_exercise_is_refused(cooking, text):
    with pytest.raises(ValueError, match="no exercise"):
        find_exercise(text)


def test_a_name_in_two_chapters_must_be_whole(cooking, monkeypatch):
    from dataclasses import replace

    other = replace(cooking, name="baking", number=8)
    other = replace(other, exercises=(replace(cooking.exercises[0], id="baking.boil", number="8.1"),))
    monkeypatch.setattr(catalogue, "chapters", lambda: (cooking, other))
    with pytest.raises(ValueError, match=r"'boil' stands for cooking\.boil and baking\.boil"):
        find_exercise("boil")
    assert find_exercise("baking.boil").number == "8.1"


def test_the_browser_can_load_all_of_it_but_the_widgets():
    heavy = {"numpy", "pandas", "torch", "numba", "sqlite3", "ipywidgets", "nbclient", "nbformat", "rich"}
    code = (
        "import sys; from recsys_course import checks\n"
        "from recsys_course.exercises import watching, notebooks, panel, hint, record, find_exercise\n"
        "checks.panel, checks.hint, find_exercise('3.1')\n"
        f"print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "set()\n", done.stderr + done.stdout
