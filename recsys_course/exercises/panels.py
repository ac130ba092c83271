"""Progress and hints inside a notebook: widgets where they can run, the same as text elsewhere."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from recsys_course.exercises.catalogue import find_chapter, find_exercise
from recsys_course.exercises.hints import no_more, seen, stands, take_hint, told
from recsys_course.exercises.standing import Standing, bar, first_undone, standings
from recsys_course.exercises.store import store


def panel(chapter: str) -> Panel:
    """How far you are in a chapter, and its hints one at a time.

    Args:
        chapter: its number, name, or notebook.

    Raises:
        ValueError: there is no such chapter.
    """
    return Panel(chapter)


def hint(exercise: str) -> Card:
    """The next hint of an exercise; it is noted as seen.

    Args:
        exercise: its number (``3.1``), its id, or the name of its function.

    Raises:
        ValueError: there is no such exercise.
    """
    found = find_exercise(exercise)
    new = take_hint(found)
    return Card(no_more(found) if new is None else f"{told(new)}\n\n({seen(stands(found))})")


class Card:
    """A piece of Markdown that a notebook lays out and a plain viewer shows as text."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def __repr__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


class Panel:
    """The state of a chapter's exercises; shows itself as the last value of a cell."""

    def __init__(self, chapter: str) -> None:
        self.chapter = find_chapter(chapter)
        self._widgets: Any = None

    def standings(self) -> list[Standing]:
        """Where each exercise stands now."""
        return standings(self.chapter, store().read())

    def heading(self, those: list[Standing]) -> str:
        """The chapter, and how much of it is done."""
        return f"{self.chapter.title}: {sum(one.done for one in those)} of {len(those)} done"

    def text(self) -> str:
        """Everything that the widgets show, as plain text."""
        those = self.standings()
        lines = [f"{self.heading(those)}  {bar(sum(one.done for one in those), len(those))}"]
        lines += [f"  {one.word:<9}  {one.exercise.number:<5} {one.exercise.title}" for one in those]
        if current := first_undone(those):
            lines += ["", f"Hints for {current.exercise.number}: {seen(current)}"]
            lines += [f"  {told(hint)}" for hint in current.shown]
            again = f'Next hint: checks.hint("{current.exercise.name}")'
            lines.append(again if current.next_hint else no_more(current.exercise))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Widgets with their text beside them, for viewers that cannot run widgets."""
        plain = {"text/plain": self.text()}
        if find_spec("ipywidgets") is None:
            return plain
        if self._widgets is None:
            from recsys_course.exercises.widgets import PanelWidgets

            self._widgets = PanelWidgets(self)
        return {**self._widgets.box._repr_mimebundle_(), **plain}
