"""The exercises in the browser: which notebooks run there, their copies, and the wheels they install.

jupyterlite-sphinx makes the site's ``lite/`` from the folder that :func:`prepare` fills; its settings
are in ``_config.yml``.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config

# What the browser has not got -> why. A notebook with a cell that imports one of these stays out.
MISSING = {"torch": "PyTorch, which has not been built for the browser"}
IMPORT = re.compile(rf"^\s*(?:import|from)\s+({'|'.join(MISSING)})\b", re.MULTILINE)

SOURCES = ("recsys_course", "pyproject.toml", "README.md", "LICENSE")  # all that the wheel is made of
LINK = re.compile(r"\[([^\]]*)\]\(\.\./([\w/]+)\.(?:md|ipynb)(#[^)]*)?\)")

NOTE = """**You are in the browser; nothing needs to be installed.** Python is still loading while the circle
beside *Python (Pyodide)*, at the top right, turns: some tens of seconds the first time. Then run the cells
from the top.

Your work stays in this browser: *File*, *Save Notebook* keeps it; *File*, *Download* gives you the notebook
as a file."""

INSTALL = """# Fetches the course's package from this site; does nothing outside the browser.
import sys

if sys.platform == "emscripten":
    import piplite

    print("Loading the course's package ...")
    await piplite.install("recsys-course", deps=False)  # a cell that imports numpy loads it
    print("It is here. The next cell loads numpy, which takes a moment.")"""

SETTINGS: dict[str, dict[str, Any]] = {
    "jupyter_lite_config.json": {"LiteBuildConfig": {"no_sourcemaps": True}},  # 22 MB instead of 67
    "overrides.json": {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}},  # dark at night
    "jupyter-lite.json": {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "litePluginSettings": {
                # a package that this site lacks is an error, never a stranger's of the same name
                "@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}
            }
        },
    },
}


def obstacle(notebook: NotebookNode) -> str:
    """Why the notebook cannot run in the browser, in words; empty if it can."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and (found := IMPORT.search(cell.source)):
            return MISSING[found[1]]
    return ""


def browser_copy(notebook: NotebookNode, site: str = "") -> NotebookNode:
    """The notebook as it lies in the browser: with a note and a cell that installs the package.

    Links to other pages are absolute if the site's address is known, else plain words: a path
    would lead to a file that does not lie there.
    """
    link = rf"[\1]({site}\2.html\3)" if site else r"\1 (a page of the book)"
    copy = deepcopy(notebook)
    copy.metadata["language_info"] = {"name": "python"}  # any Python will do: nobody is asked for a kernel
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(link, cell.source)
    copy.cells[1:1] = [
        nbformat.v4.new_markdown_cell(NOTE, id="in-browser-note"),
        nbformat.v4.new_code_cell(INSTALL, id="in-browser-install"),
    ]
    return copy


def write_copies(exercises: Path, contents: Path, site: str = "") -> list[str]:
    """Copies of all notebooks that run in the browser; their names."""
    contents.mkdir(parents=True)
    written = []
    for path in sorted(exercises.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if not obstacle(notebook):
            nbformat.write(browser_copy(notebook, site), contents / path.name)
            written.append(path.name)
    return written


def run(*command: str, folder: Path) -> None:
    """A Python module's command; what it says is shown if it fails. Fixed dates: same input, same wheel."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}")


def course_wheel(root: Path, wheels: Path) -> None:
    """Build the package's wheel, from a copy: setuptools leaves folders beside what it builds."""
    with TemporaryDirectory() as name:
        copy = Path(name)
        for source in SOURCES:
            if (root / source).is_dir():
                shutil.copytree(root / source, copy / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(root / source, copy)
        options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--wheel-dir", str(wheels))
        run("pip", "wheel", ".", *options, folder=copy)


def installed_wheel(name: str, wheels: Path) -> None:
    """Pack a pure Python package of this environment into a wheel again."""
    with TemporaryDirectory() as folder:
        for file in importlib.metadata.files(name) or ():
            made_here = file.name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
            if not made_here and file.suffix != ".pyc":
                target = Path(folder, file)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
        run("wheel", "pack", folder, "--dest-dir", str(wheels), folder=wheels)


def prepare(app: Sphinx) -> None:
    """Fill the folder that ``jupyter lite build`` reads."""
    if app.builder.format != "html":
        return
    root, lite = Path(app.srcdir), Path(app.srcdir, app.config.jupyterlite_dir)
    contents = Path(app.srcdir, app.config.jupyterlite_content_dir, "exercises")
    write_copies(root / "exercises", contents, app.config.html_baseurl)
    shutil.rmtree(lite / "pypi", ignore_errors=True)
    (lite / "pypi").mkdir(parents=True)
    course_wheel(root, lite / "pypi")
    installed_wheel("comm", lite / "pypi")  # the kernel needs it, and Pyodide's own server lacks it
    for name, content in SETTINGS.items():
        (lite / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def drop_directive_assets(app: Sphinx, config: Config) -> None:
    """jupyterlite-sphinx gives every page styles for directives that no page uses, one from elsewhere."""
    ours = ("jupyterlite_sphinx", "fonts.googleapis.com")
    for files in (app.registry.css_files, app.registry.js_files):
        files[:] = [entry for entry in files if not any(name in (entry[0] or "") for name in ours)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this when it loads the extension."""
    app.connect("config-inited", drop_directive_assets)
    app.connect("builder-inited", prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
