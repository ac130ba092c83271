"""BM25: a query against texts, with saturation and length."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from recsys_course.checks.content_based._words import text, texts
from recsys_course.checks.engine import Case, Slip, check


def question(rng: Random) -> tuple[Any, ...]:
    """A query of some words, one of them in no text, and texts."""
    k1, b = rng.choice([0.5, 1.2, 2.0]), rng.choice([0.0, 0.4, 0.75, 1.0])
    return [*text(rng, 3), "kayak", *text(rng, 2)], texts(rng), k1, b


@check(
    by_hand=[
        Case(
            (["tent"], [["tent", "tent", "rope"], ["oven"]], 1.0, 0.5),
            [math.log(2) * 4 / 3.25, 0.0],
            "df = 1 of 2: idf = ln(1 + 1.5/1.5) = ln 2; the mean length is 2, so the length factor is "
            "0.5 + 0.5 * 3/2 = 1.25, and the weight 2 (1 + 1) / (2 + 1.25)",
        ),
        Case(
            (["tent"], [["tent"], ["tent"], ["tent"], []], 1.5, 0.0),
            [math.log(1 + 1.5 / 3.5)] * 3 + [0.0],
            "tent is in 3 of 4 texts and still counts for it: ln(1 + 1.5/3.5) = 0.3567; said once, "
            "with b = 0, the weight is 2.5 / 2.5 = 1",
        ),
        Case(
            (["rope", "rope"], [["rope", "tent"], ["tent", "oven"]], 1.0, 1.0),
            [2 * math.log(2), 0.0],
            "asked twice, it counts twice: both lengths are the mean, so each time ln 2 * 2 / 2",
        ),
        Case(
            (["tent"], [["tent"], []], 1.0, 1.0),
            [math.log(2) * 2 / 3, 0.0],
            "the mean length is 1/2, the length factor of the first text 2: ln 2 * 2 / (1 + 2). "
            "An empty text scores 0",
        ),
    ],
    at_random=question,
    slips=[
        Slip(
            "this idf, ln((N - df + 1/2) / (df + 1/2)), is negative for a word in more than half of "
            "the texts: add 1 inside the logarithm",
            ("math.log(1 + (", "math.log(("),
        ),
        Slip(
            "the length of the text is missing: k1 is multiplied by 1 - b + b * length / mean length",
            (" * (1 - b + b * len(words) / mean)", ""),
        ),
        Slip("b and 1 - b have changed places", ("1 - b + b *", "b + (1 - b) *")),
        Slip(
            "the factor k1 + 1 above the line is missing: with it a word said once in a text of mean "
            "length weighs 1",
            ("f * (k1 + 1)", "f"),
        ),
        Slip(
            "the weight grows without end here: divide by f + k1 * (...), so that it stays below k1 + 1",
            ("(f + k1", "(k1"),
        ),
        Slip(
            "a word asked for twice counts once here: sum over the query's words as they stand",
            ("for word in query:", "for word in dict.fromkeys(query):"),
        ),
        Slip(
            "you looked only whether the word is there: f is how often the text says it",
            ("f = words.count(word)", "f = int(word in words)"),
        ),
        Slip(
            "with b = 1 an empty text divides 0 by 0: a text without the word adds nothing",
            ("if f > 0:", "if True:"),
        ),
        Slip(
            "df counts texts, not occurrences",
            ("sum(word in words for words in documents)", "sum(words.count(word) for words in documents)"),
            ("math.log(1 + (", "math.log(abs(1 + ("),
            ("(df + 0.5))", "(df + 0.5)))"),
        ),
        Slip(
            "the length of a text is its number of words, repeats included",
            ("b * len(words)", "b * len(set(words))"),
        ),
    ],
    then="say one word a hundred times in a text: what does its score tend to, and what would TF-IDF give?",
)
def bm25(query: list[str], documents: list[list[str]], k1: float, b: float) -> list[float]:
    """A query and N texts as words -> N scores; one text at least has words."""
    mean = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for word in query:
        df = sum(word in words for words in documents)
        idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
        for i, words in enumerate(documents):
            f = words.count(word)
            if f > 0:
                scores[i] += idf * f * (k1 + 1) / (f + k1 * (1 - b + b * len(words) / mean))
    return scores
