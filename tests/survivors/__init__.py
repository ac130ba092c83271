"""Mutants that pass every case because they change nothing: each with the reason why.

A mutant that passes and does not stand here fails the test, and so does one that stands here
and fails. The text is what ``mutants.described`` says of it: the old line and the new one. A
module a chapter.
"""

from importlib import import_module
from pathlib import Path

SURVIVORS: dict[str, dict[str, str]] = {
    exercise: reasons
    for file in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    for exercise, reasons in import_module(f"survivors.{file.stem}").SURVIVORS.items()
}
