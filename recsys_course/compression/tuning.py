"""Training a compressed module on, so that what is left makes up for what is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import nn

from recsys_course.interactions import Interactions
from recsys_course.neural import TorchRecommender
from recsys_course.neural.trainable import check_module


def train_on(
    model: TorchRecommender, module: nn.Module, data: Interactions, loss: Any = None, **settings: Any
) -> TorchRecommender:
    """The recommender ``model`` again, fitted on ``data`` with a copy of ``module`` to start from.

    Args:
        model: a recommender whose way of training is used. module: pruned, prepared by :func:`.prepare_qat`,
            with another table, ...
        loss: (model, module, batch, rng) -> scalar, such as :class:`.GradualPruning`; None takes its own.
        settings: fields of ``model`` to change, such as ``n_epochs`` and a smaller ``learning_rate``. No
            checkpoint is kept unless one is named here: it would be of another training.

    Raises:
        TypeError: no module, or no such field.

    Zeros of :func:`.magnitude_prune` are weights like others and do not stay 0 here, :class:`.GradualPruning`
    with ``n_steps=1`` holds them.
    """
    check_module(module)
    return replace(model, **({"checkpoint": None} | settings)).train_with(data, loss, start=module)
