"""One POST to a server: bounded in time and size, never sent on elsewhere, and told without the key."""

from __future__ import annotations

import functools
import ipaddress
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from recsys_course.extras import need

LARGEST = 4 * 2**20  # bytes of an answer that are read


@dataclass(frozen=True)
class Reply:
    """A status with its text; or, with status 0, why none came."""

    status: int
    text: str
    retry_after: float | None = None
    location: str = ""
    timed_out: bool = False


@dataclass(frozen=True)
class Key:
    """An API key by the name of its environment variable; it is read when it is used, and never shown."""

    variable: str | None

    def read(self) -> str:
        """The key, or "" where none is wanted.

        Raises:
            ValueError: the variable is not set, or holds what no header can carry.
        """
        if self.variable is None:
            return ""
        value = os.environ.get(self.variable, "").strip()
        if not value:
            raise ValueError(
                f"key_env: the environment variable {self.variable} is not set; expected the server's key "
                "in it (key_env=None for a server that wants none)"
            )
        if not (value.isascii() and value.isprintable() and " " not in value):
            raise ValueError(f"key_env: {self.variable} holds a space or a sign that no key has")
        return value

    def sign(self, request: Any) -> Any:
        """Put the key on a request; no other place of ours holds it."""
        request.headers["Authorization"] = f"Bearer {self.read()}"
        return request

    def hidden(self, text: str) -> str:
        """The text without the key, should a server or a library repeat it."""
        value = os.environ.get(self.variable or "", "").strip()
        return text.replace(value, "***") if value else text


def endpoint(url: str, with_key: bool) -> str:
    """The address of the chat completions of a server.

    Raises:
        ValueError: no http address, one that holds a password, or a key that would travel in the clear.
    """
    try:
        parts = urlsplit(url)
        told = parts.port  # reading it is what refuses a wrong one
    except ValueError as error:
        raise ValueError(f"url: {url!r} ({error}); expected an address such as https://host/v1") from None
    if told == 0 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"url: {url!r}; expected an address such as https://host/v1")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(
            f"url: an address of {parts.hostname} with a name, a query or a fragment; expected one without "
            "(keys go into the environment variable key_env)"
        )
    if with_key and parts.scheme == "http" and not _is_local(parts.hostname):
        raise ValueError(f"url: {url!r}; expected https, since the key would be readable on its way")
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path += "/chat/completions" if path.endswith("/v1") else "/v1/chat/completions"
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def post(url: str, body: dict[str, Any], key: Key, timeout: float) -> Reply:
    """Send ``body`` as JSON and read the answer, within ``timeout`` seconds from its first line on.

    To connect, to send, and each piece of an answer's headers may take as long once more.

    Redirects are not followed: the key would go to whoever they name. A proxy of the environment is not
    used for a server of this machine: by http, it would read the key.

    Raises:
        MissingExtra: httpx is not installed. ValueError: no key where one is wanted.
    """
    httpx = need("httpx", "language", "ServerRanker")
    key.read()  # a missing key is told before anything is sent
    ends = time.monotonic() + timeout
    sign = key.sign if key.variable is not None else None
    try:
        with (
            httpx.Client(
                timeout=timeout,
                follow_redirects=False,
                verify=_trust(),
                trust_env=not _is_local(urlsplit(url).hostname or ""),
            ) as client,
            client.stream("POST", url, json=body, auth=sign) as answer,
        ):
            text = b"".join(_bounded(answer.iter_bytes(), ends)).decode("utf-8", "replace")
            wait = seconds_of(answer.headers.get("retry-after", ""))
            return Reply(answer.status_code, text, wait, answer.headers.get("location", ""))
    except (httpx.TimeoutException, TimeoutError):
        return Reply(0, f"no answer within {timeout:g} s", timed_out=True)
    except (httpx.RequestError, OverflowError) as error:
        return Reply(0, f"{type(error).__name__}: {error}")


@functools.cache
def _trust() -> Any:
    """The certificates that count; to read them takes longer than to call a server nearby."""
    return need("httpx", "language", "ServerRanker").create_ssl_context()


def _bounded(parts: Iterator[bytes], ends: float) -> Iterator[bytes]:
    """The parts of an answer; a server that drips or never stops is cut off."""
    size = 0
    for part in parts:
        size += len(part)
        if size > LARGEST:
            raise OverflowError(f"an answer of more than {LARGEST} bytes")
        if time.monotonic() > ends:
            raise TimeoutError
        yield part


def seconds_of(retry_after: str, now: datetime | None = None) -> float | None:
    """What the header Retry-After asks for: seconds, or a date; None where it says nothing readable."""
    text = retry_after.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
