"""What a language model costs: tokens, seconds, money; from one call to a day of traffic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsys_course.base import check_range

SECONDS_A_DAY = 86_400
MILLION = 1_000_000


@dataclass(frozen=True)
class Usage:
    """What was used; two of them add up.

    Args:
        calls: requests that went out, failed ones and repetitions among them.
        prompt_tokens, completion_tokens: read and written by the model.
        seconds: of waiting for answers, without the pauses between tries.
        retries: those of the calls that repeated a failed one.
        repaired: answers that were no permutation and were made one, see :func:`.parse_ranking`.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    retries: int = 0
    repaired: int = 0

    def __add__(self, other: Usage) -> Usage:
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(
            self.calls + other.calls, self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens, self.seconds + other.seconds,
            self.retries + other.retries, self.repaired + other.repaired,
        )  # fmt: skip

    def __radd__(self, other: object) -> Usage:
        """``sum`` starts at 0."""
        return self if other == 0 else NotImplemented


@dataclass(frozen=True)
class Prices:
    """What a server asks, in any currency, per million tokens.

    Args:
        prompt: for a million tokens read. completion: for a million tokens written.

    Raises:
        ValueError: a price below 0.
    """

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        check_range("prompt", self.prompt, 0, "a price of")
        check_range("completion", self.completion, 0, "a price of")

    def cost(self, usage: Usage) -> float:
        """The price of what was used, in the currency of the prices."""
        paid = usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        return paid / MILLION


def serving_cost(
    requests_per_second: float,
    prompt_tokens: float,
    completion_tokens: float,
    prices: Prices,
    cached: float = 0.0,
) -> float:
    r"""Money a day for a model that is asked at every request:

    .. math::
        86{,}400\; q\; (1 - c)\; \frac{t_p\, \pi_p + t_c\, \pi_c}{10^6}

    Args:
        requests_per_second: q, the mean over the day, not the peak: a server's bill counts tokens.
        prompt_tokens, completion_tokens: t, tokens of one request.
        prices: pi, per million tokens. cached: c, the share of requests in [0, 1] answered without the model.

    Raises:
        ValueError: a negative rate or count of tokens, a share outside [0, 1].
    """
    _check_traffic(requests_per_second, prompt_tokens, completion_tokens)
    if not 0 <= cached <= 1:
        raise ValueError(f"cached: {cached}; expected a share in [0, 1]")
    asked = SECONDS_A_DAY * requests_per_second * (1 - cached)
    return asked * (prompt_tokens * prices.prompt + completion_tokens * prices.completion) / MILLION


@dataclass(frozen=True)
class ServerBudget:
    r"""A model on machines of one's own, paid by the hour whether it is asked or not.

    .. math::
        n = \left\lceil \frac{q}{\rho} \left(\frac{t_p}{v_p} + \frac{t_c}{v_c}\right) \right\rceil

    Args:
        prompt_speed, completion_speed: v, tokens a second that one machine reads, and writes, with all that
            it serves at once; writing is the slower by far.
        price_per_hour: of one machine.
        load: rho in (0, 1], the share of a machine's time that is planned for; the rest meets the peaks.

    Raises:
        ValueError: a speed of 0 or less, a negative price, a load outside (0, 1].
    """

    prompt_speed: float
    completion_speed: float
    price_per_hour: float
    load: float = 0.6

    def __post_init__(self) -> None:
        check_range("prompt_speed", self.prompt_speed, 0, "tokens a second,", strict=True)
        check_range("completion_speed", self.completion_speed, 0, "tokens a second,", strict=True)
        check_range("price_per_hour", self.price_per_hour, 0, "a price of")
        if not 0 < self.load <= 1:
            raise ValueError(f"load: {self.load}; expected a share in (0, 1]")

    def seconds(self, prompt_tokens: float, completion_tokens: float) -> float:
        """A machine's time for one request."""
        return prompt_tokens / self.prompt_speed + completion_tokens / self.completion_speed

    def machines(self, requests_per_second: float, prompt_tokens: float, completion_tokens: float) -> int:
        """n, enough for ``requests_per_second``: give the peak, not the mean.

        Raises:
            ValueError: a negative rate or count of tokens.
        """
        _check_traffic(requests_per_second, prompt_tokens, completion_tokens)
        busy = requests_per_second * self.seconds(prompt_tokens, completion_tokens) / self.load
        return math.ceil(round(busy, 9))  # 0.1 * 3 / 0.3 is one machine, not two

    def per_day(self, requests_per_second: float, prompt_tokens: float, completion_tokens: float) -> float:
        """Money a day for that many machines."""
        n = self.machines(requests_per_second, prompt_tokens, completion_tokens)
        return n * 24 * self.price_per_hour


def _check_traffic(requests_per_second: float, prompt_tokens: float, completion_tokens: float) -> None:
    check_range("requests_per_second", requests_per_second, 0, "a rate of")
    check_range("prompt_tokens", prompt_tokens, 0, "tokens,")
    check_range("completion_tokens", completion_tokens, 0, "tokens,")
