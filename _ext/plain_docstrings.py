"""Docstrings of the package, which are written to be read in the code, made into reStructuredText.

- ``Cost: ...``, ``Source: ...`` and the like become paragraphs of their own with the word in bold.
- ``Returns:`` holds sentences, not a type.
- Fitted names (``means_``) and bars (``|s|``) mean something else in reStructuredText: they are quoted.
- ``:class:`Interactions` `` finds its page from every module: our names are unique.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

LABEL = re.compile(r"(Args|Attributes|Returns|Raises|Cost|Memory|Book|Source|Differs)\b([^:]*): (?=\S)")
FITTED = re.compile(r"(?<![`\\\w.:])(\w+_)(?=[\s,.:;)]|$)")
ENTRY = re.compile(r" {4}\w[\w, ]*_(?=:)")  # an attribute's own name at the start of its line
BAR = re.compile(r"(?<!\\)\|")


def plain_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Rewrite the lines of one docstring in place, before napoleon reads its sections."""
    if what in ("attribute", "property"):  # napoleon would take what precedes the colon for a type
        lines[:1] = [line.replace(": ", " -- ") for line in lines[:1]]
    lines[:] = rewritten(lines)


def plain_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """Python shows the default of a dataclass's list as ``<factory>``, which no parser understands."""
    return (signature.replace("<factory>", "...") if signature else signature), result


def rewritten(lines: list[str]) -> Iterator[str]:
    """Line by line. ``joined``: the text of a label so far; its further lines are indented for the eye."""
    joined, maths = "", None  # maths: indentation of the ``.. math::`` that we are inside of
    for line in [*lines, ""]:
        indent = len(line) - len(line.lstrip())
        if maths is not None and line.strip() and indent <= maths:
            maths = None
        if line.lstrip().startswith(".. math::"):
            maths = indent
        label = LABEL.match(line) if maths is None else None
        if joined and line.startswith("    ") and maths is None:
            joined += " " + quoted(line.strip())
            continue
        if joined:
            yield from ("", joined, "")
            joined = ""
        if label:
            joined = f"**{label[1]}{label[2]}:** {quoted(line[label.end() :])}"
        elif line == "Returns:":
            joined = ":returns:"
        else:
            yield line if maths is not None else quoted(line)


def quoted(line: str) -> str:
    """A line with fitted names as code and bars as themselves; what is code already stays."""
    own = ENTRY.match(line)
    start = own[0] if own else ""
    parts = re.split(r"(``.*?``|`.*?`)", line[len(start) :])
    return start + "".join(
        p if p.startswith("`") else BAR.sub(r"\\|", FITTED.sub(r"``\1``", p)) for p in parts
    )


def find_by_short_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """The one object of the package whose full name ends in what was written."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removeprefix("recsys_course")
    known = env.domaindata["py"]["objects"]
    found = [entry for name, entry in known.items() if name.endswith("." + target.lstrip("."))]
    if len(found) != 1:
        return None
    return make_refnode(app.builder, node["refdoc"], found[0].docname, found[0].node_id, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this when it loads the extension."""
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)  # napoleon is at 500
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("missing-reference", find_by_short_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
