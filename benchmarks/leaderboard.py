"""Every registered model on real data: rankers into the future, rating predictors by RMSE.

Rankers: MovieLens 100K (any rating counts) and MovieLens 1M (4 stars or more), learned up
to one moment and judged after it. Predictors of stars: MovieLens 100K, random 80/20.
Every model gets the same number of trials on a validation part. Models that draw random
numbers run with several seeds; mean and standard deviation are kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from environments import HERE
from record import SPLITS, circumstances, described
from tqdm import tqdm
from tuning import tuned

from recsys_course.data import DatasetError, Split
from recsys_course.evaluation import evaluate
from recsys_course.registry import MODELS, make_model, model_info, parameters

METRICS = {"ranking": ["ndcg@10", "recall@20", "coverage@10"], "rating": ["rmse", "mae"]}
BOARDS = {
    "ml-100k-time": "ranking",
    "ml-1m-positives-time": "ranking",
    "ml-100k": "rating",
}
PROTOCOL = {
    "ranking": "one moment in time; all items compete, what was seen is left out; users with both "
    "training and test events",
    "rating": "random 80/20; error over all test ratings, in stars",
    "models": "rankers everywhere; models that predict stars only where the log has stars to learn from",
    "parameters": "the best of as many trials for every model, defaults first, the others drawn at random; "
    "judged on the last fifth of the training side in time (ranking) or a random fifth of it (rating); "
    "the test side is not seen",
    "seeds": "mean and sample standard deviation over the seeds; one seed for models without randomness",
}
EXAMPLES = """examples:
  python benchmarks/leaderboard.py
  python benchmarks/leaderboard.py --boards ml-100k-time --models ease item-knn --seeds 5"""


def entry(name: str, task: str, split: Split, n_seeds: int, n_trials: int) -> dict[str, Any]:
    """One line of a board: parameters, metrics per seed and their mean and spread."""
    random = "seed" in parameters(name)
    chosen, trials = tuned(name, task, METRICS[task][0], split, n_trials)
    warm = np.unique(split.train.users) if task == "ranking" else None  # popularity would serve the others
    runs = []
    for seed in range(n_seeds if random else 1):
        model = make_model(name, **chosen | ({"seed": seed} if random else {}))
        runs.append(evaluate(model, split, metrics=METRICS[task], users=warm))
    fields = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    used = {key: value for key, value in fields.items() if key != "seed" and value is not None}
    mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    spread = {
        key: float(np.std([run[key] for run in runs], ddof=1)) for key in METRICS[task] if len(runs) > 1
    }
    return {"model": name, "about": model_info(name).about, "parameters": used, "seeds": len(runs)} | {
        "mean": mean, "spread": spread, "trials": trials,
    }  # fmt: skip


def board(data: str, task: str, how: argparse.Namespace) -> dict[str, Any]:
    """All chosen models on one split; a model that fails is kept with its reason."""
    split = SPLITS[data][0]()
    stars = len(np.unique(split.train.values)) > 1
    able = [n for n in how.models if model_info(n).does(task) and (stars or model_info(n).kind == "ranking")]
    lines, failed = [], {}
    bar = tqdm(able, desc=f"{data} {task}")
    for name in bar:
        bar.set_postfix_str(name)
        try:
            lines.append(entry(name, task, split, how.seeds, how.trials))
        except (ValueError, RuntimeError) as error:
            failed[name] = f"{type(error).__name__}: {error}"
    first = METRICS[task][0]
    lines.sort(key=lambda line: line["mean"][first], reverse=task == "ranking")
    return {"task": task, "data": described(data, split), "lines": lines, "failed": failed}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boards", nargs="+", choices=BOARDS, default=list(BOARDS), help="data and split")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--seeds", type=int, default=3, help="runs of a model that draws random numbers")
    parser.add_argument("--trials", type=int, default=8, help="settings that each model is tried with")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for leaderboard.json")
    how = parser.parse_args(arguments)
    if how.seeds < 1:
        parser.error(f"--seeds {how.seeds}: expected at least 1")
    if how.trials < 1:
        parser.error(f"--trials {how.trials}: expected at least 1")
    try:
        boards = {data: board(data, BOARDS[data], how) for data in how.boards}
    except DatasetError as error:
        parser.error(str(error))
    report = circumstances() | {
        "protocol": PROTOCOL | {"n_seeds": how.seeds, "n_trials": how.trials},
        "boards": boards,
    }
    how.out.mkdir(parents=True, exist_ok=True)
    path = how.out / "leaderboard.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
