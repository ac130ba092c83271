"""What is tried when a model is tuned, as data: one line an option.

A list is chosen from. A pair is a range on a logarithmic scale, of counts when both ends are
int. The defaults of the model lie inside, because they are the first trial.
"""

from __future__ import annotations

from typing import Any

Space = dict[str, list[Any] | tuple[Any, Any]]

NEIGHBOURS: Space = {
    "k": [10, 20, 50, 100, 200, 400], "shrinkage": [0.0, 1.0, 10.0, 50.0], "inverse_frequency": [False, True],
}  # fmt: skip
RATING_NEIGHBOURS: Space = {"k": [10, 20, 30, 50, 80], "shrinkage": [0.0, 1.0, 5.0, 20.0]}
PENALTY = (0.01, 0.2)
SPACES: dict[str, Space] = {
    "recent-popularity": {"half_life": (1.0, 365.0)},
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
    "content-knn": {"k": [10, 20, 50, 100, 200, 400], "measure": ["cosine", "jaccard"]},
    "content-profile": {
        "profile": ["mean", "rocchio"],
        "negative": [0.1, 0.25, 0.5, 1.0],
        "half_life": [None, 7.0, 30.0, 180.0],
    },
    "item2vec": {
        "n_factors": (16, 128),
        "window": [3, 5, 10, 20],
        "n_epochs": (5, 40),
        "learning_rate": (0.01, 0.1),
        "sample": [1e-4, 1e-3, 1e-2],
        "power": [-0.5, 0.75],
        "gap": [1800, 86_400, None],
    },
    "mlp": {"n_factors": (8, 64), "n_epochs": (5, 40), "learning_rate": (3e-4, 1e-2), "loss": ["bce", "bpr"]},
    "two-towers": {
        "n_factors": (16, 128),
        "n_epochs": (5, 60),
        "learning_rate": (3e-4, 1e-2),
        "temperature": [0.05, 0.1, 0.2, 0.5],
        "user": ["id", "history"],
    },
    "sasrec": {
        "n_factors": [32, 64, 128],
        "n_layers": [1, 2, 3],
        "n_epochs": (5, 60),
        "learning_rate": (3e-4, 3e-3),
        "dropout": [0.1, 0.2, 0.3, 0.5],
    },
}  # popularity and random have nothing to choose
