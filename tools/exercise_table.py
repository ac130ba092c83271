"""Print a table of the exercises: cases, slips, and what became of the mutants of each reference.

python tools/exercise_table.py               # Markdown
python tools/exercise_table.py --survivors   # also the mutants that pass, each with the reason
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from every_check import CHECKS  # noqa: E402
from mutants import trial  # noqa: E402
from survivors import SURVIVORS  # noqa: E402

HEAD = ["", "Exercise", "By hand", "At random", "Slips", "Mutants", "Killed", "Change nothing"]


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--survivors", action="store_true", help="list the mutants that change nothing")
    options = parser.parse_args()
    print(row(*HEAD), row(*["---"] * len(HEAD)), sep="\n")
    totals = [0] * 6
    for number, check in enumerate(CHECKS, 1):
        result = trial(check)
        n_cases = len(check.by_hand), check.n_random
        counts = [*n_cases, len(check.slips), result.tried, result.killed, len(result.survivors)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        print(row(number, f"`{check.name}`", *counts), flush=True)
    print(row("", "all", *totals))
    for name, known in SURVIVORS.items() if options.survivors else ():
        print(f"\n{name}", *(f"  {text}\n      {why}" for text, why in known.items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
