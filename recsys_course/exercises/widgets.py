"""The panel's widgets. Imported only where ipywidgets is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from recsys_course.exercises.catalogue import find_exercise
from recsys_course.exercises.hints import no_more, seen, stands, take_hint, told
from recsys_course.exercises.standing import Standing, first_undone
from recsys_course.exercises.store import store

if TYPE_CHECKING:
    from recsys_course.exercises.panels import Panel


class PanelWidgets:
    """A bar, a line for each exercise, a choice of exercise, its hints, and a button for the next.

    The words say all that the bar shows, the signs differ in shape, and no colour is set: the
    theme's own serve in the light and in the dark. Markdown is laid out by the notebook itself.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.bar = ipywidgets.IntProgress(min=0, max=len(panel.chapter.exercises))
        self.heading = ipywidgets.Label()
        self.exercises = ipywidgets.Output()
        as_wide_as_its_text = ipywidgets.Layout(width="auto")
        self.choice = ipywidgets.Dropdown(
            description="Hints for", layout=as_wide_as_its_text, style={"description_width": "initial"}
        )
        self.next = ipywidgets.Button(layout=as_wide_as_its_text)
        self.hints = ipywidgets.Output()
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HBox([self.bar, self.heading]),
                self.exercises,
                ipywidgets.HBox([self.choice, self.next]),
                self.hints,
            ]
        )
        those = panel.standings()
        self.choice.options = [(f"{o.exercise.number} {o.exercise.title}", o.exercise.id) for o in those]
        self._undone: set[str] = set()
        self._choose(those)
        self.choice.observe(lambda change: self.refresh(), names="value")
        self.next.on_click(lambda button: take_hint(find_exercise(self.choice.value)))
        store().listeners.append(self.refresh)  # a check or a hint, also from another cell
        self.refresh()

    def refresh(self) -> None:
        """Show what the store holds now."""
        those = self.panel.standings()
        self.bar.value = sum(one.done for one in those)
        self.heading.value = self.panel.heading(those)
        _show(self.exercises, "\n".join(f"- {o.word}: {o.exercise.number} {o.exercise.title}" for o in those))
        done = {one.exercise.id for one in those if one.done}
        if self.choice.value in done & self._undone:  # just solved: on to the next
            self._choose(those)
        self._undone = {one.exercise.id for one in those} - done
        self._refresh_hints()

    def _refresh_hints(self) -> None:
        chosen = stands(find_exercise(self.choice.value))
        texts = [told(hint) for hint in chosen.shown]
        if chosen.next_hint is None:
            texts.append(no_more(chosen.exercise))
        _show(self.hints, "\n\n".join(texts))
        self.next.description = f"Next hint ({seen(chosen)})"
        self.next.disabled = chosen.next_hint is None

    def _choose(self, those: list[Standing]) -> None:
        """Turn to the first exercise that is not done, or stay when all are."""
        if current := first_undone(those):
            self.choice.value = current.exercise.id


def _show(output: Any, markdown: str) -> None:
    """Replace what an Output shows; set as a whole, so nothing is captured and nothing flickers."""
    data = {"text/markdown": markdown, "text/plain": markdown}
    output.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},) if markdown else ()
