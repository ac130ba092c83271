"""One line on stderr for every error, and an exit code: 2 bad usage, 1 failure, 130 Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

TRACEBACK_VARIABLE = "RECSYS_COURSE_TRACEBACK"  # set it to see where an error came from


class Stopped(Exception):
    """Ctrl-C, in a command that ends in no other way; its text stands in place of "stopped"."""


class OneLine(TyperGroup):
    """A command group that reports errors in one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, then leave with the exit code."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a title must not crash a narrow terminal
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except (KeyboardInterrupt, typer.Abort):
            code = 130
        except Stopped as last_words:
            print(f"\n{last_words}", file=sys.stderr)
            sys.exit(130)
        except BrokenPipeError:  # the reader of our output has left
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except Exception as error:
            code = _report(error)
        if code == 130:
            print("\nstopped", file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    """Show an error; the exit code it stands for."""
    if os.environ.get(TRACEBACK_VARIABLE):
        raise error
    if hasattr(error, "format_message"):  # bad usage, found by typer or by bad_usage
        text, code = error.format_message(), 2
    else:
        text, code = str(error) or type(error).__name__, 1
        if isinstance(error, KeyError | AttributeError | IndexError) and type(error).__module__ == "builtins":
            text = f"{type(error).__name__}: {text}"
    print("error:", " ".join(text.split()), file=sys.stderr)
    return code


@contextmanager
def bad_usage(option: str) -> Iterator[None]:
    """A refusal inside the block is the fault of this option: exit code 2."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        refuse(option, str(error))


def refuse(option: str, why: str) -> NoReturn:
    """End with exit code 2 and ``option: why``."""
    raise typer.BadParameter(why, param_hint=option)
