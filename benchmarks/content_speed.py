"""How fast: the top 10 of all users by content, and MiniLM on 10,000 texts, computed and read again."""

from __future__ import annotations

import os
import tempfile
from time import perf_counter
from typing import Any

from content_boards import films
from content_models import text_of
from record import SEED

from recsys_course.content import ContentProfile
from recsys_course.content.text import Cached, SentenceEncoder, TfIdf
from recsys_course.data import load
from recsys_course.data.world import make_world

TEXTS = 10_000


def throughput(cache: str) -> dict[str, Any]:
    """Both rows; each says on how many threads."""
    return {"top10-ml-1m": top10(), "minilm-10000": minilm()}


def top10() -> dict[str, Any]:
    """Top 10 of every user of MovieLens 1M by the mean of TF-IDF rows; the best of three."""
    log = load("ml-1m-positives").log
    rows = TfIdf().fit_encode(text_of(films("ml-1m-positives"), ("title", "genres")))
    model = ContentProfile(item_features=rows).fit(log)
    users = range(log.n_users)
    seconds = []
    for _ in range(3):
        clock = perf_counter()
        lists = model.recommend(list(users), 10)
        seconds.append(perf_counter() - clock)
    assert lists.shape == (log.n_users, 10)
    return {
        "model": "ContentProfile on TF-IDF of title and genres", "users": log.n_users, "items": log.n_items,
        "features": int(rows.shape[1]), "seconds": min(seconds), "users_per_s": log.n_users / min(seconds),
        "rounds": seconds, "threads": threads(),
    }  # fmt: skip


def minilm() -> dict[str, Any]:
    """10,000 descriptions of the simulated shop through MiniLM into an empty folder, then again from it."""
    world = make_world("shop", n_users=100, n_items=TEXTS, n_exposures=1_000, seed=SEED)
    texts = world.dataset.items["description"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        seconds, rows = [], []
        for _ in range(2):
            encoder = Cached(SentenceEncoder("minilm"), folder).fit(texts)
            clock = perf_counter()
            rows.append(encoder.encode(texts))
            seconds.append(perf_counter() - clock)
        assert (rows[0] == rows[1]).all()
    return {
        "texts": len(texts), "words": sum(len(text.split()) for text in texts), "first_s": seconds[0],
        "second_s": seconds[1], "ratio": seconds[0] / seconds[1], "per_s": len(texts) / seconds[0],
        "threads": threads(),
    }  # fmt: skip


def threads() -> dict[str, Any]:
    """What limits the threads: processors, and the variables where set."""
    names = ("OMP_NUM_THREADS", "RECSYS_COURSE_THREADS")
    return {"processors": os.cpu_count()} | {name: os.environ.get(name) for name in names}
