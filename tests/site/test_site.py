"""The built site, looked at page by page in a real browser: narrow and wide, light and dark."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tools" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}

SCROLLS = "pre, .cell_output, .math, mjx-container, .pst-scrollable-table-container, .sd-tab-set"
TOO_WIDE = f"""() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('{SCROLLS}'))
    .slice(0, 3).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 60))"""


def pages(site: Path) -> list[str]:
    """Addresses, below the root, of the pages; without the code viewer and the first page, which forwards."""
    found = (path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html")))
    made = ("_modules/", "_static/", "vendor/", "reports/", "lite/", "index.html")
    return [page for page in found if not page.startswith(made)]


class Links(HTMLParser):
    """What a page points at, what can be pointed at in it, and its images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.images: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        if tag == "img":
            self.images.append(given)
        for key in ("href", "src"):
            if (value := given.get(key)) and tag in ("a", "img", "link", "script", "source", "iframe"):
                self.targets.append(value)


def read(site: Path) -> dict[Path, Links]:
    """All pages, the code viewer's included."""
    files = [f for f in site.rglob("*.html") if not {"vendor", "reports", "_static", "lite"} & set(f.parts)]
    return {file: Links(file.read_text(encoding="utf-8")) for file in files}


def test_no_internal_link_or_image_is_broken(site: Path) -> None:
    known = read(site)
    broken = []
    for file, links in known.items():
        for target in links.targets:
            path, anchor = urldefrag(target)
            if urlsplit(path).scheme or path.startswith("//"):
                continue
            there = (file.parent / unquote(urlsplit(path).path)).resolve() if path else file
            there = there / "index.html" if there.is_dir() else there
            anchor_missing = anchor and there in known and unquote(anchor) not in known[there].anchors
            if not there.exists() or anchor_missing:
                broken.append(f"{file.relative_to(site)} -> {target}")
    assert not broken, "\n".join(sorted(set(broken)))


def test_every_figure_says_what_it_shows(site: Path) -> None:
    silent = [
        f"{file.relative_to(site)}: {image.get('src')}"
        for file, links in read(site).items()
        for image in links.images
        if not (image.get("alt") or "").strip() or re.search(r"_images/|\.png$|^data:", image["alt"] or "")
    ]
    assert not silent, "images without a description:\n" + "\n".join(silent)


def open_page(
    browser: Any, url: str, viewport: dict[str, int], scheme: str = "light"
) -> tuple[Any, list[str]]:
    """A page that has come to rest, and what went wrong on the way: console errors, foreign requests."""
    page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    if urlsplit(url).scheme == "http":
        host = urlsplit(url).netloc
        page.on("request", lambda r: wrong.append(f"foreign: {r.url}") if is_foreign(r.url, host) else None)
    page.goto(url, wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    return page, wrong


def is_foreign(url: str, host: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != host


def needs_own_javascript(site: Path) -> None:
    if not (site / "vendor" / "versions.json").exists():
        pytest.skip("the site was built without its own JavaScript (npm was missing)")


def violations(page: Any) -> list[str]:
    """Serious and critical findings of axe, one line each."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    return [
        f"{rule['id']}: {node['target']} {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("half", [0, 1])  # two processes share the work
def test_every_page_is_whole_on_a_desk(site: Path, address: str, browser: Any, half: int) -> None:
    """No error, nothing from elsewhere, no broken formula, nothing that a screen reader trips over."""
    needs_own_javascript(site)
    problems = []
    for name in pages(site)[half::2]:
        page, wrong = open_page(browser, f"{address}/{name}", WIDE)
        wrong += page.evaluate("() => [...document.querySelectorAll('mjx-merror')].map(e => e.textContent)")
        wrong += violations(page) if AXE.exists() else []
        problems += [f"{name}: {text}" for text in wrong]
        page.context.close()
    assert not problems, "\n".join(problems)


def test_every_page_fits_a_phone(site: Path, address: str, browser: Any) -> None:
    problems = []
    for name in pages(site):
        page, _ = open_page(browser, f"{address}/{name}", PHONE)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            problems.append(f"{name}: {width} px wide; {page.evaluate(TOO_WIDE)}")
        page.context.close()
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("viewport", "names"),
    [
        (WIDE, ["book/intro", "book/03_collaborative_filtering", "solutions/03_collaborative_filtering"]),
        (PHONE, ["book/intro", "book/algorithms"]),
    ],
    ids=["desk", "phone"],
)
def test_dark_pages_of_each_kind_are_accessible(
    site: Path, address: str, browser: Any, viewport: dict[str, int], names: list[str]
) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core in tools/node_modules: make book with npm")
    problems = []
    for name in names:
        page, _ = open_page(browser, f"{address}/{name}.html", viewport, "dark")
        assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
        problems += [f"{name}: {text}" for text in violations(page)]
        page.context.close()
    assert not problems, "\n".join(problems)


def test_figures_lie_on_a_light_card_in_the_dark(site: Path, address: str, browser: Any) -> None:
    """Dark ink on transparent ground: a dark page must not shine through, nor a filter touch the colours."""
    page, _ = open_page(browser, f"{address}/book/03_collaborative_filtering.html", WIDE, "dark")
    styles = page.evaluate(
        """() => [...document.querySelectorAll('.cell_output img')].map(image => {
            const style = getComputedStyle(image); return [style.backgroundColor, style.filter] })"""
    )
    page.context.close()
    assert styles, "the chapter has no figure"
    for colour, applied in styles:
        assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 220 and applied == "none"


def test_search_finds_a_model(site: Path, address: str, browser: Any) -> None:
    page, wrong = open_page(browser, f"{address}/search.html?q=ItemKNN", WIDE)
    page.wait_for_selector("#search-results li a")
    hits = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
    page.context.close()
    assert any("algorithms" in hit or "api" in hit for hit in hits) and not wrong


def test_a_page_works_from_the_folder(site: Path, browser: Any) -> None:
    """Opened as a file, without any server: formulas are set, nothing is missing."""
    needs_own_javascript(site)
    page, wrong = open_page(browser, (site / "book" / "03_collaborative_filtering.html").as_uri(), WIDE)
    formulas = page.evaluate("() => document.querySelectorAll('mjx-container').length")
    page.context.close()
    assert formulas > 0 and not wrong, wrong


def test_vendored_versions_are_those_asked_for(site: Path) -> None:
    needs_own_javascript(site)
    asked = json.loads((ROOT / "tools" / "package.json").read_text())["dependencies"]
    assert json.loads((site / "vendor" / "versions.json").read_text()) == asked
