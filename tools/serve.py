"""Serve the built site on this machine: ``python tools/serve.py [port]``."""

from __future__ import annotations

import functools
import os
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    """Files only, no line per request; the type of modules does not depend on the system."""

    protocol_version = "HTTP/1.1"  # one connection for the thirty files of a page

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        return "text/javascript" if str(path).endswith((".js", ".mjs")) else super().guess_type(path)

    def log_message(self, format: str, *args: object) -> None: ...


class Patient(ThreadingHTTPServer):
    """A reader who leaves a page before it has loaded hangs up on its files: no error to print."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def server(port: int = 0, folder: Path = SITE) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that is not running yet; port 0 takes any free one."""
    return Patient(("127.0.0.1", port), functools.partial(Quiet, directory=str(folder)))


def main() -> int:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        site = server(port)
    except OSError as error:
        print(f"Port {port}: {error.strerror}. Choose another one: make serve PORT={port + 1}")
        return 1
    with site:
        print(f"http://127.0.0.1:{port}/  (stop with Ctrl+C)", flush=True)
        try:
            site.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
