"""Do the tests of the chapter on experiments keep their promises? Many seeds, known truth.

    python benchmarks/experiments.py                          # all parts, about five minutes
    python benchmarks/experiments.py interference             # one part; the others stay as they are
    python benchmarks/experiments.py --scale 0.02 --out x.json    # a quick look, not to be quoted

writes benchmarks/results/experiments.json: for each part its circumstances and its rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import experiment_draws as draws
import experiment_worlds as worlds
from record import circumstances

OUT = Path(__file__).parent / "results" / "experiments.json"
PARTS: dict[str, Callable[[float], Any]] = {
    "false_alarms": draws.false_alarms, "coverage": draws.coverage, "power": draws.power,
    "cuped": draws.variance_taken_out, "peeking": draws.peeking, "sequential_cost": draws.sequential_cost,
    "interleaving": worlds.interleaving, "interference": worlds.interference,
    "offline_online": worlds.offline_online,
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="repeats, relative to the usual number")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write (default: %(default)s)")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.parts) - set(PARTS)):
        parser.error(f"unknown part {unknown[0]!r}; expected some of {', '.join(PARTS)}")
    if not 0 < args.scale <= 100:
        parser.error(f"--scale: {args.scale}; expected a number above 0, at most 100")
    for name in args.parts or PARTS:
        clock = perf_counter()
        found = PARTS[name](args.scale)
        rows = found if isinstance(found, dict) else list(found)
        store(args.out, name, {"about": circumstances() | {"scale": args.scale}, "rows": rows})
        print(f"{name}: {perf_counter() - clock:.0f} s", flush=True)


def store(path: Path, name: str, part: dict[str, Any]) -> None:
    """Put one part into the file, in the order of PARTS."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[name] = rounded(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: known[key] for key in PARTS if key in known}, indent=1) + "\n")


def rounded(value: Any) -> Any:
    """Five significant digits: the rest is chance."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
