"""The small scripts and the Sphinx extensions behind the site, without building it."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def module(path: str) -> ModuleType:
    """A script of the repository as a module, although it is in no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def docstring(*lines: str) -> str:
    return "\n".join(module("_ext/plain_docstrings.py").rewritten(list(lines)))


def test_a_label_becomes_a_paragraph_of_its_own() -> None:
    text = docstring("Cost: O(I^2)", "    per user.", "Source: Funk 2006.", "What else.")
    assert [part.strip() for part in text.split("\n\n") if part.strip()] == [
        "**Cost:** O(I^2) per user.",
        "**Source:** Funk 2006.",
        "What else.",
    ]


def test_returns_are_sentences_without_a_type() -> None:
    text = docstring("Returns:", "    AUC in 0..1, NaN for", "    one class. Cost: O(N).")
    assert ":returns: AUC in 0..1, NaN for one class. Cost: O(N)." in text


def test_fitted_names_and_bars_are_quoted_outside_code_and_formulas() -> None:
    assert docstring("the means_ and |s|, ``mean_``").startswith(r"the ``means_`` and \|s\|, ``mean_``")
    formula = [".. math::", r"    \hat r_ = |s|", ""]
    assert docstring(*formula).startswith("\n".join(formula))
    assert docstring("    means_: (U,) as counts_.").startswith("    means_: (U,) as ``counts_``.")
    assert docstring("        loss_: on a further line").startswith("        ``loss_``: on")


def test_colab_goes_where_there_is_no_notebook_and_an_empty_menu_with_it() -> None:
    site = module("_ext/recsys_site.py")
    colab, binder = {"type": "link", "text": "Colab"}, {"type": "link", "text": "Binder"}
    menu, only, other = (
        {"type": "group", "buttons": [colab, binder]},
        {"type": "group", "buttons": [colab]},
        {"type": "javascript", "label": "theme"},
    )
    buttons = [menu, only, other]
    site.drop_colab(buttons)
    assert buttons == [{"type": "group", "buttons": [binder]}, other]


def test_the_digest_sees_names_and_bytes_but_no_compiled_files(tmp_path: Path, monkeypatch) -> None:
    site = module("_ext/recsys_site.py")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("1")
    first = site.digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert site.digest(tmp_path) == first
    (tmp_path / "a.py").write_text("2")
    second = site.digest(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, site.digest(tmp_path)}) == 3


def test_the_index_names_the_section_by_title_then_by_code_then_by_mentions() -> None:
    index = module("tools/make_index.py")
    code = "```\n:pyobject: ALS._fit\n# ALS ALS ALS\n```\n"
    text = f"# T\nSwing Swing\n## Use\nALS\n## Code\n{code}## ALS or not\n"
    assert index.best_section(text, "ALS") == "ALS or not"
    assert index.best_section(text.replace("ALS or not", "x"), "ALS") == "Code"
    assert index.best_section(text, "Swing") == "T"
    assert index.best_section(text, "EASE") == ""


@pytest.mark.parametrize("script", ["make_index", "make_api", "make_coverage"])
def test_generated_pages_are_up_to_date(script: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / f"{script}.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reference_refuses_a_module_without_a_group_and_a_group_without_modules(monkeypatch) -> None:
    api = module("tools/make_api.py")
    monkeypatch.setattr(api, "GROUPS", {"models": api.Group("Models", ["baselines"])})
    with pytest.raises(ValueError, match="no group for base, "):
        api.pages()
    monkeypatch.undo()
    monkeypatch.setitem(api.GROUPS, "more", api.Group("More", ["bassline"]))
    with pytest.raises(ValueError, match="'more': no module for bassline"):
        api.pages()


def test_every_public_module_stands_on_one_page_of_the_reference() -> None:
    api = module("tools/make_api.py")
    shown = [
        name
        for text in api.pages().values()
        for name in re.findall(r"automodule:: recsys_course\.(\S+)", text)
    ]
    assert len(shown) == len(set(shown))
    assert set(shown) == {name for name in api.modules() if api.entry_of(name) not in api.UNLISTED}
    world = re.findall(r"automodule:: recsys_course\.(\S+)", api.pages()["world.md"])
    assert world and all(name.startswith("data.world") for name in world)  # not on the page of data too


def test_the_table_of_contents_has_the_pages_of_the_reference_in_their_order() -> None:
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    chapters = [chapter for part in parts for chapter in part["chapters"]]
    sections = next(chapter["sections"] for chapter in chapters if chapter["file"] == "book/api/index")
    groups = module("tools/make_api.py").GROUPS
    assert [section["file"] for section in sections] == [f"book/api/{file}" for file in groups]


def test_pages_of_the_reference_that_nobody_wants_are_named_and_only_our_own_removed(
    tmp_path, monkeypatch
) -> None:
    api = module("tools/make_api.py")
    monkeypatch.setattr(api, "PAGES", tmp_path / "api")
    wanted = api.pages()
    api.write(wanted)
    assert api.complaints(wanted) == []
    (tmp_path / "api" / "gone.md").write_text(api.MARK + "# Gone")
    (tmp_path / "api" / "notes.md").write_text("# Written by hand")
    (tmp_path / "api" / "log.md").write_text("edited")
    (tmp_path / "api" / "plots.md").unlink()
    told = api.complaints(wanted)
    assert [line.split()[0] for line in told] == [
        f"book/api/{n}.md" for n in ("log", "plots", "gone", "notes")
    ]
    assert "out of date" in told[0] and "belongs to no group" in told[2]
    api.write(wanted)
    assert api.complaints(wanted) == ["book/api/notes.md belongs to no group of tools/make_api.py"]


def test_constraints_are_exact_and_name_every_requirement() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    wrong = [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+(; sys_platform == '\w+')?", line)]
    assert not wrong
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [r for e in project["optional-dependencies"].values() for r in e]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    assert not {re.split(r"[^\w-]", r)[0].lower() for r in wanted} - pinned


def test_the_lock_file_names_no_registry_and_the_versions_of_the_manifest() -> None:
    manifest = json.loads((ROOT / "tools" / "package.json").read_text())
    text = (ROOT / "tools" / "package-lock.json").read_text()
    assert '"resolved"' not in text
    locked = json.loads(text)["packages"]
    for name, version in (manifest["dependencies"] | manifest["devDependencies"]).items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_mermaid_without_npm_is_the_same_version() -> None:
    version = json.loads((ROOT / "tools" / "package.json").read_text())["dependencies"]["mermaid"]
    assert f'mermaid_version: "{version}"' in (ROOT / "_config.yml").read_text()
