"""Run a notebook whenever it is saved, up to the first exercise that is not done."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_course.exercises.catalogue import Chapter, Exercise
from recsys_course.exercises.notebooks import BadNotebook, check_cell, read_notebook, source_of

PANEL_TAG = "progress"  # the cell that shows the panel: nothing to see here


@dataclass(frozen=True)
class Result:
    """How one exercise went; the message is that of the check, or of the cell that stopped it."""

    exercise: Exercise
    passed: bool
    message: str = ""


def watch(path: Path, look: Callable[[], bool], ticks: Iterable[object], say: Callable[[str], None]) -> bool:
    """Look at the notebook now and after each save, until all is done or the ticks end.

    Args:
        path: the notebook.
        look: checks it, says what it found, and answers whether all is done.
        ticks: one for each time to look at the file's date; they do the waiting.
        say: takes a line for the learner.

    Returns:
        Whether all exercises are done.
    """
    last: object = None
    for _ in ticks:
        now = _stamp(path)
        if now == last:
            continue
        last = now
        if now is None:
            say(f"{path} is gone. Waiting until it is back.")
            continue
        try:
            if look():
                return True
        except (BadNotebook, OSError) as error:
            say(f"Not a whole notebook yet ({error}). Waiting for the next save.")
        except RuntimeError as error:  # of nbclient
            say(f"Python could not be started ({error}). Save again to try again.")
    return False


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes at every save: time, size, and the file itself where it is replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def results(path: Path, chapter: Chapter, timeout: float) -> Generator[Result, None, None]:
    """Run the notebook in a new kernel; one result an exercise, the last one being the first undone.

    The file is only read. The checks in the kernel record progress as in JupyterLab.

    Args:
        path: the notebook.
        chapter: whose exercises it holds.
        timeout: seconds that one cell may take.

    Raises:
        BadNotebook: the file is no notebook, or only a part of one.
    """
    raw = read_notebook(path)
    checked = _checked(raw, chapter)
    waiting = list(chapter.exercises)
    # closed here, not by the garbage collector, which would swallow a Ctrl-C while the kernel ends
    with closing(_run(raw, path, set(checked), timeout)) as outcomes:
        for place, trouble in outcomes:
            if trouble:
                after = [exercise for at, exercise in checked.items() if at >= place and exercise in waiting]
                yield Result((after or waiting)[0], False, trouble)
                return
            waiting.remove(checked[place])
            yield Result(checked[place], True)
    for exercise in waiting[:1]:
        yield Result(
            exercise, False, "its check is not in the notebook any more, so nothing can be said of it"
        )


def _checked(raw: dict[str, Any], chapter: Chapter) -> dict[int, Exercise]:
    """Which cells check which exercise, from top to bottom."""
    cells = {id(cell): place for place, cell in enumerate(raw["cells"])}
    found = ((check_cell(raw, exercise), exercise) for exercise in chapter.exercises)
    return dict(sorted((cells[id(cell)], exercise) for cell, exercise in found if cell is not None))


def _run(
    raw: dict[str, Any], path: Path, checks: set[int], timeout: float
) -> Generator[tuple[int, str], None, None]:
    """Run the cells up to the last check: (place, "") for each check that passes, or what stopped it."""
    from nbclient import NotebookClient

    book = _for_nbclient(raw, path)
    client = NotebookClient(
        book, timeout=timeout, kernel_name="python3", skip_cells_with_tag="",
        resources={"metadata": {"path": str(path.absolute().parent)}},
    )  # fmt: skip
    kernel = client.setup_kernel(stderr=subprocess.DEVNULL)  # the kernel's own log is not for the learner
    with _ends_whole(kernel):
        for place, cell in enumerate(book.cells[: max(checks, default=-1) + 1]):
            if cell.cell_type != "code" or PANEL_TAG in cell.metadata.get("tags", []):
                continue
            trouble = _trouble(client, cell, place)
            if trouble or place in checks:
                yield place, trouble  # after trouble nobody asks for more


@contextmanager
def _ends_whole(kernel: AbstractContextManager[Any]) -> Iterator[None]:
    """The kernel, whose end a Ctrl-C does not break off: half an end leaves warnings of asyncio behind."""
    with ExitStack() as stack:
        stack.enter_context(kernel)
        try:
            yield
        finally:
            with _ctrl_c_waits():
                stack.close()


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """A Ctrl-C inside comes after it; elsewhere than in the main thread there is none to hold back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _for_nbclient(raw: dict[str, Any], path: Path) -> Any:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without an id get one
            return nbformat.reads(json.dumps(raw), as_version=4)
    except (ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise BadNotebook(f"{path.name}: {str(error).splitlines()[0]}") from None


def _trouble(client: Any, cell: Any, place: int) -> str:
    """Run one cell; what stopped it, or nothing."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    first = f"in the cell that begins: {source_of(cell).strip().partition(chr(10))[0]}"
    try:
        client.execute_cell(cell, place)
    except CellTimeoutError:
        return f"no end after {client.timeout:g} s; an endless loop? (--timeout allows more)\n{first}"
    except DeadKernelError:
        return f"Python itself died; out of memory, perhaps\n{first}"
    except CellExecutionError as error:
        if error.ename == "CheckFailed":
            return str(error.evalue)
        said = re.sub(r" \(\d+\.py, line (\d+)\)", r" (line \1)", str(error.evalue))
        return f"{error.ename}: {said}\n{first}"
    return ""
