"""What stands above an exercise, and which exercises go into the browser; with a chapter that needs torch."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("04_plain", "05_deep")
GITHUB = "https://github.com/someone/course"
LINKS = "See [the chapter](../book/05_deep.md) and [exercise 1](../solutions/05_deep.ipynb#exercise-1)."

CONF = f"""
import sys
sys.path.insert(0, {str(ROOT / "_ext")!r})
extensions = ["myst_nb", "sphinx_design", "exercise_pages"]
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "off"
"""


def exercise(code: str) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    title = new_markdown_cell("# Exercises: Deep models\n\nFill in.", id="title")
    return new_notebook(cells=[title, new_code_cell(code, id="setup")], metadata={"kernelspec": kernel})


@pytest.fixture
def exercises(tmp_path: Path) -> Path:
    """A book of two pages of exercises, of which one needs torch."""
    folder = tmp_path / "exercises"
    folder.mkdir()
    nbformat.write(exercise("import numpy as np"), folder / "04_plain.ipynb")
    nbformat.write(exercise("import numpy as np\nfrom torch import nn"), folder / "05_deep.ipynb")
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.md").write_text(
        "# Book\n\n(how-to-exercises)=\n## On your machine\n\n(how-to-browser)=\n## In the browser\n\n"
        "```{toctree}\nexercises/04_plain\nexercises/05_deep\n```\n"
    )
    return folder


def pages(exercises: Path, repository: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The HTML of the two pages."""
    monkeypatch.setenv("RECSYS_COURSE_REPOSITORY", repository)
    book = exercises.parent
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", book, book / "out"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    plain, deep = ((book / "out" / "exercises" / f"{name}.html").read_text() for name in NAMES)
    return plain, deep


def module(name: str) -> ModuleType:
    return importlib.import_module(name)  # conftest puts _ext on the path


def test_a_chapter_that_needs_torch_says_why_it_has_no_button(exercises: Path, monkeypatch: Any) -> None:
    plain, deep = pages(exercises, "", monkeypatch)
    assert 'href="../lite/notebooks/index.html?path=exercises/04_plain.ipynb"' in plain
    assert "cdn.jsdelivr.net" in plain and "storage of this browser" in plain
    assert "lite/" not in deep and "Try in the browser" not in deep and "jsdelivr" not in deep
    assert "These exercises need PyTorch, which has not been built for the browser." in deep
    assert re.search(r'Work on them on <a [^>]*href="../index.html#how-to-exercises"', deep)
    for page, name in zip((plain, deep), NAMES, strict=True):
        (download,) = re.findall(rf'href="(\.\./_downloads/[^"]*{name}.ipynb)"', page)
        copy = exercises.parent / "out" / "exercises" / download
        assert copy.read_text() == (exercises / f"{name}.ipynb").read_text()
        assert "Colab" not in page


def test_colab_is_offered_where_the_repository_is_known(exercises: Path, monkeypatch: Any) -> None:
    plain, deep = pages(exercises, GITHUB + "/", monkeypatch)
    for page, name in zip((plain, deep), NAMES, strict=True):
        address = f"https://colab.research.google.com/github/someone/course/blob/main/exercises/{name}.ipynb"
        assert f'href="{address}"' in page
        assert "On Colab, run this" in page and f"git+{GITHUB}\n" in page
    assert "or on Colab." in deep


def test_colab_is_not_offered_for_a_repository_elsewhere() -> None:
    pages = module("exercise_pages")
    assert "Colab" not in pages.front("05_deep", "PyTorch", "https://gitlab.com/someone/course")


def test_every_exercise_is_a_page_of_the_book() -> None:
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    listed = {chapter["file"] for part in parts for chapter in part["chapters"]}
    assert {f"exercises/{path.stem}" for path in (ROOT / "exercises").glob("*.ipynb")} <= listed


def test_the_browser_gets_the_notebooks_that_run_there(exercises: Path, tmp_path: Path) -> None:
    browser = module("in_browser")
    assert browser.write_copies(exercises, tmp_path / "contents") == ["04_plain.ipynb"]
    assert [path.name for path in (tmp_path / "contents").iterdir()] == ["04_plain.ipynb"]


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("import torch", True),
        ("if True:\n    import torch.nn as nn", True),
        ("from torch import nn", True),
        ("import torchlight", False),
        ("# import torch\nx = 'torch'", False),
        ("import numpy as np", False),
    ],
)
def test_what_counts_as_needing_torch(code: str, missing: bool) -> None:
    assert bool(module("in_browser").obstacle(exercise(code))) is missing


def test_links_in_the_browser_lead_to_the_site_or_are_words() -> None:
    browser = module("in_browser")
    notebook = exercise("x = 1")
    notebook.cells.append(new_markdown_cell(LINKS, id="links"))
    assert browser.browser_copy(notebook, "https://example.org/course/").cells[-1].source == (
        "See [the chapter](https://example.org/course/book/05_deep.html)"
        " and [exercise 1](https://example.org/course/solutions/05_deep.html#exercise-1)."
    )
    words = "See the chapter (a page of the book) and exercise 1 (a page of the book)."
    assert browser.browser_copy(notebook).cells[-1].source == words
    assert notebook.cells[-1].source == LINKS  # the notebook itself is as it was
    nbformat.validate(browser.browser_copy(notebook))


def test_the_cell_that_installs_does_nothing_on_a_machine_of_ones_own(exercises: Path) -> None:
    import nbclient

    copy = module("in_browser").browser_copy(exercise("done = True"))
    done = nbclient.execute(copy, timeout=120)
    assert [cell.get("outputs") for cell in done.cells if cell.cell_type == "code"] == [[], []]


def test_a_wheel_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    browser = module("in_browser")
    (tmp_path / "recsys_course").mkdir()
    for name in ("README.md", "LICENSE"):
        (tmp_path / name).write_text("x")
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "nowhere"\n')
    with pytest.raises(RuntimeError, match=r"pip wheel.*failed:\n(.|\n)*nowhere"):
        browser.course_wheel(tmp_path, tmp_path)
    assert not list(tmp_path.glob("*.whl"))
