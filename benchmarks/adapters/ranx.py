"""ranx: each metric of each user, asked in its own environment.

    python -m adapters.ranx LISTS.npz ANSWER.npz

reads ranked (B, n), relevant as indptr and indices, k (B,), and writes one array (B,) a metric.
"""

from __future__ import annotations

import sys

import numpy as np
from ranx import Qrels, Run, evaluate

METRICS = ("precision", "recall", "f1", "hit_rate", "mrr", "map", "ndcg")
NOTHING = {"none": 0}  # a query must have a judged document: this one is judged not relevant


def asked(held: dict[str, np.ndarray], users: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Values of all metrics for the users who look at k ranks; the names sort as the users do."""
    start, items = held["indptr"], held["indices"]
    qrels, run = {}, {}
    for user in users:
        name, listed = f"u{user:08d}", held["ranked"][user]
        liked = items[start[user] : start[user + 1]]
        qrels[name] = {str(item): 1 for item in liked} or NOTHING
        run[name] = {str(item): float(len(listed) - place) for place, item in enumerate(listed) if item >= 0}
    names = [f"{metric}@{k}" for metric in METRICS]
    return evaluate(Qrels(qrels), Run(run), names, return_mean=False)


def main(source: str, target: str) -> None:
    held = dict(np.load(source))
    answer = {metric: np.full(len(held["k"]), np.nan) for metric in METRICS}
    for k in np.unique(held["k"]):
        users = np.flatnonzero(held["k"] == k)
        for name, values in asked(held, users, int(k)).items():
            answer[name.partition("@")[0]][users] = values
    np.savez(target, **answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
