"""Coat: ratings that people chose to give beside ratings of items that chance chose."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from recsys_course.data.fetch import Source
from recsys_course.data.logged.info import LOGGED, found, malformed
from recsys_course.interactions import Dataset, Interactions


@dataclass(frozen=True)
class Coat:
    """What :func:`load_coat` gives.

    Attributes:
        data: the chosen ratings of U users for I coats, with tables of both.
        test: the ratings of random coats, in the same id space.
        propensities: (U, I) chance of each pair to be among the chosen, as its authors fitted it.
    """

    data: Dataset
    test: Interactions
    propensities: np.ndarray


def load_coat(folder: str | Path | None = None) -> Coat:
    """The Coat data: a training set that people chose, a test set that chance chose.

    Args:
        folder: with the files, or with a subfolder coat; else ``RECSYS_COURSE_DATA``.

    Raises:
        DatasetError: a file is missing, not the original, or not in its format.
    """
    info = LOGGED["coat"]
    source = found(info, tuple(info.files), folder)
    train = _matrix(source, "train.ascii")
    test, chance = (_matrix(source, member, train.shape) for member in ("test.ascii", "propensities.ascii"))
    if chance.min() <= 0 or chance.max() > 1:
        raise malformed(source, "propensities.ascii", "expected chances above 0 and at most 1")
    items, users = _table(source, "item", train.shape[1]), _table(source, "user", train.shape[0])
    chosen = Dataset(_stars(source, "train.ascii", train), items, users, "coat", info.about)
    return Coat(chosen, _stars(source, "test.ascii", test), chance)


def _stars(source: Source, member: str, R: np.ndarray) -> Interactions:
    """(U, I) stars, 0 for none -> a log without times."""
    if not np.isin(R, range(6)).all() or not R.any():
        raise malformed(source, member, "expected stars 1..5, and 0 for none")
    users, items = np.nonzero(R)
    return Interactions(users, items, R.shape[0], R.shape[1], values=R[users, items])


def _table(source: Source, what: str, n: int) -> pd.DataFrame:
    """One row a code: for each group of 0/1 columns ("gender:men") the name of the one that is set."""
    member = f"{what}_features.ascii"
    names = source.read(f"{what}_features_map.txt").decode().split("\n")
    names = [name.strip() for name in names if name.strip()]
    flags = _matrix(source, member, (n, len(names)))
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        groups.setdefault(name.partition(":")[0], []).append(column)
    table = pd.DataFrame({what: np.arange(n)})
    for group, columns in groups.items():
        values = np.array([names[column].partition(":")[2] for column in columns])
        if not (flags[:, columns].sum(axis=1) == 1).all():
            raise malformed(source, member, f"expected one of the columns of {group} to be 1 in every row")
        table[group] = values[flags[:, columns].argmax(axis=1)]
    return table


def _matrix(source: Source, member: str, shape: tuple[int, int] | None = None) -> np.ndarray:
    content = source.read(member)
    try:
        matrix = np.loadtxt(BytesIO(content), ndmin=2)
    except ValueError as error:
        raise malformed(source, member, error) from error
    if not matrix.size or not np.isfinite(matrix).all():
        raise malformed(source, member, "expected a table of finite numbers")
    if shape is not None and matrix.shape != shape:
        raise malformed(source, member, f"shape {matrix.shape}; expected {shape}, as the other files have")
    return matrix
