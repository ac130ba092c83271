"""The store: what a killed run leaves, and what damage it reports."""

import json

import pytest

from recsys_course.evaluation.store import Store, StoreError

HEADER = {"protocol": {"n": 10}, "data": {"sha256": "abc", "events": 5}}


@pytest.fixture
def path(tmp_path):
    """A store with two results."""
    path = tmp_path / "store.jsonl"
    store = Store(path, HEADER)
    store.put({"value": 0.5}, "trial", "ease", 0, 0)
    store.put({"value": 0.25}, "run", "ease", 0, 7)
    return path


def test_results_come_back_by_their_keys(path):
    store = Store(path, HEADER)
    assert len(store) == 2
    assert store.get("trial", "ease", 0, 0)["value"] == 0.5
    assert store.get("run", "ease", 0, 7)["value"] == 0.25
    assert store.get("run", "ease", 0, 8) is None
    store.put({"value": 1}, "run", "ease", 0, 8)
    assert [json.loads(line).get("value") for line in path.read_text().splitlines()] == [None, 0.5, 0.25, 1]


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(None, HEADER)
    store.put({"value": 1}, "run")
    assert store.get("run")["value"] == 1 and list(tmp_path.iterdir()) == []


def test_a_write_cut_at_any_byte_loses_that_line_alone(path):
    text = path.read_bytes()
    third = text.splitlines(keepends=True)[2]
    for cut in range(1, len(third)):
        path.write_bytes(text[:-cut])
        torn = path.with_name("store.jsonl.torn")
        if cut == 1:  # only the end of the line is missing: the record is whole
            assert len(Store(path, HEADER)) == 2 and path.read_bytes() == text
            continue
        with pytest.warns(UserWarning, match=r"store\.jsonl: line 3 is torn; moved to store\.jsonl\.torn"):
            store = Store(path, HEADER)
        assert len(store) == 1 and store.get("trial", "ease", 0, 0)["value"] == 0.5
        assert torn.read_bytes() == third[:-cut] + b"\n"
        torn.unlink()
        store.put({"value": 0.25}, "run", "ease", 0, 7)
        assert path.read_bytes() == text


def test_a_torn_header_is_written_anew(path):
    path.write_bytes(path.read_bytes()[:20])
    with pytest.warns(UserWarning, match="line 1 is torn"):
        Store(path, HEADER)
    assert len(Store(path, HEADER)) == 0


@pytest.mark.parametrize(
    "number, line, said",
    [
        (2, '{"value": 0.5, "key"', r"line 2: damaged \(.*\); mend or remove the line to go on"),
        (2, "\x00\x00\x00", "line 2: damaged"),
        (3, "[1, 2]", "line 3: list; expected an object"),
        (3, '{"value": 1}', "line 3: no key"),
        (1, '{"kind": "header", "format": 99}', "line 1: expected the header of a store, format 1"),
        (1, '{"value": 1, "key": [1]}', "line 1: expected the header"),
    ],
)
def test_damage_is_reported_with_its_line_and_the_file_left_alone(path, number, line, said):
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=said) as refusal:
        Store(path, HEADER)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == before


def test_another_protocol_or_other_data_are_named(path):
    with pytest.raises(StoreError, match=r"made by another protocol \(n: 10, now 20\); name another file"):
        Store(path, HEADER | {"protocol": {"n": 20}})
    with pytest.raises(StoreError, match=r"made on other data \(sha256: 'abc', now 'def'\)"):
        Store(path, HEADER | {"data": {"sha256": "def", "events": 5}})
    with pytest.raises(StoreError, match=r"level: None, now 0\.9"):
        Store(path, HEADER | {"protocol": {"n": 10, "level": 0.9}})


def test_nan_never_gets_in(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        Store(path, HEADER).put({"value": float("nan")}, "run")
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [b"my notes", b'{"a": 1}', b'{"kind": "hea'])
def test_a_file_of_someone_else_is_left_as_it_is(tmp_path, text):
    path = tmp_path / "notes.txt"
    path.write_bytes(text)
    with pytest.raises(StoreError, match="line 1: expected the header of a store"):
        Store(path, HEADER)
    assert path.read_bytes() == text and list(tmp_path.iterdir()) == [path]


def test_half_a_line_is_taken_back_when_the_disk_is_full(path, monkeypatch):
    import os

    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
    with pytest.raises(OSError, match="only a part of a result could be written"):
        Store(path, HEADER).put({"value": 1}, "run", "slim", 0, 0)
    assert path.read_bytes() == before
