"""Our models beside the libraries people would use: same split, same run, same evaluator.

Every model gets a process of its own in its library's environment. In each row the
processes take turns (A B C A B C ...), so that a slow minute of the machine hits all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from choosing import Validation
from contest import Contestant
from environments import ENVS, HERE, OURS, PEERS, Environment, environment
from record import SPLITS, circumstances, described, write_split
from rows import ROWS, Row
from tqdm import tqdm
from verdict import judged

from recsys_course.data import DatasetError, Split

PROTOCOL = {
    "order": "one warm-up each, then the models of a row take turns; medians over the rounds",
    "timed": "fit, and top-10 lists for all users with training events (or all test predictions); "
    "building the library's own data object is not timed",
    "memory": "peak resident memory of a round over that of the process before its first fit, data loaded",
    "threads": "each library's default on all processors; implicit with one BLAS thread, as it asks",
    "accuracy": "all items compete, what was seen is left out; ndcg@10 and recall@20 over users with "
    "training and test events, any test event is relevant; rmse over all test ratings",
    "choosing": "where a row says best of, every library tried the same values; the best nDCG@10 on a tenth "
    "of the training side, held back at random, at most 1,000 users, was taken; the test side was not seen",
    "ratio": "ours / lowest of the peers; below 1 is in our favour",
    "verdict": "yes: less time for fit + recommend than any peer, and no peer is more accurate (3 decimals)",
}
EXAMPLES = """examples:
  python benchmarks/peers.py                             all rows on ml-100k, 5 rounds
  python benchmarks/peers.py --data ml-1m-positives --patience 300
  python benchmarks/peers.py --rows item-knn ease --reps 9 --out another-folder"""


def run_row(row: Row, homes: dict[str, Environment], split: Split, folder: Path, how: Any) -> dict[str, Any]:
    """All rounds of one row."""
    data = folder / f"{row.task}.npz"
    write_split(split, row.task == "rating", data)
    known = [entry for entry in row.entries if entry.library in homes]
    trials: dict[str, list[dict[str, Any]]] = {}
    if any(entry.tries for entry in known):
        validation = Validation(split, folder)
        for place, entry in enumerate(tqdm(known, desc=f"{row.title}: choosing", unit="library")):
            known[place], trials[entry.label] = validation.best(entry, homes[entry.library], how.limit)
    with tqdm(total=len(known) * (how.reps + 1), desc=row.title, unit="run") as bar:
        contestants: list[Contestant] = []
        try:
            for entry in known:
                contestants.append(Contestant(entry, homes[entry.library], data, how.limit))
                bar.update()
            for _ in range(how.reps):
                for contestant in contestants:
                    bar.set_postfix_str(contestant.entry.label)
                    contestant.take_turn(how.patience)
                    bar.update()
            results = [
                c.result(split, folder / "answer.npy") | {"trials": trials.get(c.entry.label, [])}
                for c in contestants
            ]
        finally:
            for contestant in contestants:
                contestant.close()
    return {"title": row.title, "task": row.task, "results": results} | judged(results, row.task)


def earlier_run(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """The report of an earlier run on the very same split; rows not run now stay, with their own date."""
    report = json.loads(path.read_text()) if path.exists() else {}
    return report if report.get("data") == data else {"rows": {}, "libraries": {}}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=SPLITS, default="ml-100k", help="data and split")
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, metavar="ROW", help=f"of {', '.join(ROWS)}; default all"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=list(PEERS), help="libraries to stand beside"
    )
    parser.add_argument("--reps", type=int, default=5, help="timed rounds after the warm-up")
    parser.add_argument(
        "--patience", type=float, default=120, help="seconds after which a model takes no more turns"
    )
    parser.add_argument("--limit", type=float, default=900, help="seconds to wait for one answer")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for peers-DATA.json")
    parser.add_argument("--envs", type=Path, default=ENVS, help="folder of the libraries' environments")
    how = parser.parse_args(arguments)
    if how.reps < 1:
        parser.error(f"--reps {how.reps}: expected at least 1")
    try:
        split = SPLITS[how.data][0]()
    except DatasetError as error:
        parser.error(str(error))
    stars = len(np.unique(split.train.values)) > 1
    chosen = how.rows or [name for name, row in ROWS.items() if stars or row.task == "ranking"]
    if wrong := [name for name in chosen if ROWS[name].task == "rating" and not stars]:
        parser.error(f"--rows {' '.join(wrong)}: {how.data} holds no stars to predict")
    libraries = {entry.library for name in chosen for entry in ROWS[name].entries} & {OURS, *how.peers}
    homes = {}
    for library in tqdm(sorted(libraries), desc="environments"):
        homes[library] = environment(library, how.envs)
    libraries_used = {n: h.versions if not h.error else {"error": h.error} for n, h in homes.items()}
    path = how.out / f"peers-{how.data}.json"
    earlier = earlier_run(path, described(how.data, split))
    rows: dict[str, Any] = earlier["rows"]
    report = circumstances() | {
        "protocol": PROTOCOL | {"reps": how.reps, "patience_s": how.patience},
        "data": described(how.data, split), "libraries": earlier["libraries"] | libraries_used, "rows": rows,
    }  # fmt: skip
    how.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            rows[name] = run_row(ROWS[name], homes, split, Path(folder), how) | {"date": report["date"]}
            path.write_text(json.dumps(report, indent=1) + "\n")  # a broken run keeps its whole rows
    print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
