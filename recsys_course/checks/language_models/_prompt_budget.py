"""What fits into a prompt: candidates first, then the latest titles, with room left for the answer."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check


def a_prompt(rng: Random) -> tuple[list[int], list[int], int, int, int]:
    """Short and long titles, and a limit that is often too small for all."""
    history = [rng.choice([2, 3, 5, 9]) for _ in range(rng.randrange(0, 6))]
    candidates = [rng.choice([2, 4, 7]) for _ in range(rng.randrange(1, 5))]
    fixed, per_answer = rng.randrange(1, 6), rng.randrange(0, 3)
    most = fixed + sum(history) + sum(candidates) + per_answer * len(candidates)
    return history, candidates, fixed, per_answer, rng.randrange(most // 4, most + 2)


@check(
    by_hand=[
        Case(
            ([4, 3, 2], [5, 5], 10, 1, 26),
            (1, 2, 22),
            "the frame and two candidates take 20 tokens, their answer 2: 4 are left. The latest title takes "
            "2, the one before it 3: too many",
        ),
        Case(
            ([1, 9, 2], [5], 10, 1, 20),
            (1, 1, 17),
            "4 tokens are left: the latest title fits, the one before it does not, and we stop there, "
            "although the oldest would fit",
        ),
        Case(
            ([1], [5, 5, 5], 10, 2, 24),
            (0, 2, 20),
            "two candidates: 20 tokens, and 4 for their answer: 24, just enough. No room for a history",
        ),
        Case(
            ([3], [8, 2], 10, 1, 15),
            (1, 0, 13),
            "the best candidate does not fit: none is kept, for a later one must not take its place; "
            "then 5 tokens are left, and the title fits",
        ),
        Case(([], [3], 4, 0, 9), (0, 1, 7), "a new user: a prompt without a history"),
    ],
    at_random=a_prompt,
    slips=[
        Slip(
            "you kept the oldest titles of the history: walk it from its end, the latest say most",
            ("reversed(history)", "history"),
        ),
        Slip(
            "you left a long title out and went on with older ones: then the history has holes; stop there",
            (
                "        if tokens > room:\n            break\n        room -= tokens\n"
                "        n_history += 1\n        used += tokens",
                "        if tokens <= room:\n            room -= tokens\n            n_history += 1\n"
                "            used += tokens",
            ),
        ),
        Slip(
            "no room was left for the answer: it shares the limit with the prompt, per_answer a candidate",
            ("(n_candidates + 1) * per_answer", "0"),
            ("n_candidates * per_answer", "0"),
        ),
        Slip(
            "the tokens of the answer are not part of the prompt: keep room for them, but do not count them",
            ("n_candidates, used", "n_candidates, used + n_candidates * per_answer"),
        ),
        Slip(
            "the history went first and candidates got what it left: a candidate that is not shown cannot be "
            "ranked",
            (
                "    for tokens in candidates:",
                "    kept = 0\n    for tokens in reversed(history):\n"
                "        if used + tokens > limit:\n            break\n"
                "        used, kept = used + tokens, kept + 1\n"
                "    history = history[:0]\n    for tokens in candidates:",
            ),
            ("return n_history", "return kept"),
        ),
        Slip(
            "exactly at the limit is still inside: only more than the limit is too much",
            ("> limit", ">= limit"),
            ("tokens > room", "tokens >= room"),
        ),
        Slip(
            "the frame of the prompt (fixed) takes tokens, too",
            ("used, n_candidates = fixed, 0", "used, n_candidates = 0, 0"),
        ),
    ],
    then="the same user asks again: which tokens of the prompt could a cache of prefixes keep?",
)
def prompt_budget(
    history: list[int], candidates: list[int], fixed: int, per_answer: int, limit: int
) -> tuple[int, int, int]:
    """Tokens a title (oldest first; best first) -> titles kept of history and candidates, prompt tokens."""
    used, n_candidates = fixed, 0
    for tokens in candidates:
        if used + tokens + (n_candidates + 1) * per_answer > limit:
            break
        used += tokens
        n_candidates += 1
    room = limit - used - n_candidates * per_answer
    n_history = 0
    for tokens in reversed(history):
        if tokens > room:
            break
        room -= tokens
        n_history += 1
        used += tokens
    return n_history, n_candidates, used
