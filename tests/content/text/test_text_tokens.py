"""Words of texts: what parts them, Chinese, and what is no text."""

import importlib.util
import os
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.content.text import check_texts, tokenize, tokens
from recsys_course.extras import MissingExtra

chinese = pytest.mark.skipif(importlib.util.find_spec("jieba") is None, reason="extra language: no jieba")


@pytest.mark.parametrize(
    "text, words",
    [
        ("", []),
        (" \n\t ", []),
        ("?! -- ...", []),
        ("tent", ["tent"]),
        ("Tent, ROPE; rope", ["tent", "rope", "rope"]),
        ("a yo-yo, the climber's_set", ["a", "yo", "yo", "the", "climber", "s", "set"]),
        ("4 x 100 m in 2024", ["4", "x", "100", "m", "in", "2024"]),
        ("Straße, naïve CAFÉ", ["straße", "naïve", "café"]),
        ("cafe\u0301", ["café"]),  # the accent written apart
        ("ＡＢ１２", ["ab12"]),  # full width
        ("हिन्दी", ["हिन्दी"]),  # vowel signs stay in the word
        ("🎧 headphone 🎧", ["headphone"]),
    ],
)
def test_words_by_hand(text, words):
    assert tokenize(text, "words") == words
    assert tokenize(text) == words


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_text_is_what_a_regular_expression_finds(text):
    assert tokenize(text) == re.findall("[a-z0-9]+", text.lower())


@given(st.text(), st.sampled_from(["words", "characters"]))
def test_words_are_letters_digits_and_accents_and_come_again(text, language):
    words = tokenize(text, language)
    for word in words:
        assert word
        assert all(letter.isalnum() or unicodedata.category(letter)[0] == "M" for letter in word)
    again = tokenize(" ".join(words), language)
    assert tokenize(" ".join(again), language) == again


@chinese
@pytest.mark.parametrize(
    "text, words",
    [
        ("我来到北京清华大学", ["我", "来到", "北京", "清华大学"]),
        ("iPhone手机壳，好用！", ["iphone", "手机", "壳", "好用"]),
        ("Tent 帐篷 2人", ["tent", "帐篷", "2", "人"]),
    ],
)
def test_chinese_is_cut_into_words(text, words):
    assert tokenize(text) == words


@chinese
@given(st.text(alphabet="帐篷绳子手机壳非常好用的我们北京 abC1，。！", max_size=30))
def test_no_letter_is_lost_or_garbled(text):
    letters = "".join(letter for letter in text.lower() if letter.isalnum())
    for language in ("auto", "words", "characters"):
        assert "".join(tokenize(text, language)) == letters


def test_characters_and_whole_runs_need_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    tokens._jieba.cache_clear()
    assert tokenize("iPhone手机壳", "characters") == ["iphone", "手", "机", "壳"]
    assert tokenize("iPhone手机壳", "words") == ["iphone手机壳"]
    assert tokenize("no Chinese here") == ["no", "chinese", "here"]
    with pytest.raises(MissingExtra, match=r"segmentation of Chinese.*recsys-course\[language\]"):
        tokenize("手机壳")


@chinese
def test_jieba_comes_without_a_word():
    """It prints while it loads, its import warns, and where its cache cannot be written it complains."""
    code = "from recsys_course.content.text import tokenize; print(len(tokenize('我来到北京清华大学')))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "RECSYS_COURSE_CACHE": "/proc/none"},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("4\n", "", 0)


@chinese
def test_words_that_others_teach_jieba_are_not_ours():
    import jieba

    before = tokenize("我来到北京清华大学")
    jieba.initialize()
    jieba.add_word("我来到北京")
    try:
        assert tokenize("我来到北京清华大学") == before
    finally:
        jieba.del_word("我来到北京")


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="language: 'zh'; expected one of auto, words, characters"):
        tokenize("tent", "zh")


@pytest.mark.parametrize("text", [None, 3.0, b"tent", ["tent"]])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(TypeError, match=r"text: .*expected a string"):
        tokenize(text)


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, pd.Index, iter])
def test_any_row_of_texts_is_a_list(make):
    assert check_texts(make(["a tent", ""])) == ["a tent", ""]


def test_a_single_string_is_no_list():
    with pytest.raises(TypeError, match=r"texts: a single str, 'a tent'; expected a list.*\[text\]"):
        check_texts("a tent")


@pytest.mark.parametrize("bad", [None, float("nan"), np.nan, pd.NA, 7, b"tent"])
def test_a_row_without_text_is_named(bad):
    with pytest.raises(TypeError, match=r'texts: row 2 is .*expected a string, "" where'):
        check_texts(["a tent", "", bad, "rope"])
    with pytest.raises(TypeError, match="texts: row 1"):
        check_texts(pd.Series(["a tent", bad], dtype=object))


@pytest.mark.parametrize(
    "bad", [pd.DataFrame({"title": ["tent"]}), {"tent": 1}, {"tent"}, 5, None, np.array([["tent"]])]
)
def test_what_holds_no_rows_of_texts_is_refused(bad):
    with pytest.raises(TypeError, match=r"texts: .*expected a list of texts"):
        check_texts(bad)
