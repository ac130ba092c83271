"""Lists as a teacher, such as a language model's rankings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys_course.base import check_range
from recsys_course.distillation.lists import position_weights
from recsys_course.distillation.teacher import Teacher
from recsys_course.neural import Batch


class RankingTeacher(Teacher):
    r"""Lists as a teacher, such as rankings of candidates by a language model, asked once and kept.

    The item at place r has the logit :math:`-r / \lambda`, so that chances fall as :func:`.position_weights`;
    an item that is not listed is not on offer. Questions without a list teach nothing.

    Args:
        users: (N,) whose lists. lists: (N, k) item codes, best first, -1 fills up a short list.
        n_items: I. decay: lambda, in places.
        targets: (N,) the item that came next when the list was made: it then counts for the question with
            this user and target; None: for every question of the user.

    Raises:
        ValueError: lengths differ, a code outside 0..n_items-1, an empty list or one with an item twice, or
            two lists for one question. TypeError: codes that are no whole numbers.
    """

    def __init__(
        self, users: Any, lists: Any, n_items: int, targets: Any = None, decay: float = 10.0
    ) -> None:
        check_range("n_items", n_items, 1, "items,")
        users, lists = _codes("users", users), _codes("lists", lists)
        self.n_items, self.decay, self.by_target = n_items, decay, targets is not None
        keys = users if targets is None else users * n_items + _targets(targets, users, n_items)
        _check_lists(keys, lists, n_items)
        order = np.argsort(keys)
        self.keys, self.lists = torch.from_numpy(keys[order]), torch.from_numpy(lists[order])
        self.place = position_weights(lists.shape[1], decay).log()  # (k,)
        self.model = (self.keys, self.lists, decay)

    @property
    def name(self) -> str:
        """RankingTeacher."""
        return type(self).__name__

    def known(self, batch: Batch) -> Tensor:
        """(m,) bool, the questions that have a list."""
        return self._found(batch)[1]

    def _logits(self, batch: Batch) -> Tensor:
        rows, _ = self._found(batch)
        lists = self.lists[rows.cpu()].to(batch.users.device)  # (m, k)
        place = self.place.to(lists.device).expand(lists.shape).masked_fill(lists < 0, -torch.inf)
        table = torch.full((len(lists), self.n_items), -torch.inf, device=lists.device)
        return table.scatter_reduce(1, lists.clamp_min(0), place, "amax")  # a filler changes nothing

    def _found(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(m,) rows of the lists and (m,) whether they are those of the questions."""
        asked = batch.users * self.n_items + batch.targets if self.by_target else batch.users
        keys = self.keys.to(asked.device)
        rows = torch.searchsorted(keys, asked.contiguous()).clamp_max(len(keys) - 1)
        return rows, keys[rows] == asked


def _codes(name: str, values: Any) -> np.ndarray:
    """The values as whole numbers, which they have to be."""
    codes = np.asarray(values)
    if codes.size and codes.dtype.kind not in "iu":
        raise TypeError(f"{name}: {codes.dtype} values; expected integer codes")
    return codes.astype(np.int64)


def _targets(targets: Any, users: np.ndarray, n_items: int) -> np.ndarray:
    """(N,) one item for each user: another one would be the key of another user's question."""
    codes = _codes("targets", targets)
    if codes.shape != users.shape:
        raise ValueError(f"targets: shape {codes.shape}; expected {users.shape}, one for each of users")
    if codes.size and not (codes.min() >= 0 and codes.max() < n_items):
        raise ValueError(f"targets: codes {codes.min()}..{codes.max()}; expected 0..{n_items - 1}")
    return codes


def _check_lists(keys: np.ndarray, lists: np.ndarray, n_items: int) -> None:
    """Refuse what :class:`RankingTeacher` cannot learn from."""
    if lists.ndim != 2 or keys.shape != (len(lists),) or not lists.size:
        raise ValueError(
            f"lists: shape {lists.shape} for {keys.size} users; expected (N, k), a list for each"
        )
    if lists.min() < -1 or lists.max() >= n_items:
        raise ValueError(
            f"lists: codes {lists.min()}..{lists.max()}; expected 0..{n_items - 1}, -1 as filler"
        )
    if len(np.unique(keys)) < len(keys):
        raise ValueError("users: two lists for one question; expected one")
    ordered = np.sort(lists, axis=1)
    if (lists[:, 0] < 0).any() or ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("lists: an empty list, or an item twice; expected different items, best first")
