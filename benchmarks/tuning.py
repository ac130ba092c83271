"""The same number of trials for every model, judged on the last part of its training side.

The test side is not seen. The first trial is the constructor's defaults, the others are drawn
at random from ``SPACES``; a model without free options has one trial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from record import SEED

from recsys_course.data import Split, split_by_time, split_random
from recsys_course.evaluation import evaluate
from recsys_course.registry import make_model

# A list is chosen from; a pair is a range: of counts if both are int, else on a logarithmic scale.
Space = dict[str, list[Any] | tuple[Any, Any]]
NEIGHBOURS: Space = {
    "k": [10, 20, 50, 100, 200, 400], "shrinkage": [0.0, 1.0, 10.0, 50.0], "inverse_frequency": [False, True],
}  # fmt: skip
RATING_NEIGHBOURS: Space = {"k": [10, 20, 30, 50, 80], "shrinkage": [0.0, 1.0, 5.0, 20.0]}
PENALTY = (0.01, 0.2)
SPACES: dict[str, Space] = {
    "damped-means": {"damping": (0.5, 50.0)},
    "item-knn": NEIGHBOURS,
    "user-knn": NEIGHBOURS,
    "incremental": {key: NEIGHBOURS[key] for key in ("k", "shrinkage")},
    "swing": {"k": [20, 50, 100, 200], "alpha": (0.1, 30.0)},
    "item-knn-rating": RATING_NEIGHBOURS,
    "user-knn-rating": RATING_NEIGHBOURS,
    "funk-svd": {
        "n_factors": (8, 128),
        "n_epochs": (10, 60),
        "learning_rate": (0.003, 0.05),
        "reg": (0.01, 0.2),
    },
    "svdpp": {"n_factors": (8, 64), "n_epochs": (10, 60), "learning_rate": (0.003, 0.03), "reg": PENALTY},
    "als": {"n_factors": (4, 64), "n_epochs": (5, 20), "reg": (0.03, 0.5)},
    "fm": {"n_factors": (4, 32), "n_epochs": (10, 60), "learning_rate": (0.003, 0.05), "reg": PENALTY},
    "implicit-als": {"n_factors": (16, 128), "alpha": (0.3, 30.0), "reg": (0.01, 100.0)},
    "bpr": {"n_factors": (16, 128), "n_epochs": (20, 100), "learning_rate": (0.01, 0.1), "reg": (0.002, 0.1)},
    "ease": {"reg": (50.0, 5000.0)},
    "slim": {"reg": (10.0, 1000.0), "l1": (0.5, 20.0)},
}


def tuned(name: str, task: str, metric: str, split: Split, n_trials: int) -> tuple[dict[str, Any], list[Any]]:
    """The options that did best on the validation part, and every trial."""
    hold_out = split_by_time if task == "ranking" else split_random
    part = hold_out(split.train, 0.2)
    warm = np.unique(part.train.users) if task == "ranking" else None
    rng = np.random.default_rng(SEED)
    settings = [{}] + [draw(SPACES[name], rng) for _ in range(n_trials - 1) if name in SPACES]
    trials = []
    for setting in settings:
        model = make_model(name, **setting)
        try:
            value = evaluate(model, part, metrics=[metric], users=warm)[metric]
        except RuntimeError as error:  # a step too large is a result, too
            trials.append({"options": setting, "error": str(error)})
            continue
        trials.append({"options": setting, metric: value})
    sign = 1 if task == "ranking" else -1
    best = max((trial for trial in trials if metric in trial), key=lambda trial: sign * trial[metric])
    return best["options"], trials


def draw(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """One setting at random."""
    setting: dict[str, Any] = {}
    for key, values in space.items():
        if isinstance(values, list):
            setting[key] = values[rng.integers(len(values))]
        else:
            value = np.exp(rng.uniform(*np.log(values)))
            setting[key] = round(value) if isinstance(values[0], int) else float(f"{value:.3g}")
    return setting
