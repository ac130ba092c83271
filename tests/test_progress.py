"""The bar: silent where nobody looks, and never in the way of the items."""

import io
import itertools

import pytest

from recsys_course.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, wish: str = "") -> Terminal:
    """What goes to standard error, which claims to be a terminal.

    Called in the test's body: pytest puts its own stream back between a fixture and the test.
    """
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", wish)
    return terminal


def time_flies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is three seconds later: the work is long."""
    clock = itertools.count(0, 3)
    monkeypatch.setattr("tqdm.std.time", lambda: float(next(clock)))


@pytest.mark.parametrize("wish", ["", "0", "1"])
def test_every_item_comes_through_in_order(wish, monkeypatch):
    shown(monkeypatch, wish)
    assert list(progress(range(5), "counting")) == [0, 1, 2, 3, 4]
    assert list(progress([], "nothing")) == []


def test_a_forced_bar_names_its_work_and_unit(monkeypatch):
    bar = shown(monkeypatch, "1")
    list(progress(range(3), "counting", unit="sheep"))
    assert "counting" in bar.getvalue()
    assert "sheep" in bar.getvalue()
    assert "/3" in bar.getvalue()


def test_quick_work_is_silent_and_long_work_is_not(monkeypatch):
    bar = shown(monkeypatch)
    list(progress(range(3), "counting"))
    assert bar.getvalue() == ""
    time_flies(monkeypatch)
    list(progress(range(3), "counting"))
    assert "counting" in bar.getvalue()


@pytest.mark.parametrize("wish, terminal", [("0", True), ("", False), ("0", False)])
def test_no_bar_when_unwanted_or_where_nobody_looks(wish, terminal, monkeypatch):
    output = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", wish)
    time_flies(monkeypatch)
    list(progress(range(3), "counting"))
    assert output.getvalue() == ""


def test_a_bar_may_be_forced_without_a_terminal(monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", "1")
    list(progress(range(3), "counting"))
    assert "counting" in output.getvalue()


def test_the_total_of_an_endless_source_can_be_told(monkeypatch):
    bar = shown(monkeypatch, "1")
    list(itertools.islice(progress(itertools.count(), "counting", total=7), 7))
    assert "/7" in bar.getvalue()


def test_items_are_taken_only_when_asked_for(monkeypatch):
    shown(monkeypatch)
    source = iter(range(10))
    assert list(itertools.islice(progress(source, "counting"), 2)) == [0, 1]
    assert next(source) <= 3  # not exhausted ahead
