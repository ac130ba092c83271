"""Write ``book/api/``, the package reference: one page per group, every public module on one of them.

python tools/make_api.py            # write the pages, remove those of groups long gone
python tools/make_api.py --check    # exit 1 if a page would change, or is none of ours
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "book" / "api"
MARK = "% Made by `make index`; the groups stand in tools/make_api.py.\n"
HEAD = f"""\
{MARK}
# Package reference

What the package offers, from its lowest floor upwards, one page a group. Shapes are written with the sizes
*U* users, *I* items, *N* events, *B* users asked at a time, *K* factors.

"""


class Group(NamedTuple):
    """One page: its title and its modules."""

    title: str
    entries: list[str]


# File name -> page, in the order of the table of contents (_toc.yml). A package stands for all its modules
# but those named elsewhere. What is for the command line or for the checks is not listed.
GROUPS = {
    "log": Group("The log", ["ids", "interactions", "tables"]),
    "measures": Group("Similarities, neighbours and top-n", ["measures", "similarity", "nearest", "ranking"]),
    "metrics": Group("Metrics and calibration", ["metrics", "calibration"]),
    "features": Group("Features and samples", ["features", "drift", "sampling"]),
    "shared": Group("What all models share", ["base", "item_to_item", "compiled", "progress", "extras"]),
    "data": Group("Datasets and splits", ["data"]),
    "world": Group("Simulated world", ["data.world"]),
    "plain": Group("Baselines and linear item models", ["baselines", "linear"]),
    "neighbors": Group("Neighbours", ["neighbors"]),
    "factorization": Group("Factors", ["factorization"]),
    "content": Group("Content", ["content"]),
    "text": Group("Texts as vectors", ["content.text"]),
    "multimodal": Group("Several modalities", ["multimodal"]),
    "training": Group("Training with torch", ["training", "checkpoint", "losses"]),
    "neural": Group("Deep recommenders", ["neural"]),
    "hybrid": Group("Hybrids", ["hybrid"]),
    "language": Group("Language models", ["language"]),
    "distillation": Group("Distillation", ["distillation"]),
    "compression": Group("Compression", ["compression"]),
    "evaluation": Group("Evaluation and the catalogue of models", ["evaluation", "registry"]),
    "experiment": Group("Experiments", ["evaluation.significance", "evaluation.experiment"]),
    "offpolicy": Group("Evaluation from logs", ["evaluation.offpolicy", "data.logged"]),
    "exercises": Group("Exercises and progress", ["exercises"]),
    "plots": Group("Figures", ["plots"]),
}
UNLISTED = ["checks", "cli"]


def modules() -> list[str]:
    """Names of all public modules, without the package's own; a package before its modules."""
    found = []
    for file in sorted((ROOT / "recsys_course").rglob("*.py")):
        parts = file.relative_to(ROOT / "recsys_course").with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name and not any(part.startswith("_") for part in name.split(".")):
            found.append(name)
    return found


def entry_of(name: str) -> str:
    """The entry that a module belongs to, the longest that names it or a package around it; "" when none."""
    entries = [entry for group in GROUPS.values() for entry in group.entries] + UNLISTED
    around = [entry for entry in entries if name == entry or name.startswith(f"{entry}.")]
    return max(around, key=len, default="")


def directive(name: str) -> str:
    """What shows one module; a package only gathers names, so its members stand with their modules."""
    package = (ROOT / "recsys_course" / name.replace(".", "/")).is_dir()
    members = "" if package else "   :members:\n   :show-inheritance:\n"
    return f".. automodule:: recsys_course.{name}\n{members}\n"


def pages() -> dict[str, str]:
    """File name -> text of every page; ValueError when a module stands in no group, or an entry has none."""
    entries = {name: entry_of(name) for name in modules()}
    if lost := [name for name, entry in entries.items() if not entry]:
        raise ValueError(f"tools/make_api.py: no group for {', '.join(lost)}")
    made, overview = {}, HEAD
    for file, group in GROUPS.items():
        if empty := set(group.entries) - set(entries.values()):
            raise ValueError(f"tools/make_api.py: group {file!r}: no module for {', '.join(sorted(empty))}")
        names = [name for entry in group.entries for name in entries if entries[name] == entry]
        shown = "".join(directive(name) for name in names)
        made[f"{file}.md"] = f"{MARK}\n# {group.title}\n\n```{{eval-rst}}\n{shown}```\n"
        links = ", ".join(f"{{py:mod}}`{name} <recsys_course.{name}>`" for name in names)
        overview += f"- {{doc}}`{file}`: {links}\n"
    return {"index.md": overview, **made}


def write(wanted: dict[str, str]) -> None:
    """Write the pages; those that an earlier run made and nobody wants any more go."""
    PAGES.mkdir(exist_ok=True)
    for file in PAGES.glob("*.md"):
        if file.name not in wanted and file.read_text(encoding="utf-8").startswith(MARK):
            file.unlink()
    for name, text in wanted.items():
        (PAGES / name).write_text(text, encoding="utf-8")


def complaints(wanted: dict[str, str]) -> list[str]:
    """One line for each page that is missing, out of date, or of no group."""
    there = {file.name: file.read_text(encoding="utf-8") for file in PAGES.glob("*.md")}
    stale = [
        f"book/api/{name} is out of date; run: make index"
        for name in wanted
        if there.get(name) != wanted[name]
    ]
    return stale + [
        f"book/api/{name} belongs to no group of tools/make_api.py" for name in sorted(there.keys() - wanted)
    ]


def main() -> int:
    """Write the pages, or compare them."""
    wanted = pages()
    if "--check" not in sys.argv[1:]:
        write(wanted)
        return 0
    wrong = complaints(wanted)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
