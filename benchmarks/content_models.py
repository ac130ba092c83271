"""The models of the content benchmark: recommenders whose items are described by what was known then."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from content_boards import BOARDS, QUICK_BOARDS, Views

from recsys_course.base import Recommender
from recsys_course.evaluation.candidates import Candidate
from recsys_course.interactions import Interactions

ALL_BOARDS = BOARDS | QUICK_BOARDS
LARGE = 5_000  # items from which few fitted members are held: an EASE of 9,742 films is 760 MB


class Memo:
    """What was made lately, by key."""

    def __init__(self, size: int) -> None:
        self.size, self.kept = size, OrderedDict[Any, Any]()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self.kept:
            self.kept[key] = make()
        self.kept.move_to_end(key)
        while len(self.kept) > self.size:
            self.kept.popitem(last=False)
        return self.kept[key]


ROWS, VIEWS, MEMBERS = Memo(24), Memo(4), Memo(16)


def views_of(board: str, train: Interactions) -> Views:
    """What was known of the items of a board at the end of a training log."""
    return VIEWS.get((board, train.fingerprint()), lambda: ALL_BOARDS[board].views(train))


def found(where: str) -> Any:
    """ "module:Name" of the package."""
    module, name = where.split(":")
    return getattr(import_module(f"recsys_course.{module}"), name)


@dataclass(frozen=True)
class MeanOfLines:
    """A text as the mean of its lines, one a review: MiniLM reads 256 pieces, so it would see the first only.

    Args:
        encoder: of single lines.
    """

    encoder: Any

    def fit_encode(self, texts: Sequence[str]) -> np.ndarray:
        """(N, D) rows; zero for a text without lines."""
        parts = [[line for line in text.split("\n") if line] for text in texts]
        lines = sorted({line for own in parts for line in own})
        place = {line: row for row, line in enumerate(lines)}
        vectors = np.asarray(self.encoder.fit_encode(lines))  # (L, D)
        rows = np.zeros((len(texts), vectors.shape[1]), dtype=vectors.dtype)
        for row, own in enumerate(parts):
            if own:
                rows[row] = vectors[[place[line] for line in own]].mean(axis=0)
        return rows


@dataclass(frozen=True)
class OneHot:
    """ "Comedy|Drama" -> 1 in two columns."""

    def fit_encode(self, texts: Sequence[str]) -> np.ndarray:
        """(N, G) zeros and ones."""
        import pandas as pd

        return pd.Series(list(texts)).str.get_dummies("|").to_numpy(dtype=np.float32)


ENCODERS: dict[str, str] = {
    "tfidf": "TfIdf", "bm25": "BM25", "word2vec": "Word2Vec", "glove": "GloVe", "hashing-svd": "HashingSVD",
    "minilm": "SentenceEncoder",
}  # fmt: skip


def encoder_class(name: str) -> Any:
    return OneHot if name == "one-hot" else found(f"content.text:{ENCODERS[name]}")


def encoder(name: str, cache: str = "", **options: Any) -> Any:
    """An encoder by the benchmark's name; MiniLM keeps its rows on disk."""
    made = encoder_class(name)(**options)
    if name != "minilm":
        return made
    return MeanOfLines(found("content.text:Cached")(made, cache or None))


def text_of(views: Views, parts: Sequence[str]) -> list[str]:
    """The views of these names joined, item by item; genres become words."""
    return [" ".join(row).replace("|", " ").strip() for row in zip(*(views[p] for p in parts), strict=True)]


def rows_of(views: Views, parts: Sequence[str], name: str, options: Mapping[str, Any], cache: str) -> Any:
    """(I, F) rows of the items; of several tries with the same texts the encoder learns once."""
    texts = list(views[parts[0]]) if name == "one-hot" else text_of(views, parts)
    total = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    key = (name, sorted(options.items()), total)
    return ROWS.get(repr(key), lambda: encoder(name, cache, **options).fit_encode(texts))


@dataclass
class OnRows(Recommender):
    """A model on rows of texts, both made when it is fitted.

    Args:
        board: whose views. parts: the views that are read. encoder: its name, encoding: its options.
        where: "module:Class" of the model. options: its own.
    """

    board: str
    parts: tuple[str, ...]
    encoder: str
    where: str
    encoding: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    cache: str = field(default="", repr=False)

    def _fit(self, data: Interactions) -> None:
        views = views_of(self.board, data)
        rows = rows_of(views, self.parts, self.encoder, self.encoding, self.cache)
        self.model_ = found(self.where)(item_features=rows, **self.options).fit(data)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.model_._score(users)


MODAL = {"title": "minilm", "text": "minilm", "genres": "one-hot", "tags": "hashing-svd"}  # encoder of a view


def modalities_of(views: Views, names: Sequence[str], cache: str) -> dict[str, np.ndarray]:
    """name -> (I, D) rows, NaN where an item has none."""
    made = {}
    for name in names:
        rows = views[name]
        if not isinstance(rows, np.ndarray):
            rows = np.array(rows_of(views, (name,), MODAL[name], {}, cache), dtype=np.float32)
            rows[[not text for text in views[name]]] = np.nan
        made[name] = rows
    return made


@dataclass
class OnModalities(Recommender):
    """A fusion of modalities, made when it is fitted.

    Args:
        names: the modalities. fusion: how they are fused. options: of the fusion.
        left_out: a modality that is not used.
    """

    board: str
    names: tuple[str, ...]
    fusion: str
    options: dict[str, Any] = field(default_factory=dict)
    left_out: str = ""
    cache: str = field(default="", repr=False)

    def _fit(self, data: Interactions) -> None:
        names = [name for name in self.names if name != self.left_out]
        modalities = modalities_of(views_of(self.board, data), names, self.cache)
        modalities = {name: rows for name, rows in modalities.items() if not np.isnan(rows).all()}
        self.model_ = self._made(modalities).fit(data)

    def _made(self, modalities: dict[str, np.ndarray]) -> Recommender:
        if self.fusion in ("early", "gated", "attention"):
            return found("multimodal:FusionRecommender")(modalities, fusion=self.fusion, **self.options)
        if self.fusion == "late":
            return found("multimodal:LateFusion")(modalities, weights=shares(modalities, self.options))
        options = dict(self.options)
        if self.fusion == "weighted":
            options["weights"] = shares(modalities, options)
            options = {key: value for key, value in options.items() if not key.startswith("of_")}
        rows = found("multimodal:fuse")(modalities, how=self.fusion, **options)
        return found("content:ContentProfile")(item_features=rows)

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.model_._score(users)


def shares(modalities: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, float]:
    """of_NAME options -> weights that sum to one."""
    weights = {name: float(options.get(f"of_{name}", 1.0)) for name in modalities}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


@dataclass
class Kept(Recommender):
    """A tuned member of a hybrid; fitted once a training log, however many hybrids ask.

    Args:
        name: of the candidate. options: what tuning chose.
    """

    board: str
    name: str
    options: dict[str, Any]
    seed: int = 0

    def _fit(self, data: Interactions) -> None:
        candidate = CANDIDATES[self.board][self.name]
        seed = self.seed if candidate.random else 0
        key = (self.board, self.name, repr(sorted(self.options.items())), seed, data.fingerprint())
        MEMBERS.size = 16 if data.n_items < LARGE else 4
        self.model_ = MEMBERS.get(key, lambda: candidate.build(self.options, seed).fit(data))

    def _score(self, users: np.ndarray) -> np.ndarray:
        return self.model_._score(users)


@dataclass
class AmongNew(Recommender):
    """A shelf of new arrivals: only items without training events may be listed."""

    model: Recommender

    def _fit(self, data: Interactions) -> None:
        self.model.fit(data)
        self.old_ = np.bincount(data.items, minlength=data.n_items) > 0

    def _score(self, users: np.ndarray) -> np.ndarray:
        return np.where(self.old_, -np.inf, self.model._score(users))


CANDIDATES: dict[str, dict[str, Candidate]] = {}  # board -> name -> candidate, for the members of hybrids
