"""What the book's site needs beyond the settings of ``_config.yml``.

- JavaScript from our own ``vendor/`` folder when ``tools/vendor.py`` has filled it, else from the
  libraries' usual network addresses.
- An execution cache whose folder depends on the package: an edit there runs the notebooks again.
- Addresses of the site and its repository only where they are known (in the publishing workflow).
- Small repairs of the theme's pages.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "_extra" / "vendor"
BRANCH = "main"
log = logging.getLogger(__name__)

# What the theme writes, and what a screen reader needs instead: a name that holds the visible text,
# no name for an icon whose button has one, no list whose children are no entries, a name for the arrow
# that unfolds a section of the table of contents; and Mermaid as a plain script, because a browser loads no
# module into a page that was opened from a folder.
REPAIRS = [
    (
        re.compile(r'(<script) type="module">import mermaid from ("[^"]*/mermaid\.min\.js");'),
        r'\1 src=\2></script>\n\1 type="module">',
    ),
    (re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="[^"]*"'), r"\1"),
    (re.compile(r'(<summary) aria-label="Toggle hidden content"'), r"\1"),
    (re.compile(r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"'), r'\1 aria-hidden="true"'),
    (re.compile(r'<div role="list" class="citation-list">'), '<div class="citation-list">'),
    (
        re.compile(r'(>([^<]+)</a><details(?: open="open")?><summary)(?=><span class="toctree-toggle")'),
        r'\1 aria-label="Pages of \2"',
    ),
]


def digest(*paths: Path) -> str:
    """One hash over the names and the bytes of all files under ``paths``, compiled files aside."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted([path] if path.is_file() else path.rglob("*")):
            made = {"__pycache__", ".ipynb_checkpoints", "node_modules"} & set(file.parts)
            if file.is_file() and not made:
                total.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def execution_cache() -> Path:
    """Where outputs are kept: jupyter-cache looks at a notebook's own code only, so the package
    and the results that notebooks read must be part of the folder's name."""
    return ROOT / "_build" / "cache" / digest(ROOT / "recsys_course", ROOT / "benchmarks" / "results")


def repository() -> str:
    """The project's address, as the publishing workflow knows it; empty anywhere else."""
    return os.environ.get("RECSYS_COURSE_REPOSITORY", "").rstrip("/")


def use_vendored(app: Sphinx, config: Config) -> None:
    """Serve MathJax, Mermaid and the widgets ourselves when they are at hand."""
    if not (VENDOR / "versions.json").exists():
        log.info("recsys_site: no vendored JavaScript; formulas and diagrams load from the network")
        return
    config.html_extra_path = ["_extra"]  # not html_static_path, which would load every script on every page
    config.mathjax_path = "../vendor/mathjax/tex-mml-chtml.js"
    config.mermaid_use_local = "../vendor/mermaid/mermaid.min.js"
    config.nb_ipywidgets_js = {"../vendor/widgets/embed.js": {}}


def use_cache(app: Sphinx, config: Config) -> None:
    """Tell myst-nb where the outputs are kept."""
    config.nb_execution_cache_path = str(execution_cache())


def use_addresses(app: Sphinx, config: Config) -> None:
    """The site's own address gives a sitemap and previews; the repository's gives launch buttons."""
    if site := os.environ.get("RECSYS_COURSE_SITE"):
        config.html_baseurl = config.ogp_site_url = site.rstrip("/") + "/"
        config.sitemap_url_scheme = "{link}"
        config.ogp_social_cards = {"enable": False}
    options = config.html_theme_options
    if address := repository():
        options |= {"repository_url": address, "repository_branch": BRANCH}
    else:  # Jupyter Book names its own repository instead, and the launch buttons would lead there
        for name in ("repository_url", "launch_buttons"):
            options.pop(name, None)


def repair_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Mend what the theme is about to write into a page."""
    drop_thebe(context)
    if not app.env.doc2path(page).endswith(".ipynb"):
        drop_colab(context.get("header_buttons", []))


def repair_files(app: Sphinx, error: Exception | None) -> None:
    """Mend what no event offers before it is written."""
    if app.builder.format != "html" or error:
        return
    for file in Path(app.outdir).rglob("*.html"):
        before = after = file.read_text(encoding="utf-8")
        for wrong, right in REPAIRS:
            after = wrong.sub(right, after)
        if after != before:
            file.write_text(after, encoding="utf-8")


def drop_thebe(context: dict[str, Any]) -> None:
    """sphinx-thebe adds its scripts even when it is off, and they fail on every page."""
    scripts = context.get("script_files", [])
    scripts[:] = [
        s for s in scripts if "thebe" not in f"{getattr(s, 'filename', s)} {getattr(s, 'attributes', '')}"
    ]


def drop_colab(buttons: list[dict[str, Any]]) -> None:
    """Colab opens .ipynb files only; a page written as text has none in the repository."""
    for group in buttons:
        if group["type"] == "group":
            group["buttons"] = [button for button in group["buttons"] if button["text"] != "Colab"]
    buttons[:] = [entry for entry in buttons if entry["type"] != "group" or entry["buttons"]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this when it loads the extension."""
    if os.environ.get("RECSYS_COURSE_SITE"):  # both extensions complain without an address
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("sphinxext.opengraph")
    for change in (use_vendored, use_cache, use_addresses):
        app.connect("config-inited", change)
    app.connect("html-page-context", repair_page, priority=900)  # after the theme's own, at 500 and 501
    app.connect("build-finished", repair_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
