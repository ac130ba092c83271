"""The stub's planted faults, averaging over orders, and rankings kept on disk."""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_course.language import (
    LanguageModelRanker,
    PermutationRanker,
    Ranking,
    RankingError,
    StubRanker,
    Usage,
    averaged,
    many,
    rank_many,
    token_estimate,
)
from recsys_course.language.prompts import prompt_of

HISTORY = ["red fox", "blue whale"]
LETTERS = list("abcdefghij")


@dataclass
class Counting:
    """Orders by length of title, longest first; remembers what it was asked; may fail or be interrupted."""

    name: str = "counting"
    fails: tuple = ()
    asked: list = field(default_factory=list)

    def rank(self, history, candidates):
        self.asked.append((list(history), list(candidates)))
        for title, error in self.fails:
            if title in candidates:
                raise error
        order = sorted(range(len(candidates)), key=lambda place: -len(candidates[place]))
        return Ranking(order, np.array([len(c) / 3 for c in candidates]), Usage(1, 10, 5, 0.25))

    def identity(self):
        return self.name


def ranked(ranker, candidates=LETTERS, history=HISTORY):
    """The titles in the ranker's order."""
    return [candidates[place] for place in ranker.rank(history, candidates).order]


# --- stub


def test_the_stub_by_hand():
    """Words shared with the history: 1 of 2, 0 of 2, 2 of 2 -> 0.707, 0, 1.414: z = 0, -1.2247, 1.2247."""
    answer = StubRanker().rank(HISTORY, ["red dog", "green cat", "blue fox"])
    np.testing.assert_allclose(answer.scores, [0, -np.sqrt(1.5), np.sqrt(1.5)], atol=1e-12)
    assert answer.order == [2, 0, 1]
    biased = StubRanker(position_bias=3).rank(HISTORY, ["red dog", "green cat", "blue fox"])
    np.testing.assert_allclose(biased.scores - answer.scores, [3, 1.5, 0], atol=1e-12)
    assert biased.order == [0, 2, 1]
    prompt = prompt_of(HISTORY, ["red dog", "green cat", "blue fox"])
    assert answer.usage == Usage(1, token_estimate(prompt), 3)


def test_the_stub_is_a_ranker_and_takes_utilities():
    assert isinstance(StubRanker(), LanguageModelRanker)
    assert ranked(StubRanker(utilities={"a": 1, "b": 3, "c": 2}), ["a", "b", "c"]) == ["b", "c", "a"]
    longest = StubRanker(utilities=lambda history, title: len(title) + len(history))
    assert ranked(longest, ["a", "ccc", "bb"]) == ["ccc", "bb", "a"]
    with pytest.raises(ValueError, match=r"^utilities: no value for 'z'"):
        StubRanker(utilities={"a": 1}).rank([], ["a", "z"])
    with pytest.raises(ValueError, match=r"^quality: 1.5; expected a correlation in \[0, 1\]"):
        StubRanker(quality=1.5)
    with pytest.raises(ValueError, match=r"^noise: -1; expected"):
        StubRanker(noise=-1)
    assert ranked(StubRanker(), ["b", "a"], []) == ["b", "a"]  # nothing known: as given
    assert StubRanker().rank([], ["a"]).order == [0]


@pytest.mark.parametrize("quality", [0.0, 0.5, 0.9])
def test_the_planted_quality_is_the_correlation(quality):
    rng = np.random.default_rng(0)
    titles = [f"t{n}" for n in range(2000)]
    utilities = rng.normal(size=2000)
    stub = StubRanker(seed=1, quality=quality, utilities=dict(zip(titles, utilities, strict=True)))
    got = np.corrcoef(stub.rank(["x"], titles).scores, utilities)[0, 1]
    assert got == pytest.approx(quality, abs=4 / np.sqrt(2000))


def test_an_opinion_stays_and_a_mood_changes_with_the_order():
    flat = dict.fromkeys(LETTERS, 0.0)
    opinion, mood = StubRanker(quality=0, utilities=flat), StubRanker(noise=1, utilities=flat)
    back = LETTERS[::-1]
    np.testing.assert_array_equal(
        opinion.rank(HISTORY, LETTERS).scores, opinion.rank(HISTORY, back).scores[::-1]
    )
    assert not np.allclose(mood.rank(HISTORY, LETTERS).scores, mood.rank(HISTORY, back).scores[::-1])
    other = StubRanker(seed=1, quality=0, utilities=flat)
    assert not np.allclose(opinion.rank(HISTORY, LETTERS).scores, other.rank(HISTORY, LETTERS).scores)
    assert not np.allclose(opinion.rank(HISTORY, LETTERS).scores, opinion.rank(["x"], LETTERS).scores)


def test_the_stub_answers_the_same_in_every_process():
    code = (
        "from recsys_course.language import StubRanker;"
        "print(StubRanker(3, 0.5, 1, 0.5).rank(['red fox'], list('abcdefgh')).order)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert told.stdout.strip() == str(StubRanker(3, 0.5, 1, 0.5).rank(["red fox"], list("abcdefgh")).order)


def test_settings_make_identities():
    stubs = [
        StubRanker(), StubRanker(1), StubRanker(quality=0.5), StubRanker(position_bias=1),
        StubRanker(noise=1),
        StubRanker(utilities={"a": 1}), StubRanker(utilities={"a": 2}), StubRanker(utilities=max),
        averaged(StubRanker()), averaged(StubRanker(), 2), averaged(StubRanker(), seed=1),
        averaged(StubRanker(1)),
        PermutationRanker(StubRanker(), by="places"),
    ]  # fmt: skip
    assert len({stub.identity() for stub in stubs}) == len(stubs)
    assert (
        StubRanker(utilities={"a": 1, "b": 2}).identity() == StubRanker(utilities={"b": 2, "a": 1}).identity()
    )


# --- orders


def biased(weight, **more):
    utilities = {title: float(n) for n, title in enumerate(LETTERS)}  # j is the best
    return StubRanker(position_bias=weight, utilities=utilities, **more)


def test_a_bias_of_places_cancels_when_everyone_was_everywhere():
    assert ranked(biased(50)) == LETTERS  # only the place counts
    assert ranked(averaged(biased(50), 10)) == LETTERS[::-1]
    scores = averaged(biased(50), 10).rank(HISTORY, LETTERS).scores
    np.testing.assert_allclose(scores - scores.mean(), biased(0).rank(HISTORY, LETTERS).scores, atol=1e-9)


def test_a_few_orders_leave_a_part_of_the_bias():
    def correlation(ranker):
        order = np.array(ranker.rank(HISTORY, LETTERS).order)
        return np.corrcoef(order, -np.arange(10))[0, 1]

    assert correlation(biased(6)) < 0 < correlation(averaged(biased(6), 5))
    spread = np.ptp(averaged(biased(1), 5).rank(HISTORY, ["a"] + ["b"] * 9).scores[1:])
    assert spread == pytest.approx(1 / 9)  # within a block of two places


@given(st.permutations(LETTERS), st.integers(1, 12), st.sampled_from(["scores", "places"]))
def test_the_order_given_does_not_matter(given_order, n_orders, by):
    ranker = PermutationRanker(biased(2, quality=0.7, noise=0.5), n_orders, by=by)
    assert ranked(ranker, list(given_order)) == ranked(ranker, LETTERS)


def test_every_order_is_a_permutation_that_moves_on():
    counting = Counting()
    answer = averaged(counting, 5).rank(HISTORY, LETTERS)
    orders = [titles for _, titles in counting.asked]
    assert answer.usage == Usage(5, 50, 25, 1.25)
    assert all(sorted(order) == LETTERS for order in orders)
    for order, after in itertools.pairwise(orders):
        assert after == order[-2:] + order[:-2]
    assert orders[0] != LETTERS  # shuffled first
    few = Counting()
    averaged(few, 9).rank(HISTORY, ["a", "b", "c"])
    assert len(few.asked) == 3  # no more than candidates
    places = np.array([[order.index(title) for order in (t for _, t in few.asked)] for title in "abc"])
    assert (np.sort(places, axis=1) == [0, 1, 2]).all()  # everyone was everywhere


def test_places_are_averaged_where_there_are_no_scores():
    class OnlyOrder(Counting):
        def rank(self, history, candidates):
            return Ranking(super().rank(history, candidates).order, None, Usage(1))

    candidates = ["aa", "a", "aaaa", "aaa"]
    answer = averaged(OnlyOrder(), 4).rank([], candidates)
    assert answer.order == [2, 3, 0, 1]
    np.testing.assert_allclose(answer.scores, [-2, -3, 0, -1])
    with pytest.raises(ValueError, match=r"^by: 'scores', but the ranker gives only an order"):
        PermutationRanker(OnlyOrder(), by="scores").rank([], candidates)


def test_equal_titles_and_what_is_refused():
    assert sorted(averaged(Counting(), 3).rank([], ["a", "a", "bb"]).order[1:]) == [0, 1]
    with pytest.raises(ValueError, match=r"^n_orders: 0; expected questions, at least 1"):
        averaged(StubRanker(), 0)
    with pytest.raises(ValueError, match=r"^by: 'mean'; expected one of auto, scores, places"):
        PermutationRanker(StubRanker(), by="mean")
    for wrong in (StubRanker, "stub", None):
        with pytest.raises(TypeError, match=r"^ranker: .*; expected a ranker with rank and identity"):
            averaged(wrong)
    with pytest.raises(ValueError, match=r"^candidates: none"):
        averaged(StubRanker()).rank([], [])


def test_a_failure_between_orders_keeps_the_account():
    class Tired(Counting):
        def rank(self, history, candidates):
            if len(self.asked) == 2:
                raise RankingError("tired", Usage(1, 7))
            return super().rank(history, candidates)

    with pytest.raises(RankingError, match=r"tired") as raised:
        averaged(Tired(), 4).rank([], LETTERS)
    assert raised.value.usage == Usage(3, 27, 10, 0.5)


# --- many


HISTORIES = [["x"], ["y"], ["x"], []]
LISTS = [["a", "bb"], ["a", "bb"], ["a", "bb"], ["ccc", "dddd", "e"]]


def test_the_second_time_nothing_is_asked(tmp_path):
    first, second = Counting(), Counting()
    made = rank_many(first, HISTORIES, LISTS, tmp_path)
    kept = rank_many(second, HISTORIES, LISTS, tmp_path)
    assert len(first.asked) == 3  # the third is the first again
    assert second.asked == []
    for one, other in zip(made, kept, strict=True):
        assert one.order == other.order
        np.testing.assert_array_equal(one.scores, other.scores)
    assert sum(r.usage for r in made) == Usage(3, 30, 15, 0.75)
    assert sum(r.usage for r in kept) == Usage()
    assert [r.order for r in made] == [[1, 0], [1, 0], [1, 0], [1, 0, 2]]


def test_who_is_asked_is_told_once():
    """The identity of a loaded model takes a pass over all its weights."""
    told = []

    class Telling(Counting):
        def identity(self):
            told.append(1)
            return "telling"

    rank_many(Telling(), [[str(n)] for n in range(20)], ["a"])
    assert len(told) == 1


def test_another_ranker_or_question_is_asked(tmp_path):
    rank_many(Counting(), HISTORIES, LISTS, tmp_path)
    other = Counting("other")
    rank_many(other, HISTORIES[:1], LISTS[:1], tmp_path)
    assert len(other.asked) == 1
    for history, titles in [
        (["x "], ["a", "bb"]),
        (["x"], ["bb", "a"]),
        (["x", "a"], ["bb"]),
        ([], ["x", "a"]),
    ]:
        fresh = Counting()
        rank_many(fresh, [history], [titles], tmp_path)
        assert len(fresh.asked) == 1


def test_without_a_folder_nothing_is_kept_and_one_list_serves_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counting = Counting()
    assert [r.order for r in rank_many(counting, [["x"], ["y"]], ["a", "bb"])] == [[1, 0], [1, 0]]
    assert list(tmp_path.iterdir()) == []
    assert rank_many(counting, [], []) == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RankingError("no luck"), SystemExit()])
def test_what_was_made_before_a_stop_is_kept(tmp_path, stop):
    stopped = Counting(fails=(("stop", stop),))
    lists = [[f"a{n}", "b"] for n in range(5)] + [["stop", "b"]]
    with pytest.raises(type(stop)):
        rank_many(stopped, [["x"]] * 6, lists, tmp_path)
    again = Counting()
    assert len(rank_many(again, [["x"]] * 6, lists, tmp_path)) == 6
    assert [titles for _, titles in again.asked] == [["stop", "b"]]


def test_a_killed_process_loses_a_second_at_most(tmp_path):
    code = f"""
import sys, time
from recsys_course.language import Ranking, many, rank_many
many.EVERY = 0.0
class Slow:
    n = 0
    def rank(self, history, candidates):
        self.n += 1
        if self.n == 4:
            print("four", flush=True)
            time.sleep(60)
        return Ranking([0])
    def identity(self):
        return "slow"
rank_many(Slow(), [[str(n)] for n in range(9)], ["a"], {str(tmp_path)!r})
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "four\n"
        process.send_signal(signal.SIGKILL)
    counting = Counting("slow")
    rank_many(counting, [[str(n)] for n in range(9)], ["a"], tmp_path)
    assert [history for history, _ in counting.asked] == [[str(n)] for n in range(3, 9)]


def test_rows_are_written_in_between(tmp_path, monkeypatch):
    monkeypatch.setattr(many, "EVERY", 0.0)
    seen = []

    class Looking(Counting):
        def rank(self, history, candidates):
            file = tmp_path / many.FILE
            with sqlite3.connect(file) if file.exists() else sqlite3.connect(":memory:") as db:
                seen.append(db.execute("SELECT count(*) FROM rows").fetchone()[0] if file.exists() else 0)
            db.close()
            return super().rank(history, candidates)

    rank_many(Looking(), [["x"], ["y"], ["z"]], ["a"], tmp_path)
    assert seen == [0, 1, 2]


def test_a_damaged_file_is_told_and_made_anew(tmp_path):
    rank_many(Counting(), HISTORIES, LISTS, tmp_path)
    (tmp_path / many.FILE).write_bytes(b"no database at all" * 100)
    counting = Counting()
    with pytest.warns(
        UserWarning, match=r"rankings\.sqlite: the file is no database any more .* asked for again"
    ):
        rank_many(counting, HISTORIES, LISTS, tmp_path)
    assert len(counting.asked) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rank_many(Counting(fails=(("a", AssertionError()),)), HISTORIES[:3], LISTS[:3], tmp_path)


UNREAD = "a ranking cannot be read"


def change_row(folder, new, honest):
    """Put other bytes into every row, with the right checksum if ``honest``."""
    import zlib

    with sqlite3.connect(folder / many.FILE) as db:
        for key, row, check in db.execute("SELECT key, row, check_sum FROM rows").fetchall():
            bytes_ = new(row)
            check = zlib.crc32(bytes_, zlib.crc32(key)) if honest else check
            db.execute("UPDATE rows SET row = ?, check_sum = ? WHERE key = ?", (bytes_, check, key))
    db.close()


@pytest.mark.parametrize(
    "new, honest, message",
    [
        (lambda row: row.replace(b"0", b"1"), False, "2 rows have a wrong checksum"),
        (lambda row: b"{", True, UNREAD),
        (lambda row: b"[]", True, UNREAD),
        (lambda row: b"\xff\xfe", True, UNREAD),
        (lambda row: json.dumps({"order": [0, 0], "scores": None}).encode(), True, UNREAD),
        (lambda row: json.dumps({"order": [0], "scores": None}).encode(), True, UNREAD),
        (lambda row: json.dumps({"order": [1, 0], "scores": [1]}).encode(), True, UNREAD),
    ],
)  # fmt: skip
def test_a_damaged_row_is_told_and_asked_for_again(tmp_path, new, honest, message):
    rank_many(Counting(), HISTORIES[:2], LISTS[:2], tmp_path)
    change_row(tmp_path, new, honest)
    counting = Counting()
    with pytest.warns(UserWarning, match=f"{message}; what is damaged is asked for again"):
        assert rank_many(counting, HISTORIES[:2], LISTS[:2], tmp_path)[0].order == [1, 0]
    assert len(counting.asked) == 2


def test_where_nothing_can_be_written_rankings_are_made_all_the_same(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way of a folder")
    counting = Counting()
    with pytest.warns(UserWarning, match=r"rankings are made but not kept") as told:
        assert len(rank_many(counting, HISTORIES, LISTS, blocked)) == 4
    assert len(told) == 1
    assert len(counting.asked) == 3


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc, which nobody may write to")
def test_a_folder_that_nobody_may_write_to():
    with pytest.warns(UserWarning, match=r"rankings are made but not kept"):
        assert len(rank_many(Counting(), HISTORIES, LISTS, "/proc/none")) == 4


def test_a_file_that_may_be_read_but_not_written(tmp_path, monkeypatch):
    """What is there is used; what is new is made and not kept. The refusal is SQLite's own."""
    from recsys_course.content.text import rowstore

    rank_many(Counting(), HISTORIES[:1], LISTS[:1], tmp_path)
    real = rowstore._insert

    def protected(db, rows):
        db.execute("PRAGMA query_only = 1")
        real(db, rows)

    monkeypatch.setattr(rowstore, "_insert", protected)
    counting = Counting()
    with pytest.warns(UserWarning, match=r"readonly database; rankings are made but not kept"):
        rank_many(counting, HISTORIES, LISTS, tmp_path)
    assert len(counting.asked) == 2


def test_a_failed_ranking_may_stay_as_given(tmp_path):
    counting = Counting(fails=(("bb", RankingError("no luck", Usage(4, 40))),))
    with pytest.warns(UserWarning, match=r"3 of 4 rankings failed and stay as given; the last: no luck"):
        made = rank_many(counting, HISTORIES, LISTS, tmp_path, on_error="given")
    assert [r.order for r in made] == [[0, 1], [0, 1], [0, 1], [1, 0, 2]]
    assert made[0].usage == Usage(4, 40)
    again = Counting()
    assert rank_many(again, HISTORIES, LISTS, tmp_path)[0].order == [1, 0]  # a failure is not kept
    assert len(again.asked) == 2


def test_what_rank_many_refuses():
    with pytest.raises(ValueError, match=r"^on_error: 'skip'; expected 'raise' or 'given'"):
        rank_many(Counting(), [], [], on_error="skip")
    with pytest.raises(ValueError, match=r"^candidates: 1 lists; expected 2, one for each history"):
        rank_many(Counting(), [["x"], ["y"]], [["a"]])
    with pytest.raises(ValueError, match=r"^candidates: none"):
        rank_many(Counting(), [["x"]], [[]])
    with pytest.raises(TypeError, match=r"^history: 'x', one text"):
        rank_many(Counting(), ["x"], [["a"]])
    with pytest.raises(TypeError, match=r"^ranker"):
        rank_many(Counting, [], [])


def test_odd_scores_come_back_as_they_were(tmp_path):
    class Odd(Counting):
        def rank(self, history, candidates):
            return Ranking([2, 0, 1], np.array([0.1 + 0.2, -np.inf, 1e300]), Usage(1))

    made = rank_many(Odd(), [["\ud800"]], ["a", "b", "c"], tmp_path)
    kept = rank_many(Odd(), [["\ud800"]], ["a", "b", "c"], tmp_path)
    np.testing.assert_array_equal(made[0].scores, kept[0].scores)
    assert kept[0].usage == Usage()


def test_a_thousand_quick_rankings_do_not_wait_for_the_disk(tmp_path, monkeypatch):
    writes = []
    real = many.RowStore.put
    monkeypatch.setattr(many.RowStore, "put", lambda self, rows: (writes.append(len(rows)), real(self, rows)))
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # a quick second
    rank_many(Counting(), [[str(n)] for n in range(1000)], ["a"], tmp_path)
    assert writes == [1000]


@pytest.mark.parametrize("on_error", ["raise", "given"])
def test_a_ranker_that_orders_a_part_of_the_candidates_is_refused(tmp_path, on_error):
    class Half(Counting):
        def rank(self, history, candidates):
            return Ranking(list(range(len(candidates) // 2)))

    with pytest.raises(ValueError, match="ranker: Half orders 5 of 10 candidates; expected all"):
        rank_many(Half(), [HISTORY], LETTERS, tmp_path, on_error)


def test_one_text_is_no_list_of_candidates():
    with pytest.raises(TypeError, match="candidates: 'abc', one text; expected a list"):
        rank_many(Counting(), [HISTORY], "abc")
