"""Write ``book/algorithms.md``: where each model is explained, coded, tested and exercised.

python tools/make_index.py            # write it
python tools/make_index.py --check    # exit 1 if it would change
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mdit_py_plugins.anchors.index import slugify

from recsys_course.registry import MODELS, ModelInfo

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "book" / "algorithms.md"
HEAD = """\
% Made by `make index` from the package, the chapters and the tests; do not edit.

# Index of algorithms

Every model of the package: its class, what it does, and where it is explained, written,
tested and practised. The name is the one the command line takes, as in
`recsys-course evaluate --data world:shop --models item-knn`.
"""


class Section(NamedTuple):
    """A heading and the text up to the next heading."""

    title: str
    text: str


def sections(markdown: str) -> Iterator[Section]:
    """The sections of levels 2 and 3; code is text like any other, but its comments are no headings."""
    title, lines, fenced = "", [], False
    for line in markdown.splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if not fenced and (heading := re.match(r"#{1,3} (.+)", line)):
            yield Section(title, "\n".join(lines))
            title, lines = heading[1].strip(), []
        else:
            lines.append(line)
    yield Section(title, "\n".join(lines))


def best_section(markdown: str, name: str) -> str:
    """The section with ``name`` in its title, else the one that shows its code, else the one that
    names it most; "" when none does."""
    word = re.compile(rf"\b{name}\b")

    def weight(section: Section) -> tuple[int, int, int]:
        shown = len(re.findall(rf":pyobject: {name}\b", section.text))
        return len(word.findall(section.title)), shown, len(word.findall(section.text))

    best = max(sections(markdown), key=weight)  # the first of equals
    return best.title if any(weight(best)) else ""


def link(target: Path, title: str) -> str:
    """A link from the index page to a section."""
    where = target.relative_to(ROOT).as_posix()
    where = where.removeprefix("book/") if where.startswith("book/") else f"../{where}"
    return f"[{title}]({where}#{slugify(title)})"


def explained(cls: type, info: ModelInfo) -> str:
    """The section that holds the first equation named in the docstring's Book line, and all of them."""
    pages = sorted((ROOT / "book").glob(f"{info.chapter:02d}_*.md"))
    if not pages:
        return f"chapter {info.chapter}"
    text = pages[0].read_text(encoding="utf-8")
    numbers = re.findall(rf"\({info.chapter}\.\d+\)", book_line(cls))
    titles = [part.title for part in sections(text) if numbers and tagged(part.text, numbers[0])]
    title = titles[0] if titles else best_section(text, cls.__name__)
    return f"{link(pages[0], title)} {', '.join(numbers)}".strip() if title else f"chapter {info.chapter}"


def book_line(cls: type) -> str:
    """What the docstring says of its place in the book, "" when nothing."""
    found = re.search(r"Book: (.+)", cls.__doc__ or "")
    return found[1] if found else ""


def tagged(text: str, number: str) -> bool:
    """Does the text define this equation, displayed with a tag or in a sentence that ends in it?"""
    return rf"\tag{{{number[1:-1]}}}" in text or f". {number}" in text


def tested(cls: type, file: Path) -> str:
    """The test module that mirrors the file, else the one that names the class most."""
    mirror = ROOT / "tests" / file.relative_to("recsys_course").parent / f"test_{file.name}"
    if mirror.exists():
        return f"`{mirror.relative_to(ROOT).as_posix()}`"
    counts = {
        test: len(re.findall(rf"\b{cls.__name__}\b", test.read_text(encoding="utf-8")))
        for test in sorted((ROOT / "tests").rglob("test_*.py"))
    }
    best = max(counts, key=lambda test: counts[test], default=None)
    return f"`{best.relative_to(ROOT).as_posix()}`" if best and counts[best] else "—"


def practised(cls: type, info: ModelInfo) -> str:
    """The exercise that the docstring's Book line names, in its solved form."""
    wanted = re.search(r"exercise (\w+)", book_line(cls))
    for path in sorted((ROOT / "solutions").glob(f"{info.chapter:02d}_*.ipynb")) if wanted else ():
        title = ""
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown" and (heading := re.search(r"^## (.+)", text, re.MULTILINE)):
                title = heading[1].strip()
            elif wanted and f"def {wanted[1]}(" in text:
                return link(path, title)
    return "—"


def entry(name: str, info: ModelInfo) -> str:
    """One row of the table."""
    cls = info.load()
    file = Path(inspect.getfile(cls)).resolve().relative_to(ROOT)
    summary = inspect.getdoc(cls).splitlines()[0]  # type: ignore[union-attr]
    cells = (
        f"`{name}`<br>{{py:class}}`~{cls.__module__}.{cls.__name__}`",
        summary.replace("|", "\\|"),
        explained(cls, info),
        practised(cls, info),
        f"`{file.as_posix()}`<br>{tested(cls, file)}",
    )
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The whole page."""
    head = "| Model | What it does | Explained (equations) | Exercise | Code and test |"
    rows = [entry(name, info) for name, info in MODELS.items()]
    table = [head, "|" + " --- |" * 5, *rows]
    return "\n".join([HEAD, "```{table}", ":class: algorithms", "", *table, "```"]) + "\n"


def main() -> int:
    text = page()
    current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif text != current:
        print(f"{PAGE.relative_to(ROOT)} is out of date; run: make index")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
