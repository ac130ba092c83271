"""Our metrics beside those of ranx and scikit-learn, case by case, with the reason for each difference.

A reason says beforehand which cases it covers, from the case alone (a list shorter than k, a user
without relevant items). A difference outside of all reasons is counted as unexplained.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from cases import Lists, Rows, random_lists, random_rows
from environments import ENVS, HERE, Environment, environment
from record import SEED, circumstances
from their_metrics import Skipped, ranx_values, sklearn_list_values, sklearn_row_values

from recsys_course import metrics

TOLERANCE = 1e-9
LISTS = {
    "precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1, "hit_rate": metrics.hit_rate,
    "mrr": metrics.mrr, "map": metrics.average_precision, "ndcg": metrics.ndcg,
}  # fmt: skip
EXAMPLES = """examples:
  python benchmarks/agreement.py                     ten thousand cases, some minutes
  python benchmarks/agreement.py --cases 200 --out my-agreement.json
  python benchmarks/agreement.py --libraries scikit-learn"""


@dataclass(frozen=True)
class Reason:
    """Why a library differs, (C,) bool: on which cases it may, and what it says there, if one number."""

    why: str
    covers: np.ndarray
    theirs: float | None = None


@dataclass
class Found:
    """What one reason covers: cases, those that differ, and the largest difference of two finite numbers."""

    why: str
    cases: int
    differ: int
    largest: float | None


def our_list_values(lists: Lists) -> dict[str, np.ndarray]:
    """Metric -> (B,) values, each user at the k of the case."""
    answer = {name: np.full(len(lists.k), np.nan) for name in LISTS}
    for k in np.unique(lists.k):
        users = np.flatnonzero(lists.k == k)
        for name, metric in LISTS.items():
            answer[name][users] = metric(lists.ranked[users], lists.relevant[users], int(k), mean=False)
    return answer


def our_row_values(rows: Rows) -> dict[str, np.ndarray]:
    """Metric -> (C,) values."""
    judged = {"auc": (metrics.auc, rows.scores), "log_loss": (metrics.log_loss, rows.probabilities)}
    values = {
        name: np.array([metric(*pair) for pair in zip(rows.labels, said, strict=True)])
        for name, (metric, said) in judged.items()
    }
    for name, error in (("rmse", metrics.rmse), ("mae", metrics.mae)):
        values[name] = np.array([error(*pair) for pair in zip(rows.stars, rows.predicted, strict=True)])
    return values


def list_reasons(library: str, metric: str, lists: Lists) -> list[Reason]:
    """Why lists may be judged differently, in the order in which reasons take cases."""
    nobody = "nothing relevant: ours is NaN and left out of the mean, theirs is 0"
    reasons = [Reason(nobody, lists.n_relevant == 0, theirs=0)]
    missed = lists.n_hits < lists.n_relevant
    short, many = lists.n_listed < lists.k, lists.n_relevant > lists.k
    special = {
        ("ranx", "map"): (many, "more relevant items than k: theirs divides by all of them, ours by k"),
        ("scikit-learn", "precision"): (
            short,
            "list shorter than k: theirs divides by its length, ours by k",
        ),
        ("scikit-learn", "f1"): (
            short,
            "list shorter than k: its precision divides by the length, ours by k",
        ),
        ("scikit-learn", "ndcg"): (
            short,
            "list shorter than k: theirs fills it with a mean over unlisted items",
        ),
        ("scikit-learn", "map"): (
            missed,
            "a relevant item below rank k: theirs has no k and still credits it",
        ),
    }
    if (library, metric) in special:
        covers, why = special[library, metric]
        reasons.append(Reason(why, covers))
    return reasons


def row_reasons(metric: str, rows: Rows) -> list[Reason]:
    """Why labels and probabilities may be judged differently."""
    if metric != "log_loss":
        return []
    impossible = np.where(rows.labels, rows.probabilities == 0, rows.probabilities == 1).any(axis=1)
    return [Reason("a probability of 0 for what happened: ours is infinite, theirs is clipped", impossible)]


def compared(ours: np.ndarray, theirs: np.ndarray, reasons: list[Reason]) -> dict[str, Any]:
    """One row of the table: how many cases differ, and how each difference is explained."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    gap = np.abs(np.where(finite, ours, 0) - np.where(finite, theirs, 0))  # (C,)
    same = np.where(finite, gap <= TOLERANCE, (ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))

    def found(why: str, chosen: np.ndarray) -> Found:
        numbers = gap[chosen & finite]
        largest = float(numbers.max()) if len(numbers) else None
        return Found(why, int(chosen.sum()), int((chosen & ~same).sum()), largest)

    left, explained = np.ones(len(ours), dtype=bool), []
    for reason in reasons:
        covers = left if reason.theirs is None else left & (theirs == reason.theirs)
        explained.append(found(reason.why, reason.covers & covers))
        left = left & ~(reason.covers & covers)
    rest = found("", left)
    return {
        "cases": len(ours), "differ": int((~same).sum()), "largest": found("", left | ~left).largest,
        "reasons": [asdict(one) for one in explained],
        "elsewhere": {"cases": rest.cases, "largest": rest.largest}, "unexplained": rest.differ,
    }  # fmt: skip


def table(lists: Lists, rows: Rows, home: Environment | None, sklearn: bool) -> Iterator[dict[str, Any]]:
    """Rows of the comparison; a library that cannot be asked leaves one with the reason."""
    ours, ours_too = our_list_values(lists), our_row_values(rows)
    if home is not None:
        try:
            for metric, theirs in ranx_values(lists, home).items():
                about = {"metric": metric, "library": "ranx"}
                yield about | compared(ours[metric], theirs, list_reasons("ranx", metric, lists))
        except Skipped as reason:
            yield from ({"metric": metric, "library": "ranx", "skipped": str(reason)} for metric in LISTS)
    if sklearn:
        about = {"library": "scikit-learn"}
        for metric, theirs in sklearn_list_values(lists).items():
            reasons = list_reasons("scikit-learn", metric, lists)
            yield {"metric": metric} | about | compared(ours[metric], theirs, reasons)
        for metric, theirs in sklearn_row_values(rows).items():
            yield {"metric": metric} | about | compared(ours_too[metric], theirs, row_reasons(metric, rows))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    both, out = ["ranx", "scikit-learn"], HERE / "results" / "agreement.json"
    parser.add_argument("--cases", type=int, default=10_000, help="random cases (default: %(default)s)")
    parser.add_argument("--libraries", nargs="+", choices=both, default=both, help="whom to compare with")
    parser.add_argument("--out", type=Path, default=out, help="file to write (default: %(default)s)")
    parser.add_argument("--envs", type=Path, default=ENVS, help="folder of the libraries' environments")
    how = parser.parse_args(arguments)
    if how.cases < 1:
        parser.error(f"--cases {how.cases}: expected at least 1")
    return how


def main(arguments: list[str] | None = None) -> None:
    how = parse(arguments)
    rng = np.random.default_rng(SEED)
    lists, rows = random_lists(how.cases, rng), random_rows(how.cases, rng)
    sklearn, home = "scikit-learn" in how.libraries, None
    libraries: dict[str, Any] = {"scikit-learn": {"scikit-learn": version("scikit-learn")}} if sklearn else {}
    if "ranx" in how.libraries:
        home = environment("ranx", how.envs)
        libraries["ranx"] = {"error": home.error} if home.error else home.versions
    report = circumstances() | {
        "command": "python benchmarks/agreement.py", "cases": how.cases, "tolerance": TOLERANCE,
        "libraries": libraries, "rows": list(table(lists, rows, home, sklearn)),
    }  # fmt: skip
    how.out.parent.mkdir(parents=True, exist_ok=True)
    how.out.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    print(f"written: {how.out}", file=sys.stderr)
    print_summary(report["rows"])


def print_summary(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        what = f"{row['metric']:>10} {row['library']:<13}"
        said = (
            row.get("skipped")
            or f"{row['differ']} of {row['cases']} differ, {row['unexplained']} unexplained"
        )
        print(what, said, file=sys.stderr)


if __name__ == "__main__":
    main()
