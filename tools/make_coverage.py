"""Write ``book/appendix/coverage.md``: the syllabus, and where each topic of it is explained and practised.

python tools/make_coverage.py            # write it
python tools/make_coverage.py --check    # exit 1 if it would change

Both stop at a page, section, symbol, exercise or card that coverage.yml names and nobody finds.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from mdit_py_plugins.anchors.index import slugify
from syllabus import NAME, Topic, read

from recsys_course.exercises import chapters

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PAGE = BOOK / "appendix" / "coverage.md"
CARDS = "interview/{page}.md"
STATES = ("covered", "in part", "planned")
HEAD = """\
% Made by `make index` from book/coverage.yml; do not edit.

# What the course covers

These are the topics that the course sets out to cover, its syllabus, and how far it has come. A topic is
*covered* when a page explains it; then its pages, code, exercises and practice cards stand beside it. Of a
topic that is covered *in part*, the rest is named. The others are planned. Today {whole} of {all} topics are
covered, {part} in part, and {planned} are planned.
"""


def headings(page: str) -> list[str]:
    """Titles of a page of the book, its own first; comments in code are none."""
    text = re.sub(r"^(```+|~~~+).*?^\1", "", (BOOK / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    return [title.strip() for title in re.findall(r"^#{1,4} (.+)", text, re.M)]


def page_link(where: str) -> str:
    """A link to a page or its section, by the title there; LookupError when there is none."""
    page, _, anchor = where.partition("#")
    if not (BOOK / page).is_file():
        raise LookupError(f"no page {page}")
    titles = headings(page)
    found = [title for title in titles if slugify(title) == anchor] if anchor else titles[:1]
    if not found:
        raise LookupError(f"no section {anchor} in {page}")
    return f"[{found[0]}](../{where})"


def symbol_link(name: str) -> str:
    """A link to the reference of what a name stands for; LookupError when it cannot be imported."""
    module, _, last = name.rpartition(".")
    try:
        thing = getattr(import_module(module), last)
    except (ImportError, AttributeError, ValueError):
        raise LookupError(f"no symbol {name}") from None
    return f"{{py:obj}}`~{thing.__module__}.{thing.__qualname__}`"


def exercise_link(name: str) -> str:
    """A link to an exercise by its number; LookupError when the catalogue has none of exactly this id."""
    for chapter in chapters():
        for place, exercise in enumerate(chapter.exercises, 1):
            if exercise.id == name:
                anchor = slugify(f"Exercise {place}: {exercise.title}")
                return f"[{exercise.number}](../../exercises/{chapter.notebook}.ipynb#{anchor})"
    raise LookupError(f"no exercise {name}")


def question_link(name: str) -> str:
    """A link to a practice card by its chapter's number and its own; LookupError when there is none."""
    page, _, number = name.partition(".")
    cards = CARDS.format(page=page)
    chapter = next(iter(BOOK.glob(f"[0-9]*_{page}.md")), None)
    for title in headings(cards) if chapter and (BOOK / cards).is_file() else ():
        if title.startswith(f"{number}. "):
            label = f"{int(chapter.name.partition('_')[0])}.{number}"
            return f"[{label}](../{cards}#{slugify(title)})"
    raise LookupError(f"no question {name}")


LINKS = {"pages": page_link, "symbols": symbol_link, "exercises": exercise_link, "questions": question_link}


def complaints(topics: list[Topic]) -> list[str]:
    """One line for each page, section, symbol, exercise or question that is not there."""
    wrong = []
    for topic in topics:
        for kind, link in LINKS.items():
            for name in getattr(topic, kind):
                try:
                    link(name)
                except LookupError as error:
                    wrong.append(f"{NAME}: {topic.id}: {error}")
    return wrong


def row(topic: Topic) -> str:
    """A covered topic as a line of its chapter's table."""
    pages, symbols, exercises, questions = (
        [link(name) for name in getattr(topic, kind)] for kind, link in LINKS.items()
    )
    what = f"{topic.title} (`{topic.id}`)" + (f"<br>*In part; to come: {topic.rest}*" if topic.rest else "")
    practice = [f"exercises {', '.join(exercises)}"] * bool(exercises)
    practice += [f"cards {', '.join(questions)}"] * bool(questions)
    return f"| {what} | {', '.join(pages)} | {', '.join(symbols) or '—'} | {'; '.join(practice) or '—'} |"


def section(number: int, title: str, topics: list[Topic]) -> str:
    """One chapter: a table of what is covered, a list of what is planned."""
    here = [topic for topic in topics if topic.state != "planned"]
    text = f"\n## {number}. {title}\n\n"
    if here:
        table = ["| Topic | Explained | Code | Practice |", "|" + " --- |" * 4, *map(row, here)]
        text += "\n".join(["```{table}", ":class: coverage", "", *table, "```"]) + "\n\n"
    if later := [topic for topic in topics if topic.state == "planned"]:
        text += "Planned:\n\n" + "".join(f"- {topic.title} (`{topic.id}`)\n" for topic in later)
    return text.rstrip() + "\n"


def page(titles: dict[int, str], topics: list[Topic]) -> str:
    """The whole page."""
    count = {state: [topic.state for topic in topics].count(state) for state in STATES}
    text = HEAD.format(
        whole=count["covered"], part=count["in part"], planned=count["planned"], all=len(topics)
    )
    text += f"\n| Chapter | {' | '.join(STATES)} |\n| --- |{' ---: |' * len(STATES)}\n"
    parts = {number: [topic for topic in topics if topic.chapter == number] for number in titles}
    for number, title in titles.items():
        numbers = [[topic.state for topic in parts[number]].count(state) for state in STATES]
        text += f"| {number}. {title} | {' | '.join(map(str, numbers))} |\n"
    return text + "".join(section(number, title, parts[number]) for number, title in titles.items())


def main() -> int:
    """Write the page, or compare it; a name that leads nowhere stops both."""
    titles, topics = read((BOOK / NAME).read_text(encoding="utf-8"))
    if wrong := complaints(topics):
        print(*wrong, sep="\n")
        return 1
    text = page(titles, topics)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(ROOT)} is out of date; run: make index")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
