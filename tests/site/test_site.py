"""The built site, looked at page by page in a real browser: narrow and wide, light and dark.

A page is opened once per width and colour scheme, and all that is asserted of it there is read from that
one sight. The classes are what ``--dist loadscope`` hands to its processes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tools" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
CHAPTER = "book/03_collaborative_filtering.html"
DARK_ON_A_DESK = ["book/intro.html", CHAPTER, "solutions/03_collaborative_filtering.html"]
DARK_ON_A_PHONE = ["book/intro.html", "book/algorithms.html"]

SCROLLS = "pre, .cell_output, .math, mjx-container, .pst-scrollable-table-container, .sd-tab-set"
TOO_WIDE = f"""() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('{SCROLLS}'))
    .slice(0, 3).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 60))"""
BROKEN_FORMULAS = "() => [...document.querySelectorAll('mjx-merror')].map(e => e.textContent)"
CARDS = """() => [...document.querySelectorAll('.cell_output img')].map(image => {
    const style = getComputedStyle(image); return [style.backgroundColor, style.filter] })"""


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


def needs_own_javascript(site: Path) -> None:
    if not (site / "vendor" / "versions.json").exists():
        pytest.skip("the site was built without its own JavaScript (npm was missing)")


@dataclass(frozen=True)
class Sight:
    """One page in one window, once it has come to rest."""

    name: str
    wrong: list[str]  # errors on the console and in scripts, requests that failed
    foreign: list[str]  # addresses asked for outside the site
    broken_formulas: list[str]
    width: int  # of the whole document, in CSS pixels
    too_wide: list[str]  # what sticks out, if anything
    theme: str
    cards: list[tuple[str, str]]  # background colour and filter of each figure
    violations: list[str]  # serious and critical findings of axe, where it was asked


@contextmanager
def opened(tab: Any, url: str) -> Iterator[tuple[list[str], list[str]]]:
    """The tab shows a page that has come to rest; what went wrong and the foreign addresses so far."""
    wrong: list[str] = []
    foreign: list[str] = []
    host = urlsplit(url).netloc
    listeners = {
        "console": lambda message: wrong.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: wrong.append(str(error)),
        "requestfailed": lambda request: wrong.append(f"failed: {request.url}"),
        "request": lambda request: foreign.append(request.url) if is_foreign(request.url, host) else None,
    }
    for event, heard in listeners.items():
        tab.on(event, heard)
    tab.goto(url, wait_until="load")
    tab.evaluate("() => window.MathJax?.startup?.promise")
    yield wrong, foreign
    for event, heard in listeners.items():
        tab.remove_listener(event, heard)
    tab.goto("about:blank")  # nothing that still runs can be laid at the next page's door


def is_foreign(url: str, host: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != host


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


def look(tab: Any, address: str, name: str, axe: bool = False) -> Sight:
    """Open a page and note all that the tests ask about; ``axe`` takes as long as all the rest."""
    with opened(tab, f"{address}/{name}") as (wrong, foreign):
        return Sight(
            name, wrong, foreign,
            broken_formulas=tab.evaluate(BROKEN_FORMULAS),
            width=tab.evaluate("() => document.documentElement.scrollWidth"),
            too_wide=tab.evaluate(TOO_WIDE),
            theme=tab.evaluate("() => document.documentElement.dataset.theme"),
            cards=tab.evaluate(CARDS),
            violations=violations(tab) if axe and AXE.exists() else [],
        )  # fmt: skip


def needs_axe() -> None:
    if not AXE.exists():
        pytest.skip("no axe-core in tools/node_modules: make book with npm")


def said(sights: list[Sight], part: str) -> str:
    """One line for each entry of a part of the sights, with its page; "" when all is well."""
    return "\n".join(f"{sight.name}: {text}" for sight in sights for text in getattr(sight, part))


@pytest.fixture(scope="class")
def tab(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """One tab as the class wants it: a new one for each page would cost half as much again as the page."""
    context = browser.new_context(viewport=request.cls.viewport, color_scheme=request.cls.scheme)
    yield context.new_page()
    context.close()


class TestFiles:
    """Read from the disk, without a browser."""

    def test_no_internal_link_or_image_is_broken(self, site: Path) -> None:
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

    def test_every_figure_says_what_it_shows(self, site: Path) -> None:
        silent = [
            f"{file.relative_to(site)}: {image.get('src')}"
            for file, links in read(site).items()
            for image in links.images
            if not (image.get("alt") or "").strip()
            or re.search(r"_images/|\.png$|^data:", image["alt"] or "")
        ]
        assert not silent, "images without a description:\n" + "\n".join(silent)

    def test_vendored_versions_are_those_asked_for(self, site: Path) -> None:
        needs_own_javascript(site)
        asked = json.loads((ROOT / "tools" / "package.json").read_text())["dependencies"]
        assert json.loads((site / "vendor" / "versions.json").read_text()) == asked


class TestDesk:
    """Every page on a wide screen, in the light: one half, by size, and below the other."""

    viewport, scheme, first = WIDE, "light", 0

    @pytest.fixture(scope="class")
    def sights(self, site: Path, address: str, tab: Any) -> list[Sight]:
        needs_own_javascript(site)
        by_size = sorted(pages(site), key=lambda name: (site / name).stat().st_size)
        return [look(tab, address, name, axe=True) for name in by_size[self.first :: 2]]

    def test_nothing_fails(self, sights: list[Sight]) -> None:
        assert not (problems := said(sights, "wrong")), problems

    def test_nothing_comes_from_elsewhere(self, sights: list[Sight]) -> None:
        assert not (problems := said(sights, "foreign")), problems

    def test_every_formula_is_set(self, sights: list[Sight]) -> None:
        assert not (problems := said(sights, "broken_formulas")), problems

    def test_a_screen_reader_trips_over_nothing(self, sights: list[Sight]) -> None:
        needs_axe()
        assert not (problems := said(sights, "violations")), problems


class TestDeskToo(TestDesk):
    """The other half of the pages, for another process."""

    first = 1


class TestFolder:
    """Pages opened from the disk, as whoever unpacks the site does: there a browser loads no modules."""

    viewport, scheme = PHONE, "dark"

    def test_diagrams_are_drawn(self, site: Path, tab: Any) -> None:
        needs_own_javascript(site)
        drawn = [
            name for name in pages(site) if 'class="mermaid' in (site / name).read_text(encoding="utf-8")
        ]
        assert drawn, "no page has a diagram"
        for name in drawn:
            tab.goto((site / name).as_uri(), wait_until="load")
            tab.wait_for_function(
                "() => [...document.querySelectorAll('pre.mermaid')].every(d => d.querySelector('svg'))",
                timeout=10_000,
            )


class TestPhone:
    """Every page on a narrow screen, in the light."""

    viewport, scheme = PHONE, "light"

    def test_every_page_fits(self, site: Path, address: str, tab: Any) -> None:
        wide = [s for name in pages(site) if (s := look(tab, address, name)).width > PHONE["width"]]
        assert not wide, "\n".join(f"{s.name}: {s.width} px wide; {s.too_wide}" for s in wide)


class TestDark:
    """A page of each kind on a wide screen, in the dark."""

    viewport, scheme = WIDE, "dark"

    @pytest.fixture(scope="class")
    def sights(self, address: str, tab: Any) -> list[Sight]:
        return [look(tab, address, name, axe=True) for name in DARK_ON_A_DESK]

    def test_the_system_is_heeded(self, sights: list[Sight]) -> None:
        assert {sight.theme for sight in sights} == {"dark"}

    def test_a_screen_reader_trips_over_nothing(self, sights: list[Sight]) -> None:
        needs_axe()
        assert not (problems := said(sights, "violations")), problems

    def test_figures_lie_on_a_light_card(self, sights: list[Sight]) -> None:
        """Dark ink on transparent ground: a dark page must not shine through, nor a filter change it."""
        cards = next(sight.cards for sight in sights if sight.name == CHAPTER)
        assert cards, "the chapter has no figure"
        for colour, applied in cards:
            assert min(int(part) for part in re.findall(r"\d+", colour)[:3]) > 220 and applied == "none"


class TestDarkPhone:
    """A page of each kind on a narrow screen, in the dark."""

    viewport, scheme = PHONE, "dark"

    def test_a_screen_reader_trips_over_nothing(self, address: str, tab: Any) -> None:
        needs_axe()
        sights = [look(tab, address, name, axe=True) for name in DARK_ON_A_PHONE]
        assert {sight.theme for sight in sights} == {"dark"}
        assert not (problems := said(sights, "violations")), problems


class TestUse:
    """What a reader does: search, open the folder without a server."""

    viewport, scheme = WIDE, "light"

    def test_search_finds_a_model(self, address: str, tab: Any) -> None:
        with opened(tab, f"{address}/search.html?q=ItemKNN") as (wrong, foreign):
            tab.wait_for_selector("#search-results li a")
            hits = tab.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
        assert any("algorithms" in hit or "/api/" in hit for hit in hits) and not wrong + foreign

    def test_a_page_works_from_the_folder(self, site: Path, tab: Any) -> None:
        """Opened as a file, without any server: formulas are set, nothing is missing, nothing fetched."""
        needs_own_javascript(site)
        with opened(tab, (site / CHAPTER).as_uri()) as (wrong, foreign):
            formulas = tab.evaluate("() => document.querySelectorAll('mjx-container').length")
        assert formulas > 0 and not wrong + foreign, wrong + foreign
