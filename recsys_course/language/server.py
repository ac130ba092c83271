"""A language model behind HTTP, asked with patience and with a purse."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from recsys_course.base import check_range
from recsys_course.language.answers import no_ranking, parse_ranking, said
from recsys_course.language.cost import Prices, Usage
from recsys_course.language.prompts import TEMPLATE, prompt_of, token_estimate
from recsys_course.language.ranking import Ranking, RankingError, checked_question
from recsys_course.language.transport import Key, Reply, endpoint, post

TRY_AGAIN = {0, 408, 409, 425, 429, 500, 502, 503, 504}  # 0: no answer at all


@dataclass
class ServerRanker:
    """Orders candidates by a chat model of a server that speaks ``/v1/chat/completions``.

    Asked again, after a pause: a lost connection, a time-out, a busy or broken server (408, 409, 425,
    429, 500, 502, 503, 504), and an answer without a ranking. Told at once: any other status, a redirect.

    Args:
        url: of the server, such as ``https://host/v1``. model: its name there.
        key_env: the environment variable that holds the key, None for a server without one. The key is in no
            field, no message and no log, and goes to ``url`` alone, by https unless that is this machine.
        timeout: seconds for one answer. retries: questions after a failed one, at least 0.
        backoff: seconds before the first of them, doubled each time; where the server says how long to
            wait (Retry-After), at least that. max_wait: the longest pause; a server that asks for a longer
            one ends the ranking.
        prices: for ``spent``. max_cost: no call is made once ``spent`` has reached it; needs prices.
        max_items: candidates that a question may have.
        temperature, max_tokens: as the server knows them; None leaves them to it.
        template: see :func:`.prompt_of`. sleep: what pauses; tests give their own.

    Attributes:
        total: :class:`.Usage` of all calls of this object, failed ones among them.

    Raises:
        ValueError: an argument outside its range; more candidates than ``max_items``; the variable of the
            key is not set. MissingExtra: httpx is missing. RankingError: no ranking came of it; the message
            says what the server said last, ``usage`` what it cost.

    Cost: tokens are those that the server reports. Where it does not, they are estimated
        (:func:`.token_estimate`): the prompt of a call that timed out, as it may be charged, and both sides
        of an answer.
    """

    url: str
    model: str
    key_env: str | None = "OPENAI_API_KEY"
    timeout: float = 30.0
    retries: int = 3
    backoff: float = 1.0
    max_wait: float = 60.0
    prices: Prices | None = None
    max_cost: float | None = None
    max_items: int = 100
    temperature: float | None = 0.0
    max_tokens: int | None = None
    template: str = field(default=TEMPLATE, repr=False)
    sleep: Callable[[float], None] = field(default_factory=lambda: time.sleep, repr=False, compare=False)
    total: Usage = field(default_factory=Usage, init=False, compare=False)

    def __post_init__(self) -> None:
        endpoint(self.url, self.key_env is not None)
        check_range("timeout", self.timeout, 0, "seconds,", strict=True)
        check_range("retries", self.retries, 0, "questions,")
        check_range("backoff", self.backoff, 0, "seconds,")
        check_range("max_wait", self.max_wait, 0, "seconds,")
        check_range("max_items", self.max_items, 1, "candidates,")
        if self.max_cost is not None and self.prices is None:
            raise ValueError(f"prices: None; expected Prices, to hold max_cost={self.max_cost:g}")
        if self.max_cost is not None:
            check_range("max_cost", self.max_cost, 0, "a sum of")
        if self.max_tokens is not None:
            check_range("max_tokens", self.max_tokens, 1, "tokens,")

    @property
    def spent(self) -> float:
        """The price of ``total``; NaN without prices."""
        return math.nan if self.prices is None else self.prices.cost(self.total)

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Ranking:
        """History, oldest first, and C candidates -> their order."""
        past, listed = checked_question(history, candidates)
        if len(listed) > self.max_items:
            raise ValueError(f"candidates: {len(listed)}; expected at most max_items={self.max_items}")
        prompt = prompt_of(past, listed, self.template)
        usage, wait, problem = Usage(), 0.0, ""
        for attempt in range(self.retries + 1):
            self._check_purse(usage)
            if attempt:
                self.sleep(wait)
            reply, cost = self._ask(prompt, attempt)
            order, cost, problem, again = self._read(reply, cost, prompt, len(listed))
            self.total, usage = self.total + cost, usage + cost
            if order is not None:
                return Ranking(order, None, usage)
            wait = max(min(self.backoff * 2**attempt, self.max_wait), reply.retry_after or 0.0)
            if not again or wait > self.max_wait:
                break
        raise RankingError(self._told(problem, usage.calls, reply), usage)

    def identity(self) -> str:
        """Server, model and what the question looks like; patience and purse change no answer."""
        host = urlsplit(self.url)
        where = (host.hostname, host.port, host.path)
        return repr(("ServerRanker", where, self.model, self.temperature, self.max_tokens, self.template))

    def _check_purse(self, usage: Usage) -> None:
        if self.max_cost is not None and self.spent >= self.max_cost:
            raise RankingError(f"max_cost: {self.max_cost:g} is reached, {self.spent:.4g} were spent", usage)

    def _ask(self, prompt: str, attempt: int) -> tuple[Reply, Usage]:
        """One call and what it took, without tokens; a call that Ctrl-C ends is counted, too."""
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": prompt}]}
        settings = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        body |= {name: value for name, value in settings.items() if value is not None}
        key, start = Key(self.key_env), time.perf_counter()
        try:
            reply = post(endpoint(self.url, self.key_env is not None), body, key, self.timeout)
        except KeyboardInterrupt:
            self.total = self.total + Usage(1, token_estimate(prompt), 0, time.perf_counter() - start)
            raise
        return reply, Usage(calls=1, seconds=time.perf_counter() - start, retries=int(attempt > 0))

    def _read(
        self, reply: Reply, cost: Usage, prompt: str, n: int
    ) -> tuple[list[int] | None, Usage, str, bool]:
        """The order or why there is none; the cost with its tokens; whether to ask again."""
        if reply.status != 200:
            told = _reported(_json(reply.text)) if reply.status else None
            estimate = (token_estimate(prompt), 0) if reply.timed_out else (0, 0)
            return None, cost + Usage(0, *(told or estimate)), self._why(reply), reply.status in TRY_AGAIN
        value = _json(reply.text)
        content = _content(value)
        written = reply.text if content is None else content
        cost = cost + Usage(0, *(_reported(value) or (token_estimate(prompt), token_estimate(written))))
        if content is None:
            return None, cost, f"no chat completion, but {self._said(reply.text)}", True
        try:
            order, problems = parse_ranking(content, n)
        except RankingError:
            return None, cost, no_ranking(Key(self.key_env).hidden(content), n), True
        return order, cost + Usage(repaired=int(bool(problems))), "", False

    def _said(self, text: str) -> str:
        """An answer as an error may repeat it: the key is hidden before the text is cut, not after."""
        return said(Key(self.key_env).hidden(text))

    def _why(self, reply: Reply) -> str:
        """What a reply without a ranking says, in one line."""
        if reply.status == 0:
            return reply.text
        if 300 <= reply.status < 400:
            return (
                f"status {reply.status}, a redirect to {_place(reply.location)}, not followed: the key "
                "would go along; give the right address as url"
            )
        return f"status {reply.status}, {self._said(reply.text)}"

    def _told(self, problem: str, calls: int, reply: Reply) -> str:
        times = "1 call" if calls == 1 else f"{calls} calls"
        wish = (
            "" if (reply.retry_after or 0) <= self.max_wait else f"; it asks to wait {reply.retry_after:g} s"
        )
        where = urlsplit(self.url).netloc
        return Key(self.key_env).hidden(f"{self.model} at {where}, {times}: {problem}{wish}")


def _place(location: str) -> str:
    """Where a redirect leads, without its query."""
    try:
        to = urlsplit(location)
    except ValueError:
        return said(location)
    return f"{to.scheme}://{to.netloc}{to.path}"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _content(value: Any) -> str | None:
    """What the model wrote, if this is a chat completion."""
    try:
        content = value["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return None
    return content if isinstance(content, str) else None


def _reported(value: Any) -> tuple[int, int] | None:
    """Tokens read and written, if the server says so."""
    try:
        tokens = value["usage"]["prompt_tokens"], value["usage"]["completion_tokens"]
    except (KeyError, TypeError):
        return None
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in tokens)
    return tokens if whole else None
