"""Optional libraries: brought in where they are used, with the command that installs them if missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class MissingExtra(ImportError):
    """An optional library is not installed; the message says how to install it."""


def need(module: str, extra: str, what: str) -> ModuleType:
    """The module ``module`` of the optional dependencies ``extra`` of this package.

    Args:
        module: its import name. extra: the extra of ``pyproject.toml`` that installs it.
        what: what asks for it, as in "SentenceEncoder".

    Raises:
        MissingExtra: it is not installed; other failures of the import are let through.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise  # installed, but something that it needs is not
        raise MissingExtra(
            f"{what} needs {module.split('.')[0]}, which is not installed; "
            f"pip install 'recsys-course[{extra}]' brings it"
        ) from error
