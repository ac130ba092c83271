"""TF-IDF in the smooth form of scikit-learn, rows of length 1."""

from __future__ import annotations

import math
from collections import Counter

from recsys_course.checks.content_based._words import texts
from recsys_course.checks.engine import Case, Slip, check

HIGH = math.log(3 / 2) + 1  # in one of two texts


@check(
    by_hand=[
        Case(
            ([["tent", "rope"], ["tent"]],),
            [{"tent": 1 / math.hypot(1, HIGH), "rope": HIGH / math.hypot(1, HIGH)}, {"tent": 1.0}],
            "tent is in both texts: ln(3/3) + 1 = 1; rope in one: ln(3/2) + 1 = 1.4055; "
            "the first text has length sqrt(1 + 1.4055^2) = 1.7249, the second 1",
        ),
        Case(
            ([["tent", "tent", "tent", "oven", "oven", "oven", "oven"], []],),
            [{"tent": 0.6, "oven": 0.8}, {}],
            "both words are in one text of two, so their idf is equal and cancels: 3 and 4 over 5; "
            "an empty text has no word",
        ),
    ],
    at_random=lambda rng: (texts(rng),),
    slips=[
        Slip(
            "you counted how often a word occurs: df is the number of texts that have it, however often",
            ("for words in documents for word in set(words)", "for words in documents for word in words"),
        ),
        Slip(
            "a word in every text has weight 0 here: the smooth form adds 1 after the logarithm",
            (" + 1 for word, n", " for word, n"),
        ),
        Slip(
            "this is ln(N / df) + 1: the smooth form adds 1 to N and to df, as if one more text had "
            "every word",
            ("(1 + len(documents)) / (1 + n)", "len(documents) / n"),
        ),
        Slip(
            "this is the textbook's ln(N / df): the exercise asks for ln((1 + N) / (1 + df)) + 1",
            ("math.log((1 + len(documents)) / (1 + n)) + 1", "math.log(len(documents) / n)"),
            ("sum(w * w for w in raw.values())", "sum(w * w for w in raw.values()) or 1"),
        ),
        Slip(
            "the rows are not of length 1: divide each by the root of its sum of squares",
            ("w / length", "w"),
        ),
        Slip(
            "your rows add up to 1: length 1 means that the *squares* do",
            ("math.sqrt(sum(w * w for w in raw.values()))", "sum(raw.values())"),
        ),
        Slip(
            "each word counts once here: the weight grows with the number of times the text says it",
            ("Counter(words).items()", "Counter(set(words)).items()"),
        ),
    ],
    then="halve every weight of a text, and double the text: what changes after the division?",
)
def tf_idf(documents: list[list[str]]) -> list[dict[str, float]]:
    """N texts as words -> N dicts word -> weight, each of length 1."""
    df = Counter(word for words in documents for word in set(words))
    idf = {word: math.log((1 + len(documents)) / (1 + n)) + 1 for word, n in df.items()}
    rows = []
    for words in documents:
        raw = {word: n * idf[word] for word, n in Counter(words).items()}
        length = math.sqrt(sum(w * w for w in raw.values()))
        rows.append({word: w / length for word, w in raw.items()})
    return rows
