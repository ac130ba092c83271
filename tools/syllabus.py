"""The syllabus as ``book/coverage.yml`` states it: read, and refused where it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

NAME = "coverage.yml"
PARTS = {"chapters", "topics", "covered", "planned"}


@dataclass(frozen=True)
class Topic:
    """One line of the syllabus, and what the book has of it; without pages it is planned."""

    id: str
    chapter: int
    title: str
    pages: list[str] = field(default_factory=list)  # below book/, as "page.md#section"
    symbols: list[str] = field(default_factory=list)
    exercises: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    rest: str = ""  # what is still to come

    def __post_init__(self) -> None:
        for kind in ("pages", "symbols", "exercises", "questions"):
            if not isinstance(getattr(self, kind), list):
                raise TypeError(f"{kind}: {getattr(self, kind)!r}; expected a list")

    @property
    def state(self) -> str:
        """covered, in part, or planned."""
        return "planned" if not self.pages else "in part" if self.rest else "covered"


class Strict(yaml.SafeLoader):
    """YAML in which nothing stands twice; the usual loader silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"{NAME}, line {node.start_mark.line + 1}: twice: {sorted(twice)}")
        return super().construct_mapping(node, deep)


def read(text: str) -> tuple[dict[int, str], list[Topic]]:
    """Chapter titles by number, and all topics in the order of the list.

    Raises:
        ValueError: the file does not fit together; the message names the id.
    """
    data = yaml.load(text, Strict)
    if not isinstance(data, dict) or set(data) != PARTS:
        raise ValueError(f"{NAME}: expected the parts {', '.join(sorted(PARTS))}")
    topics, covered, planned = data["topics"], data["covered"], data["planned"]
    for name, problem in _misfits(topics, covered, planned):
        raise ValueError(f"{NAME}: {name}: {problem}")
    made = []
    for name, about in topics.items():
        try:
            made.append(Topic(name, **about, **covered.get(name, {})))
        except TypeError as error:  # a key that is missing or unknown, or no list
            raise ValueError(f"{NAME}: {name}: {str(error).rpartition('() ')[2]}") from None
        if made[-1].chapter not in data["chapters"]:
            raise ValueError(f"{NAME}: {name}: no chapter {made[-1].chapter}")
        if name in covered and not made[-1].pages:
            raise ValueError(f"{NAME}: {name}: covered, but by no page")
    return data["chapters"], made


def _misfits(topics: dict, covered: dict, planned: list) -> Iterator[tuple[str, str]]:
    """Ids of one list that another one contradicts."""
    yield from ((name, "no such topic") for name in [*covered, *planned] if name not in topics)
    yield from ((name, "both covered and planned") for name in planned if name in covered)
    yield from ((name, "planned twice") for name in planned if planned.count(name) > 1)
    yield from ((name, "neither covered nor planned") for name in topics if name not in {*covered, *planned})
