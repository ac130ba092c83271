"""Outer shape of real logs, for the page that compares the simulated world with them.

    python benchmarks/marginals.py ml-100k ml-latest-small

writes benchmarks/results/marginals.json: aggregated curves only, no row of the data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy

import recsys_course
from recsys_course.data import DATASETS, DatasetError, load
from recsys_course.data.world.marginals import marginals
from recsys_course.interactions import Interactions

OUT = Path(__file__).parent / "results" / "marginals.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "datasets", nargs="*", default=["ml-100k", "ml-latest-small"], help="names of datasets"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    unknown = sorted(set(args.datasets) - set(DATASETS))
    if unknown:
        parser.error(f"unknown dataset {unknown[0]!r}; expected some of {', '.join(DATASETS)}")
    try:
        found = {name: measured(name) for name in args.datasets}
    except DatasetError as error:
        parser.error(str(error))
    result = {"about": about(), "datasets": found}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rounded(result), indent=1) + "\n")
    print(f"{args.out}: {', '.join(found)}")


def measured(name: str) -> dict[str, Any]:
    """Marginals of one dataset, with the checksum of what was measured."""
    data = load(name)
    stars = {f"{s:g}": float((data.log.values == s).mean()) for s in np.unique(data.log.values)}
    return {"sha256_of_log": log_sha256(data.log), "about": data.about, "stars": stars, **marginals(data.log)}


def log_sha256(log: Interactions) -> str:
    """SHA-256 over the four columns: the same events in the same order give the same sum."""
    total = hashlib.sha256()
    for column in (log.users, log.items, log.values, log.times):
        total.update(np.ascontiguousarray(column).tobytes())
    return total.hexdigest()


def about() -> dict[str, Any]:
    """How the file was made."""
    versions = {m.__name__: m.__version__ for m in (recsys_course, np, scipy, pd)}
    return {
        "command": "python benchmarks/marginals.py",
        "date": datetime.now(UTC).date().isoformat(),
        "seed": None,  # nothing is drawn at random
        "python": platform.python_version(),
        **versions,
    }


def rounded(value: Any) -> Any:
    """Five significant digits are enough for a curve."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
