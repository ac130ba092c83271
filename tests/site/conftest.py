"""The built site and a browser to look at it with; a visible skip where either is missing."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# No sandbox: containers have none. The rest keeps the browser from talking to its maker.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site, which must be that of the files as they are now."""
    import build_book

    if not build_book.is_current():
        pytest.skip("no up-to-date site in _build/html: make book")
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served on this machine, without a final slash."""
    import serve

    with serve.server(folder=site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def below(site: Path) -> Iterator[str]:
    """The same, but in a folder of its server, as the pages of a project on GitHub are."""
    import serve

    with serve.server(folder=site.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium of this machine; RECSYS_COURSE_CHROMIUM names another one."""
    named = os.environ.get("RECSYS_COURSE_CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium or Chrome on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()
