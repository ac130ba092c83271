"""A teacher's answers on disk: the best items of each question, and how much chance all others have.

Keeping all I logits of N questions would take N I numbers; the first ``keep`` of them, and the logarithm of
the sum of the exponentials of the rest, take N (2 keep + 1).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import shutil
import warnings
from collections.abc import Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from recsys_course.distillation.teacher import Teacher
from recsys_course.neural import Batch, Examples
from recsys_course.progress import progress

NAMES = ("items", "logits", "rest")


class TopLogits(NamedTuple):
    """The first of a teacher's logits: items (m, keep), logits (m, keep), rest (m,) ln of the others' sum."""

    items: torch.Tensor
    logits: torch.Tensor
    rest: torch.Tensor

    def dense(self, n_items: int) -> Tensor:
        """(m, I) logits in which all others are alike; at T = 1 the kept items have their exact chances."""
        others = n_items - self.items.shape[1]
        each = self.rest - math.log(others) if others else self.rest  # (m,)
        table = each[:, None].expand(len(each), n_items)
        return table.scatter(1, self.items.long(), self.logits)


def top_logits(logits: Tensor, keep: int) -> TopLogits:
    """(m, I) -> the first ``keep`` of each row, best first, and ln of the sum of the rest's exp."""
    best = logits.topk(min(keep, logits.shape[1]))
    rest = logits.scatter(1, best.indices, -torch.inf).logsumexp(1)
    return TopLogits(best.indices.int(), best.values, rest)


class Kept(Teacher):
    """A teacher whose answers to the questions of some training rows lie on disk, under a key of contents.

    Args:
        teacher: who answers. examples: the training rows. n_users: users of the log. folder: where answers
            lie. keep: logits of each question. device: where the examples are.

    The key covers the teacher (its weights, its settings), every question, and ``keep``. Answers that are
    damaged or half-written are made again; where the folder cannot be written, a warning says so and the
    teacher is asked at every batch.
    """

    def __init__(
        self, teacher: Teacher, examples: Examples, n_users: int, folder: Path, keep: int, device: Any = "cpu"
    ) -> None:
        self.teacher, self.folder, self.keep = teacher, folder, min(keep, teacher.n_items)
        self.model, self.n_items, self.n_users = teacher.model, teacher.n_items, teacher.n_users
        self.questions = partial(teacher.ahead, examples, n_users, device)
        self.n, batches = self.questions()
        self.key = content_hash(chain([teacher.terms(), self.keep], map(_plain, batches)))
        self.arrays = self._read() or self._write()

    def numbers(self, batch: Batch) -> Tensor:
        """(m,) the teacher's numbers of questions."""
        return self.teacher.numbers(batch)

    def known(self, batch: Batch) -> Tensor | None:
        """(m,) bool, what the teacher can answer."""
        return self.teacher.known(batch)

    def _hidden(self, batch: Batch) -> Tensor:
        return self.teacher.hidden(batch)

    def _logits(self, batch: Batch) -> Tensor:
        if self.arrays is None:
            return self.teacher.logits(batch)
        return self._told(batch).dense(self.n_items).to(batch.users.device)

    def listed(self, batch: Batch) -> Tensor:
        """(m, I) the kept logits alone: the others are alike only because they were not kept."""
        if self.arrays is None:
            return self.teacher.listed(batch)
        told = self._told(batch)
        alone = told._replace(rest=torch.full_like(told.rest, -torch.inf))
        return self._checked(alone.dense(self.n_items)).to(batch.users.device)

    def _told(self, batch: Batch) -> TopLogits:
        assert self.arrays is not None
        numbers = self.numbers(batch).cpu().numpy()
        return TopLogits(*(torch.from_numpy(self.arrays[name][numbers]) for name in NAMES))

    def path(self) -> Path:
        """The folder of these answers."""
        return self.folder / self.key

    def _read(self) -> dict[str, np.ndarray] | None:
        """The arrays, if they are whole."""
        try:
            sums = json.loads((self.path() / "sums.json").read_text())
            if any(_sum(self.path() / f"{name}.npy") != sums[name] for name in NAMES):
                return None
            return {name: np.load(self.path() / f"{name}.npy", mmap_mode="r") for name in NAMES}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self) -> dict[str, np.ndarray] | None:
        """Ask the teacher everything once; the folder gets its name when all is in it."""
        half = self.folder / f"{self.key}.{os.getpid()}.part"
        try:
            half.mkdir(parents=True, exist_ok=True)
            self._fill(half)
            sums = {name: _sum(half / f"{name}.npy") for name in NAMES}
            (half / "sums.json").write_text(json.dumps(sums))
            shutil.rmtree(self.path(), ignore_errors=True)
            os.replace(half, self.path())
        except OSError as problem:
            self._warn(problem)
            return None
        finally:
            shutil.rmtree(half, ignore_errors=True)
        return self._read()

    def _warn(self, problem: OSError) -> None:
        warnings.warn(
            f"cache: cannot write {self.folder} ({problem}); the teacher is asked at every batch. "
            "Name another folder, or None",
            stacklevel=4,
        )

    def _fill(self, half: Path) -> None:
        wide, kinds = (self.n, self.keep), (np.int32, np.float32, np.float32)
        arrays = {
            name: np.lib.format.open_memmap(half / f"{name}.npy", "w+", kind, shape)
            for name, kind, shape in zip(NAMES, kinds, (wide, wide, (self.n,)), strict=True)
        }
        _, batches = self.questions()
        for batch in progress(batches, "asking the teacher", unit="batch"):
            numbers = self.numbers(batch).cpu().numpy()
            best = top_logits(self.teacher.logits(batch), self.keep)
            for name, part in zip(NAMES, best, strict=True):
                arrays[name][numbers] = part.cpu().numpy()
        for array in arrays.values():
            array.flush()


def content_hash(values: Iterable[Any]) -> str:
    """32 hexadecimal digits of what the values hold: arrays, tensors, modules, fitted models.

    Raises:
        TypeError: they hold what cannot be pickled, such as a function without a name.
    """
    total = hashlib.sha256()

    class Sink:
        def write(self, part: Any) -> None:
            total.update(part)

    try:
        for value in values:
            pickler = _Pickler(Sink(), protocol=5)
            pickler.fast = True  # what is met twice is written twice: a copy has the hash of its original
            pickler.dump(value)
    except (AttributeError, TypeError, ValueError, RecursionError, pickle.PicklingError) as problem:
        raise TypeError(
            f"cache: {problem}; expected a teacher that can be pickled, or cache=None"
        ) from problem
    return total.hexdigest()[:32]


class _Pickler(pickle.Pickler):
    """Arrays and tensors by their numbers alone, not by where and how these lie in memory."""

    def reducer_override(self, thing: Any) -> Any:
        array = thing.detach().cpu().numpy() if isinstance(thing, Tensor) else thing
        if isinstance(array, np.ndarray) and array.dtype != object:
            return np.frombuffer, (array.tobytes(), array.dtype.str, array.shape)
        return NotImplemented


def _plain(batch: Batch) -> list[Tensor | None]:
    return [batch.users, batch.targets, batch.histories, batch.asked, batch.numbers]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
