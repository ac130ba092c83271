"""Items for a few words: by what they mean, or by the words themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys_course.nearest import listed, nearest_rows


class ItemSearch:
    """Search the texts of items.

    Args:
        encoder: turns texts into vectors (any ``TextEncoder``); it is fitted on the texts here. One with
            ``encode_queries``, such as ``BM25``, encodes the two sides in its own two ways, and is compared
            by the dot product; others by the cosine.
        texts: one per item code, as from :func:`.texts_of`.

    Attributes:
        X_: (I, D) the texts as vectors.

    Raises:
        ValueError: no texts, or as the encoder.

    >>> ItemSearch(TfIdf(), texts_of(dataset.items)).search("space adventure", n=3)  # doctest: +SKIP
    """

    def __init__(self, encoder: Any, texts: Sequence[str]) -> None:
        if isinstance(texts, str) or not len(texts):
            raise ValueError(f"texts: {texts!r}; expected one text per item, at least one")
        self.encoder, self.texts = encoder, list(texts)
        encoder.fit(self.texts)
        self.X_ = encoder.encode(self.texts)

    def search(self, query: str, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """Codes of at most n items whose texts are nearest to the query, best first, and their scores.

        Only scores above 0 are listed: fewer items, or none, where nothing has to do with the query.

        Raises:
            TypeError: a query that is no text. ValueError: n < 1.

        Cost: one comparison with every item.
        """
        if not isinstance(query, str):
            raise TypeError(f"query: {type(query).__name__}; expected a text")
        own = getattr(self.encoder, "encode_queries", None)
        asked = (own or self.encoder.encode)([query])
        codes, scores = nearest_rows(asked, n, self.X_, measure="dot" if own else "cosine")
        return _found(codes[0], scores[0])

    def by_keywords(
        self, words: str | Sequence[str], n: int = 10, all_words: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes of at most n items that hold the words, and how many of the words each holds.

        Args:
            words: a text, or several words; case does not matter, a word that comes twice counts once.
            n: items to list, at least 1; those with more of the words first, then by the smaller code.
            all_words: list only items that hold every word.

        Raises:
            ValueError: n < 1, or no word.
        """
        from recsys_course.content.text import tokenize

        asked = set(tokenize(words if isinstance(words, str) else " ".join(words)))
        if not asked:
            raise ValueError(f"words: {words!r}; expected at least one word")
        found = np.zeros(len(self.texts), dtype=np.float32)  # (I,)
        for word in asked:
            found[self._with_word.get(word, [])] += 1
        if all_words:
            found[found < len(asked)] = 0
        codes, counts = listed(found[None, :], n)
        return _found(codes[0], counts[0])

    @property
    def _with_word(self) -> dict[str, list[int]]:
        """word -> the items that hold it; made when first asked for."""
        if not hasattr(self, "_lists"):
            from recsys_course.content.text import tokenize

            self._lists: dict[str, list[int]] = {}
            for code, text in enumerate(self.texts):
                for word in set(tokenize(text)):
                    self._lists.setdefault(word, []).append(code)
        return self._lists


def _found(codes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = (codes >= 0) & (scores > 0)
    return codes[kept], scores[kept]
