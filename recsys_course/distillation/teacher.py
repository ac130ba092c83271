"""What a teacher is: somebody who answers the m questions of a student's batch with (m, I) logits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from recsys_course.neural import Batch, Examples

LOGITS_AT_ONCE = 2**21  # of a teacher's answers that are made ahead, held at a time: 8 MB


class Teacher(ABC):
    """Answers questions about n_items items.

    Attributes:
        model: what makes the answers, for a key to keep them by. n_items: I.
        n_users: users it knows by their code; None where codes do not matter.
    """

    model: Any
    n_items: int
    n_users: int | None = None

    @abstractmethod
    def _logits(self, batch: Batch) -> Tensor: ...

    @torch.no_grad()
    def logits(self, batch: Batch) -> Tensor:
        """(m, I) constants on the batch's device; minus infinity: not on offer.

        Raises:
            ValueError: the answers are no numbers.
        """
        return self._checked(self._logits(batch))

    def listed(self, batch: Batch) -> Tensor:
        """(m, I) as :meth:`logits`, minus infinity for items of which it tells no order; here, for none."""
        return self.logits(batch)

    @torch.no_grad()
    def hidden(self, batch: Batch) -> Tensor:
        """(m, D) the vectors that are multiplied with the items', constants.

        Raises:
            TypeError: it has none. ValueError: they are no numbers.
        """
        return self._checked(self._hidden(batch))

    def _hidden(self, batch: Batch) -> Tensor:
        raise TypeError(
            f"teacher: {self.name} has no hidden vectors; expected a torch model on the same batches"
        )

    def known(self, batch: Batch) -> Tensor | None:
        """(m,) bool, the questions it can answer; None for all."""
        return None

    def _checked(self, answers: Tensor) -> Tensor:
        bad = answers.isnan() | (answers == torch.inf)
        if bool(bad.any()):
            row, column = (int(code) for code in bad.nonzero()[0])
            told = float(answers[row, column])
            raise ValueError(f"teacher: {self.name} says {told} in column {column}; expected finite numbers")
        return answers

    @property
    def width(self) -> int:
        """D, the length of its hidden vectors."""
        raise TypeError(
            f"teacher: {self.name} has no hidden vectors; expected a torch model for this objective"
        )

    @property
    def name(self) -> str:
        """How messages call it."""
        return type(self.model).__name__

    def parts(self) -> Sequence[Teacher]:
        """Those who answer: itself, or the several that it is made of."""
        return [self]

    def numbers(self, batch: Batch) -> Tensor:
        """(m,) questions of one number have one answer; here, each training question has its own."""
        if batch.numbers is None:
            raise ValueError(
                "cache: the student's batches do not number their questions; expected cache=None"
            )
        return batch.numbers

    def ahead(self, examples: Examples, n_users: int, device: Any = "cpu") -> tuple[int, Iterator[Batch]]:
        """How many numbers there are, and batches in which each comes up; for answers made ahead."""
        in_a_row = max(1, examples.n_questions // max(1, len(examples)))
        at_once = max(1, LOGITS_AT_ONCE // (in_a_row * self.n_items))
        rows = torch.arange(len(examples), device=device).split(at_once)
        return examples.n_questions, (examples.batch(some) for some in rows)

    def terms(self) -> list[Any]:
        """All that its answers depend on."""
        return [type(self).__name__, self.name, self.model]
