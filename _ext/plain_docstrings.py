"""Docstrings of the package, which are written to be read in the code, made into reStructuredText.

- ``Cost: ...``, ``Source: ...`` and the like become paragraphs of their own with the word in bold.
- Fitted names (``means_``) and bars (``|s|``) mean something else in reStructuredText: they are quoted.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

LABEL = re.compile(r"(Args|Attributes|Returns|Raises|Cost|Memory|Source|Differs)\b([^:]*): (?=\S)")
SECTION = re.compile(r"\w+:$")
FITTED = re.compile(r"(?<![`\\\w.:])(\w+_)(?=[\s,.:;)]|$)(?!`)")
BAR = re.compile(r"(?<!\\)\|")


def plain_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Rewrite the lines of one docstring in place, before napoleon reads its sections."""
    out: list[str] = []
    labelled = False  # inside the paragraph of a label, whose further lines are indented for the eye only
    maths = -1  # indentation of the ``.. math::`` that we are inside of
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if maths >= 0 and line.strip() and indent <= maths:
            maths = -1
        if line.lstrip().startswith(".. math::"):
            maths, labelled = indent, False
        if maths >= 0:
            out.append(line)
            continue
        if label := LABEL.match(line):
            out += ["", f"**{label[1]}{label[2]}:** {quoted(line[label.end() :])}"]
            labelled = True
        elif labelled and line.strip() and not SECTION.match(line):
            out.append(quoted(line.strip()))
        else:
            labelled = False
            out.append(quoted(line))
    lines[:] = out


def quoted(line: str) -> str:
    """A line with its fitted names as code and its bars as themselves; what is code already stays."""
    parts = re.split(r"(``.*?``|`.*?`)", line)
    return "".join(part if part.startswith("`") else mark(part, attribute=line) for part in parts)


def mark(part: str, attribute: str) -> str:
    """Quote fitted names and bars in text outside code, but not the name that an entry starts with."""
    entry = re.match(r"(\s+[\w, ]+_)(?=:)", part) if attribute.startswith(part) else None
    start = entry[1] if entry else ""
    return start + BAR.sub(r"\\|", FITTED.sub(r"``\1``", part[len(start) :]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this when it loads the extension."""
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)  # napoleon is at 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
