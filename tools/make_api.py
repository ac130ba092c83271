"""Write ``book/api.md``, the package reference: one section per group, every public module in one.

python tools/make_api.py            # write it
python tools/make_api.py --check    # exit 1 if it would change
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "book" / "api.md"
HEAD = """\
% Made by `make index`; the groups stand in tools/make_api.py.

# Package reference

What the package offers, from its lowest floor upwards. Shapes are written with the sizes
*U* users, *I* items, *N* events, *B* users asked at a time, *K* factors.
"""
# A package stands for all its modules. What is for the command line or the exercises is not listed.
GROUPS = {
    "The log": ["ids", "interactions", "tables"],
    "Similarities, top-n and metrics": ["similarity", "ranking", "metrics"],
    "What all models share": ["base", "item_to_item", "compiled", "progress"],
    "Datasets and splits": ["data"],
    "Models": ["baselines", "neighbors", "factorization", "linear"],
    "Evaluation": ["evaluation"],
    "Catalogue of models": ["registry"],
    "Figures": ["plots"],
}
UNLISTED = ["checks", "cli", "exercises"]


def modules() -> list[str]:
    """Names of all public modules, without the package's own; a package before its modules."""
    found = []
    for file in sorted((ROOT / "recsys_course").rglob("*.py")):
        parts = file.relative_to(ROOT / "recsys_course").with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name and not any(part.startswith("_") for part in name.split(".")):
            found.append(name)
    return found


def below(name: str, package: str) -> bool:
    """Is the module ``name`` the package itself or one of its modules?"""
    return name == package or name.startswith(f"{package}.")


def page() -> str:
    """The whole page; ValueError when a module stands in no group."""
    names = modules()
    listed = [entry for group in GROUPS.values() for entry in group]
    lost = [name for name in names if not any(below(name, entry) for entry in [*listed, *UNLISTED])]
    if lost:
        raise ValueError(f"tools/make_api.py: no group for {', '.join(lost)}")
    text = HEAD
    for title, entries in GROUPS.items():
        text += f"\n## {title}\n\n```{{eval-rst}}\n"
        for name in (name for entry in entries for name in names if below(name, entry)):
            package = (ROOT / "recsys_course" / name.replace(".", "/")).is_dir()  # only gathers names
            members = "" if package else "   :members:\n   :show-inheritance:\n"
            text += f".. automodule:: recsys_course.{name}\n{members}\n"
        text += "```\n"
    return text


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(ROOT)} is out of date; run: make index")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
