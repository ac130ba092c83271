"""The exercises in the browser: what the button opens, and what becomes of the work.

The notebook's interface is of this site and works without a network; Python itself does not, so no
cell is run here (see test_lite_kernel.py).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from test_site import AXE, PHONE, WIDE, violations
from visits import CDN, OPENED, PAGE, STEM, Visit, read

ROOT = Path(__file__).resolve().parents[2]
FIRST = "cosine"  # the function to write in the first exercise
ADDED = {"in-browser-note", "in-browser-install"}


def cells(notebook: dict[str, Any]) -> dict[str, str]:
    """The sources by cell id, without what is added for the browser and without the links, which differ."""
    return {
        cell["id"]: re.sub(r"\]\([^)]*\)| \(a page of the book\)|\[", "", "".join(cell["source"]))
        for cell in notebook["cells"]
        if cell["id"] not in ADDED
    }


# ---- the files


def test_the_exercises_lie_in_the_browser_as_they_are(site: Path) -> None:
    folder = site / "lite" / "files" / "exercises"
    listed = read(site / "lite" / "api" / "contents" / "exercises" / "all.json")["content"]
    assert {entry["name"] for entry in listed} == {path.name for path in folder.iterdir()}
    assert (folder / f"{STEM}.ipynb").exists()
    for path in folder.iterdir():
        assert cells(read(path)) == cells(read(ROOT / "exercises" / path.name))
        assert {cell["id"] for cell in read(path)["cells"]} >= ADDED


def test_the_browser_installs_the_package_as_it_is(site: Path) -> None:
    ours, kernel = sorted((site / "lite" / "pypi").glob("*.whl"), key=lambda path: "recsys" not in path.name)
    assert kernel.name.startswith("comm-")
    source = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / "recsys_course").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".nbi", ".nbc")
    }
    with zipfile.ZipFile(ours) as wheel:
        packed = {name: wheel.read(name) for name in wheel.namelist()}
    (metadata,) = [text for name, text in packed.items() if name.endswith(".dist-info/METADATA")]
    assert {name: data for name, data in packed.items() if ".dist-info/" not in name} == source
    wanted = message_from_bytes(metadata).get_all("Requires-Dist") or []
    heavy = [line for line in wanted if line.startswith(("torch", "numba"))]
    assert len(heavy) == 2 and all('sys_platform != "emscripten"' in line for line in heavy)


def test_a_package_that_the_site_lacks_is_not_taken_from_elsewhere(site: Path) -> None:
    settings = read(site / "lite" / "jupyter-lite.json")["jupyter-config-data"]["litePluginSettings"]
    assert settings["@jupyterlite/pyodide-kernel-extension:kernel"]["disablePyPIFallback"] is True


def test_the_page_names_the_size_of_pyodide(site: Path) -> None:
    pyodide = ROOT / "tools" / "node_modules" / "pyodide"
    if not pyodide.exists():
        pytest.skip("no Pyodide in tools/node_modules: python tools/vendor.py")
    loaded = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
    size = sum((pyodide / name).stat().st_size for name in loaded) / 1e6
    (said,) = re.findall(r"Pyodide \((\d+)\s+MB\)", (site / PAGE).read_text(encoding="utf-8"))
    assert abs(int(said) - size) < 1


def test_pyodide_from_npm_is_that_of_the_kernel() -> None:
    constants = pytest.importorskip("jupyterlite_pyodide_kernel.constants")
    tools = read(ROOT / "tools" / "package.json")["devDependencies"]
    assert tools["pyodide"] == constants.PYODIDE_VERSION


# ---- in a browser


@pytest.fixture
def visit(below: str, browser: Any) -> Iterator[Visit]:
    opened = Visit(browser, below)
    yield opened
    opened.context.close()


def test_the_button_opens_the_exercise(visit: Visit) -> None:
    visit.open_page()
    (said,) = re.findall(r"from this site \((\d+) MB\)", visit.page.inner_text("article"))
    assert not visit.foreign
    visit.size = 0
    with visit.context.expect_event("request", lambda request: CDN in request.url):
        visit.press_the_button()
    assert visit.page.url == f"{visit.site}/{OPENED}"
    visit.page.get_by_text("Loading the course's package").wait_for()
    visit.page.wait_for_load_state("networkidle")
    assert set(visit.foreign) == {CDN}
    assert abs(int(said) - visit.size / 1e6) < 1.5, visit.size


def test_work_is_kept_downloaded_and_thrown_away(visit: Visit) -> None:
    """Typed, saved, and there again after a reload; in the downloaded file; gone with the local copy."""
    exercise = cells(read(ROOT / "exercises" / f"{STEM}.ipynb"))
    visit.open_exercise()
    assert cells(visit.downloaded()) == exercise

    visit.page.get_by_text(f"def {FIRST}(").click()
    visit.page.keyboard.press("Control+End")
    visit.page.keyboard.type("  # mine")
    visit.choose("File", "Save Notebook")
    visit.page.reload()
    visit.shows_exercise()
    assert cells(visit.downloaded()) == exercise | {"answer-01": exercise["answer-01"] + "  # mine"}

    visit.delete_exercise()
    visit.open_exercise()
    assert cells(visit.downloaded()) == exercise


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["desk", "phone"])
def test_the_page_is_accessible_in_the_dark(below: str, browser: Any, viewport: dict[str, int]) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core in tools/node_modules: make book with npm")
    visit = Visit(browser, below, viewport=viewport, color_scheme="dark")
    visit.open_page()
    found = violations(visit.page)
    visit.context.close()
    assert not found, "\n".join(found)


def test_a_page_opened_as_a_file_says_that_it_needs_a_server(site: Path, browser: Any) -> None:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto((site / PAGE).as_uri(), wait_until="load")
    notice = page.get_by_text("needs a web server").is_visible()
    button = page.get_by_text("Try in the browser", exact=True).is_visible()
    context.close()
    assert (notice, button) == (True, False)


def test_on_a_server_the_page_has_the_button_and_no_such_notice(visit: Visit) -> None:
    visit.open_page()
    assert visit.page.get_by_text("Try in the browser", exact=True).is_visible()
    assert not visit.page.get_by_text("needs a web server").is_visible()
