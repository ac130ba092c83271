"""Why an item is recommended, in items and words that the user knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.measures import Matrix

NOTHING = "nothing in your history speaks for it"


def largest_parts(items: np.ndarray, parts: np.ndarray, n: int) -> list[tuple[int, float]]:
    """The n items with the largest positive parts, best first, ties by place."""
    if n < 1:
        raise ValueError(f"n: {n}; expected at least 1 reason")
    order = np.argsort(-parts, kind="stable")[:n]
    return [(int(items[o]), float(parts[o])) for o in order if parts[o] > 0]


def shared_words(
    item_a: int, item_b: int, item_features: Matrix, vocabulary: Sequence[str], n: int = 3
) -> list[tuple[str, float]]:
    r"""The words that make two items alike: the largest terms of :math:`x_a^\top x_b = \sum_w x_{aw} x_{bw}`.

    Args:
        item_a, item_b: item codes.
        item_features: (I, V) dense or sparse, a column a word, such as TF-IDF.
        vocabulary: V words in the order of the columns.
        n: words to name, at least 1.

    Returns:
        up to n pairs (word, its term), largest first, ties by column; only words that both have. With rows
        of length 1 the terms of all words add up to the cosine.

    Raises:
        ValueError: n < 1, or another number of words than columns. IndexError: no such item.

    Book: chapter 4.
    """
    if len(vocabulary) != item_features.shape[1]:
        raise ValueError(
            f"vocabulary: {len(vocabulary)} words; expected {item_features.shape[1]}, one a column"
        )
    terms = _row(item_features, item_a) * _row(item_features, item_b)  # (V,)
    found = largest_parts(np.arange(len(terms)), terms, n)
    return [(str(vocabulary[w]), part) for w, part in found]


def because(
    model: Any,
    user: int,
    item: int,
    titles: Sequence[str],
    vocabulary: Sequence[str] | None = None,
    n: int = 2,
    n_words: int = 2,
) -> str:
    """One sentence that says why: the items of the history that count most, and the words they share with it.

    Args:
        model: fitted, with ``reasons``; for words also with ``item_features``, a column a word.
        user, item: codes. titles: a name per item code.
        vocabulary: words in the order of the columns; None leaves words out.
        n: items to name, at least 1. n_words: words to name, at least 1.

    Returns:
        as 'because you met “X” and “Y”: both speak of tent, rope'. Only words that each of the named
        items shares with the recommended one are told of all; where there is none, each gets its own.

    Raises:
        ValueError, UnknownId, NotFitted: as ``model.reasons`` and :func:`shared_words`.
    """
    if n_words < 1:
        raise ValueError(f"n_words: {n_words}; expected at least 1 word")
    met = [code for code, _ in model.reasons(user, item, n)]
    if len(titles) != model.n_items_:
        raise ValueError(f"titles: {len(titles)}; expected {model.n_items_}, one per item code")
    if not met:
        return NOTHING
    names = [f"“{titles[code]}”" for code in met]
    features = getattr(model, "item_features", None)
    if vocabulary is None or features is None:
        return f"because you met {_list(names)}"
    shared = [dict(shared_words(code, item, features, vocabulary, len(vocabulary))) for code in met]
    return f"because you met {_with_words(names, shared, n_words)}"


def _with_words(names: list[str], shared: list[dict[str, float]], n_words: int) -> str:
    """The items and what all of them speak of, or what each does."""
    if words := _of_all(shared)[:n_words]:
        who = {1: "it also speaks", 2: "both speak"}.get(len(names), "all speak")
        return f"{_list(names)}: {who} of {', '.join(words)}"
    own = [f" ({', '.join(list(words)[:n_words])})" if words else "" for words in shared]
    return _list([name + words for name, words in zip(names, own, strict=True)])


def _of_all(shared: list[dict[str, float]]) -> list[str]:
    """The words that all have, those with the largest terms first."""
    common = [word for word in shared[0] if all(word in words for words in shared)]
    return sorted(common, key=lambda word: -sum(words[word] for words in shared))


def _list(names: list[str]) -> str:
    """ "X", "X and Y", "X, Y and Z"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _row(X: Matrix, item: int) -> np.ndarray:
    """(V,) one row as dense numbers."""
    if not 0 <= item < X.shape[0]:
        raise IndexError(f"item: {item}; expected 0..{X.shape[0] - 1}")
    return X[[item]].toarray()[0] if sparse.issparse(X) else np.asarray(X[item])
