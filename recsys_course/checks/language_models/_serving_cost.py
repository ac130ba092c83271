"""What a language model in the request path costs: money a day, and calls at once."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def a_service(rng: Random) -> tuple[float, float, tuple[int, int], tuple[float, float], float]:
    """Requests a second, cache hits, tokens and prices of a call, seconds a call."""
    return (
        rng.choice([1.0, 20.0, 500.0]),
        rng.choice([0.0, 0.25, 0.8]),
        (rng.randrange(100, 2000, 100), rng.randrange(10, 200, 10)),
        (rng.choice([0.1, 0.5, 2.0]), rng.choice([0.4, 1.5, 8.0])),
        rng.choice([0.2, 1.5, 4.0]),
    )


@check(
    by_hand=[
        Case(
            (100.0, 0.0, (1000, 100), (1.0, 4.0), 2.0),
            (12_096.0, 1.4, 200.0),
            "a call: 1000 tokens at 1 and 100 at 4 a million, 0.0014. 8.64 million calls a day; a thousand "
            "requests 1.40; 100 calls a second of 2 seconds: 200 at once",
        ),
        Case(
            (100.0, 0.75, (1000, 100), (1.0, 4.0), 2.0),
            (3_024.0, 0.35, 50.0),
            "a cache answers three of four: a quarter of everything is left",
        ),
        Case(
            (5.0, 1.0, (1000, 100), (1.0, 4.0), 2.0),
            (0.0, 0.0, 0.0),
            "all from the cache: nobody is asked",
        ),
    ],
    at_random=a_service,
    tolerance=1e-9,
    slips=[
        Slip(
            "the cache hits pay as well: only the misses, 1 - hit_rate, reach the model",
            ("calls = qps * (1 - hit_rate)", "calls = qps"),
            ("(1 - hit_rate) * 1000", "1000"),
        ),
        Slip(
            "you paid for the hits: the misses are 1 - hit_rate",
            ("qps * (1 - hit_rate)", "qps * hit_rate"),
            ("per_call * (1 - hit_rate)", "per_call * hit_rate"),
        ),
        Slip(
            "you used one price for all tokens: those of the answer have a price of their own",
            ("tokens[1] * prices[1]", "tokens[1] * prices[0]"),
        ),
        Slip("the tokens of the answer cost, too", (" + tokens[1] * prices[1]", "")),
        Slip("the prices are for a million tokens, not for a thousand", ("1_000_000", "1000")),
        Slip("a day has 86,400 seconds, an hour 3,600", ("86_400", "3600")),
        Slip(
            "calls at once are arrivals a second times seconds a call (Little's law), not divided by them",
            ("calls * seconds", "calls / seconds"),
        ),
        Slip(
            "a thousand requests are not a thousand calls: some come from the cache",
            ("per_call * (1 - hit_rate) * 1000", "per_call * 1000"),
        ),
    ],
    then="at which hit rate would a small model of your own, with a fixed price a day, be cheaper?",
)
def serving_cost(
    qps: float, hit_rate: float, tokens: tuple[int, int], prices: tuple[float, float], seconds: float
) -> tuple[float, float, float]:
    """Rate, cache share, (prompt, answer) tokens and prices -> a day, 1000 requests, calls at once."""
    calls = qps * (1 - hit_rate)
    per_call = (tokens[0] * prices[0] + tokens[1] * prices[1]) / 1_000_000
    return calls * 86_400 * per_call, per_call * (1 - hit_rate) * 1000, calls * seconds
