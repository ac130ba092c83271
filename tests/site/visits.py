"""A reader's visit to the exercises in the browser, for the tests of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STEM = "03_collaborative_filtering"
PAGE = f"exercises/{STEM}.html"
OPENED = f"lite/notebooks/index.html?path=exercises/{STEM}.ipynb"
CDN = "cdn.jsdelivr.net"
TYPES = {".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm"}


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


class Visit:
    """One browser: its storage, what it asks elsewhere, how much it loads from the site.

    Args:
        site: the site's address, without a final slash.
        pyodide: what answers for the world outside: nothing; True, the network; or a folder with the
            files of Pyodide's server.
        context: options of Playwright's context, such as ``viewport``.
    """

    def __init__(self, browser: Any, site: str, pyodide: Path | bool = False, **context: Any) -> None:
        self.site, self.pyodide = site, pyodide
        self.foreign: list[str] = []
        self.size = 0
        self.context = browser.new_context(**({"viewport": {"width": 1400, "height": 900}} | context))
        self.context.set_default_timeout(20_000)
        self.context.route(lambda url: urlsplit(url).netloc != urlsplit(site).netloc, self._elsewhere)
        self.context.on("response", self._count)
        self.page = self.context.new_page()

    def _elsewhere(self, route: Any) -> None:
        url = urlsplit(route.request.url)
        self.foreign.append(url.netloc)
        if self.pyodide is True:
            route.continue_()
        elif self.pyodide and url.netloc == CDN and (file := self.pyodide / Path(url.path).name).exists():
            kind = TYPES.get(file.suffix, "application/octet-stream")
            route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*", "Content-Type": kind})
        else:
            route.abort()

    def _count(self, response: Any) -> None:
        if urlsplit(response.url).netloc == urlsplit(self.site).netloc:
            self.size += int(response.headers.get("content-length", 0))

    def open_page(self) -> None:
        self.page.goto(f"{self.site}/{PAGE}", wait_until="load")

    def press_the_button(self) -> None:
        self.page.get_by_role("link", name="Try in the browser").click()
        self.shows_exercise()

    def open_exercise(self) -> None:
        self.page.goto(f"{self.site}/{OPENED}")
        self.shows_exercise()

    def shows_exercise(self) -> None:
        self.page.get_by_role("heading", name="Exercises: Collaborative filtering").wait_for()

    def choose(self, *entries: str) -> None:
        """Entries of menus by the name that the page and the book call them by; a shortcut may follow it."""
        for entry in entries:
            name = re.compile(rf"^{entry}(\s*(Ctrl\+\w|Del))?\s*$")
            self.page.get_by_role("menuitem", name=name).click()

    def downloaded(self) -> dict[str, Any]:
        with self.page.expect_download() as download:
            self.choose("File", "Download")
        return read(download.value.path())

    def delete_exercise(self) -> None:
        """As the book says: in the list of files, which opens in a window of its own."""
        with self.context.expect_page() as opened:
            self.choose("File", "Open…")
        self.page = opened.value
        self.page.get_by_text("exercises", exact=True).dblclick()
        self.page.get_by_text(f"{STEM}.ipynb").click(button="right")
        self.choose("Delete")
        self.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        self.page.get_by_role("dialog").wait_for(state="detached")

    def run(self, shows: str, code: str = "") -> None:
        """Run the first cell that shows a text, with other code in it if that is given."""
        self.page.locator(".jp-CodeCell").filter(has_text=shows).first.locator(".cm-content").click()
        if code:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")

    def tells(self, text: str, seconds: float = 20) -> None:
        """Wait until a cell's output has the text in it."""
        self.page.locator(".jp-OutputArea").filter(has_text=text).first.wait_for(timeout=1000 * seconds)
