"""The splits that figures are made on, and the record that makes them comparable later."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from recsys_course.data import Split, load, split_by_time, split_random

SEED = 0
ML_1M_TEST_FROM = 978_130_000  # seconds; between the last validation event (978129055) and the first test one


def ml_100k_random() -> Split:
    return split_random(load("ml-100k").log, 0.2, seed=SEED)


def ml_100k_time() -> Split:
    return split_by_time(load("ml-100k").log, 0.2)


def ml_1m_random() -> Split:
    return split_random(load("ml-1m-positives").log, 0.2, seed=SEED)


def ml_1m_time() -> Split:
    return split_by_time(load("ml-1m-positives").log, at=ML_1M_TEST_FROM)


SPLITS: dict[str, tuple[Callable[[], Split], str]] = {
    "ml-100k": (ml_100k_random, "MovieLens 100K, random 80/20"),
    "ml-100k-time": (ml_100k_time, "MovieLens 100K, one moment in time, last 20 %"),
    "ml-1m-positives": (ml_1m_random, "MovieLens 1M, 4 stars or more, random 80/20"),
    "ml-1m-positives-time": (ml_1m_time, "MovieLens 1M, 4 stars or more, one moment in time"),
}


def described(name: str, split: Split) -> dict[str, Any]:
    """What was learned from and judged on, down to a checksum of the events."""
    return {
        "name": name, "about": SPLITS[name][1], "users": split.train.n_users, "items": split.train.n_items,
        "train": len(split.train), "test": len(split.test),
        "sha256_train": split.train.fingerprint(), "sha256_test": split.test.fingerprint(),
    }  # fmt: skip


def circumstances() -> dict[str, Any]:
    """When and where: date, interpreter, processor, system."""
    packages = ("recsys-course", "numpy", "scipy", "numba")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "seed": SEED,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def write_split(split: Split, stars: bool, path: Path, served: np.ndarray | None = None) -> None:
    """The file that every worker reads: events and pairs, but not the answers of the test side.

    ``served`` are the users who get lists; None means all with a training event.
    """
    train = split.train if stars else split.train.binary()
    np.savez(
        path, users=train.users, items=train.items, values=train.values, n_users=train.n_users,
        n_items=train.n_items, served=np.unique(train.users) if served is None else served,
        test_users=split.test.users, test_items=split.test.items,
    )  # fmt: skip
