"""The settings that all learned models here share, checked in one place."""

from __future__ import annotations

from typing import Any

from recsys_course.base import check_range
from recsys_course.training import Training


def training_of(model: Any) -> Training:
    """How a model's module is trained, from the model's own fields.

    One thread: steps of some hundred rows are too short to share, and so the number of processors
    does not show in the result.

    Raises:
        ValueError: a field outside its range.
    """
    check_range("n_factors", model.n_factors, 1, "factors,")
    check_range("reg", model.reg, 0, "a penalty of")
    return Training(
        n_epochs=model.n_epochs,
        batch_size=model.batch_size,
        learning_rate=model.learning_rate,
        weight_decay=model.reg,
        device=model.device,
        n_threads=1,
        seed=model.seed,
    )
