"""Texts into words: what every encoder that looks at words does first."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Literal, get_args

from recsys_course.extras import need

Language = Literal["auto", "words", "characters"]
HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Chinese characters
_RUNS = re.compile(f"[{HAN}]+|[^{HAN}]+")
_CHINESE = re.compile(f"[{HAN}]")


def tokenize(text: str, language: Language = "auto") -> list[str]:
    """The words of a text, in lower case and in their order.

    A word is a run of letters, digits and accents; all else parts words, the hyphen and the
    apostrophe, too. Wide and composed forms are made one first (NFKC): a full-width Ａ is an a.

    Args:
        text: any text; without a word it gives [].
        language: what becomes of a run of Chinese characters, which has no spaces. "auto" cuts it
            with jieba; "characters" makes each a word and needs no library; "words" leaves the run
            as it is. Text without Chinese characters comes out the same.

    Raises:
        TypeError: not a string. ValueError: an unknown language.
        MissingExtra: Chinese under "auto", and jieba is not installed.

    Differs: no stemming: "tents" and "tent" are two words. Japanese and Thai are not cut.
    """
    if not isinstance(text, str):
        raise TypeError(f"text: {text!r} ({type(text).__name__}); expected a string")
    check_language(language)
    words = unicodedata.normalize("NFKC", text).lower().translate(_WORDS_ONLY).split()
    if language == "words" or not _CHINESE.search(text):
        return words
    cut: Callable[[str], Iterable[str]] = list if language == "characters" else _jieba()
    runs = (run for word in words for run in _RUNS.findall(word))
    return [word for run in runs for word in (cut(run) if _CHINESE.match(run) else [run])]


def check_language(language: str) -> None:
    """Refuse a language that :func:`tokenize` does not know."""
    if language not in get_args(Language):
        raise ValueError(f"language: {language!r}; expected one of {', '.join(get_args(Language))}")


def check_texts(texts: Any) -> list[str]:
    """The texts as a list, each of them a string.

    Raises:
        TypeError: a single string, a table, a set or a mapping in place of a list; or a row that
            is no string, named with what it is (None and NaN among them).
    """
    what, dimensions = type(texts).__name__, getattr(texts, "ndim", 1)
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"texts: a single {what}, {texts[:40]!r}; expected a list of texts, as in [text]")
    if isinstance(texts, (Mapping, Set)) or not isinstance(texts, Iterable) or dimensions != 1:
        raise TypeError(f"texts: {what}; expected a list of texts")
    rows = list(texts)
    for row, text in enumerate(rows):
        if not isinstance(text, str):
            raise TypeError(
                f"texts: row {row} is {text!r} ({type(text).__name__}); "
                'expected a string, "" where there is no text'
            )
    return rows


class _Words(dict[int, str]):
    """For ``str.translate``: letters, digits and accents stay, anything else becomes a space."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
        return self[code]


_WORDS_ONLY = _Words()


@functools.cache
def _jieba() -> Callable[[str], list[str]]:
    """jieba's cut, loaded without a word: it prints while it loads, and its import warns.

    A tokenizer of our own: words that somebody adds to jieba's global one do not change our vocabulary.
    """
    from recsys_course.data.fetch import cache_folder

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jieba = need("jieba", "language", "the segmentation of Chinese (language='auto')")
    log = logging.getLogger("jieba")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        cutter = jieba.Tokenizer()
        # not the shared temporary folder, where anybody may have left a file of that name
        folder = cache_folder() / "jieba"
        with contextlib.suppress(OSError):  # jieba then does without its cache, a second slower
            folder.mkdir(parents=True, exist_ok=True)
        cutter.tmp_dir = str(folder)
        cutter.initialize()
    finally:
        log.setLevel(before)
    return cutter.lcut
