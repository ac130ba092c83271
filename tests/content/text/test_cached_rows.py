"""Rows kept on disk: computed once, never wrong, whatever happened to the file."""

import os
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_course.content.text import Cached, HashingSVD, TfIdf, cached, rowstore
from recsys_course.content.text.cached import fingerprint, pack, unpack
from recsys_course.content.text.rowstore import RowStore, Unusable

ASKED: list[str] = []  # by Letters, in this process


@dataclass
class Letters:
    """Length, number of a's, and a setting; notes what it was asked for."""

    factor: float = 1.0
    stop_at: str | None = None
    kind: str = "dense"

    def fit(self, texts):
        self.longest_ = max(map(len, texts))
        return self

    def encode(self, texts):
        if self.stop_at in texts:
            raise KeyboardInterrupt
        ASKED.extend(texts)
        rows = np.array([[len(t), t.count("a"), self.factor] for t in texts], dtype=np.float32).reshape(-1, 3)
        return sparse.csr_array(rows) if self.kind == "sparse" else rows


@pytest.fixture(autouse=True)
def nothing_asked_yet():
    ASKED.clear()


TEXTS = ["a", "banana", "", "帐篷 tent", "a", "\ud800 half a letter", "x" * 1000]


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_second_time_nothing_is_computed(tmp_path, kind):
    first = Cached(Letters(kind=kind), tmp_path).encode(TEXTS)
    assert sorted(ASKED) == sorted(set(TEXTS))  # equal texts once
    ASKED.clear()
    again = Cached(Letters(kind=kind), tmp_path).encode(TEXTS[::-1])
    assert ASKED == []
    assert type(again) is type(first)
    assert again.dtype == first.dtype == np.float32
    want = Letters().encode(TEXTS)
    for rows in (first, again[::-1] if kind == "dense" else again[[*range(len(TEXTS))][::-1]]):
        np.testing.assert_array_equal(rows.toarray() if kind == "sparse" else rows, want)


def test_only_what_is_missing_is_computed(tmp_path):
    Cached(Letters(), tmp_path).encode(["a", "b"])
    ASKED.clear()
    Cached(Letters(), tmp_path).encode(["b", "c", "a", "c"])
    assert ASKED == ["c"]


def test_rows_may_be_written_to(tmp_path):
    for _ in range(2):
        rows = Cached(Letters(), tmp_path).encode(["a", "b"])
        rows[:] = 7  # neither read-only nor a view of what is kept
    assert Cached(Letters(), tmp_path).encode(["a"])[0, 0] == 1


def test_another_letter_setting_class_or_fit_is_another_row(tmp_path):
    rows = [Cached(Letters(factor), tmp_path).encode(["a"])[0, 2] for factor in (1.0, 2.0)]
    assert rows == [1.0, 2.0]
    few, many = TfIdf().fit(["tent rope"]), TfIdf().fit(["tent rope", "tent lamp"])
    assert Cached(few, tmp_path).encode(["tent"]).shape[1] == 2
    assert Cached(many, tmp_path).encode(["tent"]).shape[1] == 3
    same_shape = TfIdf(norm=False).fit(["tent rope", "rope"]), TfIdf(norm=False).fit(["tent rope", "tent"])
    got = [Cached(model, tmp_path).encode(["tent"]).toarray()[0, 1] for model in same_shape]
    assert got == pytest.approx([model.idf_[1] for model in same_shape])
    assert got[0] != got[1]


def test_fit_goes_through(tmp_path):
    model = Cached(HashingSVD(n_factors=2), tmp_path)
    rows = model.fit_encode(["tent rope", "lamp"])
    np.testing.assert_allclose(rows, HashingSVD(n_factors=2).fit_encode(["tent rope", "lamp"]))
    assert model.encode([]).shape == (0, 2)


def test_fingerprints_see_every_number():
    """repr of a long array leaves the middle out; the fingerprint does not."""

    class Holds:
        def __init__(self, value):
            self.value = value

    long = np.zeros(5000)
    other = long.copy()
    other[2500] = 1e-9
    values = [long, other, long.astype(np.float32), long.reshape(50, 100), sparse.csr_array(np.eye(3)), 0,
              0.0, "0", None, (1, 2), [1, 2], (12,), {"a": 1}, {"a": 2}, {"x", "y"}, True]  # fmt: skip
    assert len({fingerprint(Holds(value)) for value in values}) == len(values)
    assert fingerprint(Holds(long)) == fingerprint(Holds(long.copy()))
    nested = [fingerprint(Cached(Letters(f))) for f in (1.0, 2.0)]
    assert nested[0] != nested[1]


def test_fingerprints_are_the_same_in_every_process():
    """The order of a set differs from process to process."""
    code = (
        "from recsys_course.content.text import TfIdf\n"
        "from recsys_course.content.text.cached import fingerprint\n"
        "print(fingerprint(TfIdf(stop_words=set('abcdefgh')).fit(['tent rope', 'lamp'])))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == fingerprint(TfIdf(stop_words=set("abcdefgh")).fit(["tent rope", "lamp"]))


def test_what_cannot_be_told_apart_is_refused(tmp_path):
    class Opaque:
        def __init__(self):
            self.network = object()

        def fit(self, texts):
            return self

        def encode(self, texts):
            return np.ones((len(texts), 1))

    with pytest.raises(TypeError, match=r"encoder: holds a object.*method identity\(\) -> str"):
        Cached(Opaque(), tmp_path).encode(["a"])
    Opaque.identity = lambda self: "mine, version 1"
    assert Cached(Opaque(), tmp_path).encode(["a"]).tolist() == [[1.0]]


@pytest.mark.parametrize("bad", [TfIdf, None, "minilm"])
def test_what_is_no_encoder_is_refused(bad):
    with pytest.raises(TypeError, match=r"encoder: .*expected an encoder with fit and encode"):
        Cached(bad)


@pytest.mark.parametrize(
    "bad, message", [("tent", "texts: a single str"), (["a", None], "texts: row 1 is None")]
)
def test_texts_are_checked_before_anything_else(tmp_path, bad, message):
    with pytest.raises(TypeError, match=message):
        Cached(Letters(), tmp_path / "new").encode(bad)
    assert not (tmp_path / "new").exists()


def test_without_a_folder_rows_lie_in_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_COURSE_CACHE", str(tmp_path))
    Cached(Letters()).encode(["a"])
    assert [file.suffix for file in (tmp_path / "texts").iterdir()] == [".sqlite"]
    assert Cached(Letters()).path().is_file()


# --- damage --------------------------------------------------------------------------------------------


def filled(folder, n=400):
    model = Cached(Letters(), folder)
    texts = [f"text {k} " + "a" * (k % 7) for k in range(n)]
    model.encode(texts)
    return model, texts, Letters().encode(texts)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_computed_anew(tmp_path, share):
    model, texts, want = filled(tmp_path)
    whole = model.path().read_bytes()
    model.path().write_bytes(whole[: int(share * len(whole))])
    np.testing.assert_array_equal(model.encode(texts), want)
    ASKED.clear()
    np.testing.assert_array_equal(model.encode(texts), want)
    assert ASKED == []  # and kept again


def test_a_file_of_something_else_is_replaced(tmp_path):
    model, texts, want = filled(tmp_path, 10)
    model.path().write_bytes(b"no database at all " * 200)
    np.testing.assert_array_equal(model.encode(texts), want)
    ASKED.clear()
    np.testing.assert_array_equal(model.encode(texts), want)
    assert ASKED == []


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_never_give_a_wrong_row(tmp_path, seed):
    model, texts, want = filled(tmp_path, 100)
    content, rng = bytearray(model.path().read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(0 if seed % 3 else 100, len(content), size=20):
        content[place] ^= 1 << int(rng.integers(8))
    model.path().write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a header that says read-only is believed
        np.testing.assert_array_equal(model.encode(texts), want)


def test_one_changed_row_is_noticed_and_mended(tmp_path):
    import sqlite3

    model, texts, want = filled(tmp_path, 10)
    db = sqlite3.connect(model.path())
    with db:
        db.execute("UPDATE rows SET row = ? WHERE rowid = 3", [pack(np.array([9, 9, 9], np.float32))])
    db.close()
    ASKED.clear()
    np.testing.assert_array_equal(model.encode(texts), want)
    assert len(ASKED) == 1
    np.testing.assert_array_equal(model.encode(texts), want)
    assert len(ASKED) == 1


def test_a_row_under_another_key_is_noticed(tmp_path):
    """The checksum holds key and row together."""
    import sqlite3

    model, texts, want = filled(tmp_path, 2)
    db = sqlite3.connect(model.path())
    with db:
        (a,), (b,) = db.execute("SELECT key FROM rows").fetchall()
        db.execute("UPDATE rows SET key = ? WHERE key = ?", [b"aside", a])
        db.execute("UPDATE rows SET key = ? WHERE key = ?", [a, b])
        db.execute("UPDATE rows SET key = ? WHERE key = ?", [b, b"aside"])
    db.close()
    np.testing.assert_array_equal(model.encode(texts), want)


# --- places that cannot be written ----------------------------------------------------------------------


def test_where_nothing_can_be_written_a_warning_says_so_and_rows_come(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.warns(UserWarning, match="rows are computed but not kept.*RECSYS_COURSE_CACHE") as told:
        rows = Cached(Letters(), tmp_path / "file").encode([f"text {n}" for n in range(600)])
    assert len(told) == 1  # not once a part
    assert rows.shape == (600, 3)
    assert len(ASKED) == 600


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc, which nobody may write to")
def test_a_folder_that_cannot_be_made():
    with pytest.warns(UserWarning, match="not kept"):
        assert Cached(Letters(), "/proc/none").encode(["a"]).shape == (1, 3)


def test_a_protected_file_is_still_read(tmp_path, monkeypatch):
    """What is there is used, what is missing is computed; as if the file system were read-only."""
    model, texts, want = filled(tmp_path, 10)
    real = RowStore._open

    def protected(self, write):
        if write:
            import sqlite3

            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY
            raise error
        return real(self, write)

    monkeypatch.setattr(RowStore, "_open", protected)
    ASKED.clear()
    with pytest.warns(UserWarning, match="readonly database; rows are computed but not kept"):
        rows = model.encode([*texts, "new"])
    np.testing.assert_array_equal(rows[:-1], want)
    assert ASKED == ["new"]
    assert model.path().is_file()  # no damage: it stays


def test_a_locked_file_is_not_taken_for_a_damaged_one(tmp_path, monkeypatch):
    import sqlite3

    monkeypatch.setattr(rowstore, "PATIENCE", 0.05)
    model, texts, want = filled(tmp_path, 5)
    db = sqlite3.connect(model.path(), isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    with pytest.warns(UserWarning, match="locked"):
        np.testing.assert_array_equal(model.encode(texts), want)
    db.execute("ROLLBACK")
    db.close()
    ASKED.clear()
    np.testing.assert_array_equal(model.encode(texts), want)
    assert ASKED == []


def test_without_sqlite_rows_come(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.warns(UserWarning, match="no sqlite3"):
        assert Cached(Letters(), tmp_path).encode(["a"]).shape == (1, 3)


# --- stopped in the middle, and several at once ----------------------------------------------------------


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(cached, "AT_ONCE", 10)
    texts = [f"{n:03d}" for n in range(100)]
    stopped = Letters()
    stopped.stop_at = "055"
    monkeypatch.setattr(cached, "fingerprint", lambda encoder: "same")
    with pytest.raises(KeyboardInterrupt):
        Cached(stopped, tmp_path).encode(texts)
    assert texts[:50] == ASKED
    ASKED.clear()
    np.testing.assert_array_equal(Cached(Letters(), tmp_path).encode(texts), Letters().encode(texts))
    assert ASKED[: len(ASKED) - 100] == texts[50:]


def test_ctrl_c_while_writing_keeps_whole_parts_only(tmp_path):
    store, real = RowStore(tmp_path / "rows.sqlite"), rowstore.zlib.crc32
    store.put({b"a": b"1"})

    class Stop(dict):
        def items(self):
            yield b"b", b"2"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(Stop())
    assert store.get([b"a", b"b"]) == {b"a": b"1"}
    assert rowstore.zlib.crc32 is real


KILLED = """
import os, sys
import numpy as np
from recsys_course.content.text import rowstore
real = rowstore.zlib.crc32
count = 0
def crc32(*a):
    global count
    count += 1
    if count == 200_001:
        os.kill(os.getpid(), 9)
    return real(*a)
rowstore.zlib = type("zlib", (), {"crc32": staticmethod(crc32)})
store = rowstore.RowStore(__import__("pathlib").Path(sys.argv[1]))
store.put({b"first": b"whole"})
store.put({str(n).encode(): bytes(300) for n in range(200_000)})
"""


def test_a_writer_that_was_killed_leaves_what_was_there_before(tmp_path):
    path = tmp_path / "rows.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    assert RowStore(path).get([b"first", b"5"]) == {b"first": b"whole"}
    RowStore(path).put({b"5": b"now"})
    assert RowStore(path).get([b"first", b"5"]) == {b"first": b"whole", b"5": b"now"}


def test_several_writers_at_once(tmp_path):
    def work(start):
        Cached(Letters(), tmp_path).encode([f"text {n}" for n in range(start, start + 300)])

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ASKED.clear()
    Cached(Letters(), tmp_path).encode([f"text {n}" for n in range(600)])
    assert ASKED == []


def test_progress_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", "1")
    monkeypatch.setattr(cached, "AT_ONCE", 2)
    Cached(Letters(), tmp_path).encode(["a", "b", "c"])
    assert "0/2 " in capsys.readouterr().err
    Cached(Letters(), tmp_path).encode(["a", "b", "c"])
    assert "/2" not in capsys.readouterr().err  # nothing left to do


# --- bytes ------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(width=32), max_size=9), st.sampled_from([np.float32, np.float64]))
def test_a_row_comes_back_as_it_was(values, dtype):
    row = np.array(values, dtype=dtype)
    got = unpack(pack(row))
    np.testing.assert_array_equal(got, row)
    assert got.dtype == row.dtype
    thin = sparse.csr_array(np.nan_to_num(row, posinf=1, neginf=-1).reshape(1, -1)) if values else None
    if thin is not None:
        back = unpack(pack(thin))
        np.testing.assert_array_equal(back.toarray(), thin.toarray())
        assert (back.dtype, back.shape) == (thin.dtype, thin.shape)


def test_a_store_that_is_not_there_is_empty_and_is_not_made(tmp_path):
    store = RowStore(tmp_path / "sub" / "rows.sqlite")
    assert store.get([b"a"]) == {}
    assert list(tmp_path.iterdir()) == []
    store.put({b"a": b"1"})
    many = {str(n).encode(): bytes([n % 256]) for n in range(1200)}
    store.put(many)
    assert store.get([*many, b"a", b"z"]) == {**many, b"a": b"1"}  # more keys than one question takes
    with pytest.raises(Unusable):
        RowStore(tmp_path).put({b"a": b"1"})  # a folder, not a file
