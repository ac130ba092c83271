"""What a comparison found: one line a model, kept with the terms it was made under."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from recsys_course.evaluation.lines import Estimate, Line, plain_table
from recsys_course.evaluation.measuring import PerUser
from recsys_course.evaluation.protocol import Protocol


@dataclass(frozen=True, eq=False)
class Report:
    """The lines of a comparison, best first by the first metric.

    Attributes:
        protocol: the terms. data: events, users, items and checksum of the log.
        lines: one a model. failed: model -> reason, for those that came to nothing.
        versions, date: what it was made with, and when.
    """

    protocol: Protocol
    data: dict[str, Any]
    lines: list[Line]
    failed: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=lambda: versions())
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __getitem__(self, model: str) -> Line:
        for line in self.lines:
            if line.model == model:
                return line
        raise KeyError(f"no line for {model!r}; there are: {', '.join(line.model for line in self.lines)}")

    def frame(self) -> pd.DataFrame:
        """One row a model: LABEL, "LABEL low", "LABEL high" and "LABEL spread", counts, costs."""
        rows = {}
        for line in self.lines:
            row: dict[str, Any] = {}
            for label, found in line.metrics.items():
                names = (label, f"{label} low", f"{label} high", f"{label} spread")
                row |= dict(zip(names, found, strict=True))
            cost = {name: getattr(line, name) for name in ("fit_s", "recommend_s", "cpu_s", "memory", "size")}
            rows[line.model] = row | line.counts | {"seeds": line.seeds, "folds": line.folds} | cost
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")

    def per_user(self, label: str) -> pd.DataFrame:
        """(users, models) each user's value, the mean over seeds and folds: what paired tests need.

        For rmse it is the mean squared error of the user. Raises KeyError: no such label.
        """
        columns = {}
        for line in self.lines:
            for table in line.tables:
                if label in table.totals:
                    columns[line.model] = pd.Series(table.totals[label] / table.weights, index=table.users)
        if not columns:
            raise KeyError(f"no values by user for {label!r}")
        return pd.DataFrame(columns).rename_axis(index="user", columns="model")

    def save(self, path: str | Path) -> None:
        """Write JSON, whole or not at all; numbers that are not known become null."""
        plain = asdict(self) | {
            "protocol": self.protocol.as_dict(),
            "lines": [_plain_line(line) for line in self.lines],
        }
        target = Path(path)
        partial = target.with_name(target.name + ".part")
        partial.write_text(
            json.dumps(_without_nan(plain), indent=1, allow_nan=False, default=lambda x: x.item()) + "\n"
        )
        os.replace(partial, target)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """What :meth:`save` wrote.

        Raises:
            ValueError: the file is no report.
        """
        try:
            plain = json.loads(Path(path).read_text())
            lines = [_line(line) for line in plain["lines"]]
            return cls(**plain | {"protocol": Protocol(**plain["protocol"]), "lines": lines})
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path}: not a report ({error!r})") from error


def _plain_line(line: Line) -> dict[str, Any]:
    metrics = {label: found._asdict() for label, found in line.metrics.items()}
    return asdict(line) | {"metrics": metrics, "tables": [plain_table(table) for table in line.tables]}


def _line(plain: dict[str, Any]) -> Line:
    metrics = {
        label: Estimate(**{key: float("nan") if v is None else v for key, v in found.items()})
        for label, found in plain["metrics"].items()
    }
    tables = [
        PerUser(
            np.array(t["users"]), np.array(t["weights"]), {k: np.array(v) for k, v in t["totals"].items()}
        )
        for t in plain["tables"]
    ]
    return Line(**plain | {"metrics": metrics, "tables": tables})


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    return [_without_nan(v) for v in value] if isinstance(value, list | tuple) else value


def versions() -> dict[str, str]:
    """Python and the packages that decide a result."""
    found = {"python": platform.python_version()}
    for package in ("recsys-course", "numpy", "scipy", "pandas", "numba", "optuna"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
