"""The syllabus: complete, without contradiction, and nothing in it that is not there."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "book" / "coverage.yml").read_text(encoding="utf-8")
SMALL = """\
chapters: {1: One, 2: Two}
topics:
  A: {chapter: 1, title: "First, and more"}
  B: {chapter: 1, title: Second}
  C: {chapter: 2, title: Third}
  D: {chapter: 2, title: Fourth}
covered:
  A:
    pages: [glossary.md, 03_collaborative_filtering.md#by-hand]
    symbols: [recsys_course.ItemKNN]
    exercises: [collaborative_filtering.ease]
    questions: [collaborative_filtering.8]
  C: {pages: [notation.md], rest: the end}
planned: [B, D]
"""


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType]]:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import make_coverage
    import syllabus

    yield syllabus, make_coverage
    for name in ("make_coverage", "syllabus"):
        del sys.modules[name]


def test_the_list_of_topics_is_whole(tools) -> None:
    """Nobody takes a topic off the list to look further than the course is."""
    titles, topics = tools[0].read(TEXT)
    assert Counter(topic.id[:2] for topic in topics) == {"S0": 5, "S1": 21, "S2": 70, "S3": 19, "S4": 20}
    assert len({topic.title for topic in topics}) == len(topics)
    assert {topic.chapter for topic in topics} == set(titles)


def test_every_page_section_symbol_exercise_and_card_is_there(tools) -> None:
    assert tools[1].complaints(tools[0].read(TEXT)[1]) == []


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("planned: [B, D]", "planned: [A, B, D]", "A: both covered and planned"),
        ("planned: [B, D]", "planned: [B]", "D: neither covered nor planned"),
        ("planned: [B, D]", "planned: [B, B, D]", "B: planned twice"),
        ("planned: [B, D]", "planned: [B, D, E]", "E: no such topic"),
        ("  C: {pages", "  E: {pages", "E: no such topic"),
        ("  B: {", "  A: {", r"line 3: twice: \['A'\]"),
        ("pages: [notation.md], ", "", "C: covered, but by no page"),
        ("pages: [notation.md]", "pages: notation.md", "C: pages: 'notation.md'; expected a list"),
        ("rest:", "remains:", "C: got an unexpected keyword argument 'remains'"),
        ("chapter: 2, title: Third", "chapter: 3, title: Third", "C: no chapter 3"),
        ("chapter: 2, title: Third", "title: Third", "C: missing 1 required positional argument: 'chapter'"),
        ("planned:", "plan:", "expected the parts chapters, covered, planned, topics"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tools, old: str, new: str, message: str) -> None:
    tools[0].read(SMALL)
    assert old in SMALL
    with pytest.raises(ValueError, match=f"^coverage.yml[:,] {message}"):
        tools[0].read(SMALL.replace(old, new))


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("glossary.md", "glossar.md", "no page glossar.md"),
        ("#by-hand", "#by-foot", "no section by-foot in 03_collaborative_filtering.md"),
        ("#by-hand", "#by-hand-", "no section by-hand- in 03_collaborative_filtering.md"),
        ("recsys_course.ItemKNN", "recsys_course.ItemKMM", "no symbol recsys_course.ItemKMM"),
        ("recsys_course.ItemKNN", "recsys.ItemKNN", "no symbol recsys.ItemKNN"),
        ("recsys_course.ItemKNN", "ItemKNN", "no symbol ItemKNN"),
        ("collaborative_filtering.ease", "ease", "no exercise ease"),
        ("filtering.8]", "filtering.80]", "no question collaborative_filtering.80"),
        ("[collaborative_filtering.8]", "[filtering.8]", "no question filtering.8"),
    ],
)
def test_what_is_not_there_is_named(tools, old: str, new: str, message: str) -> None:
    assert old in SMALL
    assert tools[1].complaints(tools[0].read(SMALL)[1]) == []
    assert tools[1].complaints(tools[0].read(SMALL.replace(old, new))[1]) == [f"coverage.yml: A: {message}"]


def test_a_comment_in_code_is_no_section(tools) -> None:
    assert "a comment" not in " ".join(tools[1].headings("how_to_use.md"))
    with pytest.raises(LookupError):  # "# 2: mean-centring" stands in the code that checks the cards
        tools[1].page_link("interview/collaborative_filtering.md#2-mean-centring")


def test_the_page_counts_and_links(tools) -> None:
    text = tools[1].page(*tools[0].read(SMALL))
    assert "Today 1 of 4 topics are\ncovered, 1 in part, and 2 are planned." in text
    assert "| 1. One | 1 | 0 | 1 |\n| 2. Two | 0 | 1 | 1 |\n" in text
    (row,) = re.findall(r"^\| First.*", text, re.M)
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells == [
        "First, and more (`A`)",
        "[Glossary](../glossary.md), [By hand](../03_collaborative_filtering.md#by-hand)",
        "{py:obj}`~recsys_course.neighbors.ranking.ItemKNN`",
        "exercises [3.16](../../exercises/03_collaborative_filtering.ipynb#exercise-16-ease); "
        "cards [3.8](../interview/collaborative_filtering.md#8-ease-on-paper)",
    ]
    assert (
        "| Third (`C`)<br>*In part; to come: the end* | [Notation and names](../notation.md) | — | — |"
        in text
    )
    assert "- Second (`B`)\n" in text and "- Fourth (`D`)\n" in text
