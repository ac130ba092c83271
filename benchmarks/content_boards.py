"""Logs whose items have a content, and what of it was known when.

A model is told of the items only what was known at the end of its own training log. So ``views``
takes that log: on the validation part of a board the items are described by less than on its test side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from record import ML_1M_TEST_FROM, SEED

from recsys_course.data import load, load_reviews, tags_before, texts_of_items
from recsys_course.data.world import make_world
from recsys_course.evaluation import Protocol
from recsys_course.interactions import Interactions

Views = dict[str, Any]  # name -> I texts ("" is missing), or (I, D) vectors (NaN rows are missing)
WORDS = 64  # that are read of each review
DESCRIBERS = 0.3  # share of the reviewers who only describe, on the board of new products
LISTS = Protocol(metrics=("ndcg@10", "recall@20", "coverage@10"), warm_only=True, n_trials=6, seed=SEED)
NEW = replace(LISTS, split="cold-items", newcomers="time")


@dataclass(frozen=True)
class Board:
    """One log under one protocol, with what is known of its items.

    Attributes:
        about, texts: sentences for a reader.
        log: makes the log. views: (the log's maker's data, training log) -> what is known then.
        plain: views that make up the text without free text. free: the view of free text, or "".
        modalities: views that are fused, or none.
        stars: the values are stars, so a profile can tell liked from disliked.
        learned: fusions that are trained stand on the board, too; elsewhere they would take hours.
    """

    about: str
    texts: str
    log: Callable[[], Interactions]
    views: Callable[[Interactions], Views]
    protocol: Protocol
    plain: tuple[str, ...]
    free: str = ""
    modalities: tuple[str, ...] = ()
    stars: bool = False
    learned: bool = False

    @property
    def cold(self) -> bool:
        """Are new items held out?"""
        return self.protocol.split == "cold-items"


@cache
def _data(name: str) -> Any:
    return load_reviews() if name == "amazon" else load(name)


@cache
def _world(n_users: int, n_items: int, n_exposures: int) -> Any:
    return make_world("shop", n_users=n_users, n_items=n_items, n_exposures=n_exposures, seed=SEED)


def films(name: str) -> Views:
    """Titles and genres ("Comedy Drama")."""
    items = _data(name).items
    return {"title": items["title"].tolist(), "genres": items["genres"].tolist()}


def films_and_early_tags(train: Interactions) -> Views:
    """Tags from before the end of the training log."""
    items = tags_before(_data("ml-latest-small").items, int(_times(train).max()))
    return films("ml-latest-small") | {"tags": items["tags"].tolist()}


def films_and_tags_of_known(train: Interactions) -> Views:
    """Tags of films with training events: a new film has none yet."""
    tags = _data("ml-latest-small").items["tags"].to_numpy(dtype=object)
    known = np.bincount(train.items, minlength=train.n_items) > 0
    return films("ml-latest-small") | {"tags": np.where(known, tags, "").tolist()}


def early_reviews(train: Interactions) -> Views:
    """Reviews from before the end of the training log."""
    return {"reviews": texts_of_items(_data("amazon"), before=int(_times(train).max()), longest=WORDS)}


def describers() -> np.ndarray:
    """Codes of the reviewers who describe and are never judged."""
    n = _data("amazon").data.log.n_users
    return np.random.default_rng(SEED).permutation(n)[: round(n * DESCRIBERS)]


def judged_reviewers() -> Interactions:
    """The log without the describers."""
    log = _data("amazon").data.log
    return log.take(~np.isin(log.users, describers()))


def reviews_by_describers(train: Interactions) -> Views:
    """What the describers wrote, at any time: it stands for the shop's own description."""
    return {"reviews": texts_of_items(_data("amazon"), describers(), longest=WORDS)}


def world_views(size: tuple[int, int, int]) -> Views:
    """Texts, and vectors of pictures with NaN rows where there are none."""
    world = _world(*size)
    items = world.dataset.items
    text = (items["title"] + ". " + items["description"] + " " + items["category"]).tolist()
    return {"text": text, "image": world.items.image}


def _times(log: Interactions) -> np.ndarray:
    assert log.times is not None
    return log.times


SHOP = (2000, 1000, 200_000)
QUICK = (200, 100, 16_000)


def shop(size: tuple[int, int, int], protocol: Protocol, how: str) -> Board:
    """A board of the simulated shop."""
    return Board(
        f"simulated shop, clicks, {how}", "title, description and category as one text, a picture vector "
        "(some missing); known from the start",
        lambda: _world(*size).log, lambda train: world_views(size), protocol, ("text",),
        modalities=("text", "image"), learned=True,
    )  # fmt: skip


_WARM = "one moment in time, last 20 %"
_COLD = "the newest 20 % of the items held out"
_FILMS = "title with year, and genres"
BOARDS: dict[str, Board] = {
    "ml-latest-small-cold": Board(
        f"MovieLens latest-small, any rating, {_COLD}",
        f"{_FILMS}; tags only of films that have training events: a new film has none yet",
        lambda: _data("ml-latest-small").log, films_and_tags_of_known, NEW, ("title", "genres"), "tags",
        ("title", "genres", "tags"), stars=True,
    ),
    "amazon-warm": Board(
        f"Amazon reviews of musical instruments, any review, {_WARM}",
        f"the reviews (summary and text, {WORDS} words of each) that were written before the end of the "
        "training log; there are no titles and no categories",
        lambda: _data("amazon").data.log, early_reviews, LISTS, ("reviews",), stars=True,
    ),
    "amazon-cold": Board(
        f"Amazon reviews of musical instruments, any review, {_COLD}",
        f"reviews ({WORDS} words of each) by {DESCRIBERS:.0%} of the reviewers, drawn at random, who are in "
        "no log and never judged; they stand for the description that a shop would write",
        judged_reviewers, reviews_by_describers, NEW, ("reviews",), stars=True,
    ),
    "world-shop-warm": shop(SHOP, LISTS, _WARM),
    "world-shop-cold": shop(SHOP, NEW, _COLD),
    "ml-1m-positives-warm": Board(
        "MovieLens 1M, 4 stars or more, one moment in time", _FILMS,
        lambda: _data("ml-1m-positives").log, lambda train: films("ml-1m-positives"),
        replace(LISTS, at=ML_1M_TEST_FROM), ("title", "genres"), modalities=("title", "genres"),
    ),
    "ml-1m-positives-cold": Board(
        f"MovieLens 1M, 4 stars or more, {_COLD}", _FILMS,
        lambda: _data("ml-1m-positives").log, lambda train: films("ml-1m-positives"), NEW,
        ("title", "genres"), modalities=("title", "genres"),
    ),
    "ml-latest-small-warm": Board(
        f"MovieLens latest-small, any rating, {_WARM}",
        f"{_FILMS}; tags given before the end of the training log",
        lambda: _data("ml-latest-small").log, films_and_early_tags, LISTS, ("title", "genres"), "tags",
        ("title", "genres", "tags"), stars=True,
    ),
}  # fmt: skip
QUICK_BOARDS: dict[str, Board] = {
    "world-quick-warm": shop(QUICK, replace(LISTS, n_trials=2, seeds=(0, 1)), _WARM),
    "world-quick-cold": shop(QUICK, replace(NEW, n_trials=2, seeds=(0, 1)), _COLD),
}
