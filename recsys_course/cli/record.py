"""The record of a comparison: what ran, on what, with which versions."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.interactions import Dataset, Interactions


def result_record(
    data: str, dataset: Dataset, log: Interactions, seed: int, protocol: dict[str, Any],
    models: dict[str, Any], results: pd.DataFrame,
) -> dict[str, Any]:  # fmt: skip
    """Everything needed to run it again and to compare."""
    about = {key: dataset.about[key] for key in ("origin", "licence") if key in dataset.about}
    return {
        "data": {
            "name": data, "events": len(log), "users": log.n_users, "items": log.n_items,
            "sha256": fingerprint(log),
        } | about,
        "protocol": protocol,
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
        "models": {
            name: {"parameters": _parameters(model), "metrics": _metrics(results.loc[[name]].iloc[0])}
            for name, model in models.items()
        },
    }  # fmt: skip


def fingerprint(log: Interactions) -> str:
    """SHA-256 of the events as used: users, items, values and times, in their order."""
    total = hashlib.sha256()
    for column in (log.users, log.items, log.values, log.times):
        if column is not None:
            total.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
    return total.hexdigest()


def _parameters(model: Any) -> dict[str, Any]:
    values = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    return {k: v if isinstance(v, str | int | float | None) else repr(v) for k, v in values.items()}


def _metrics(row: pd.Series) -> dict[str, float | None]:
    counts = {str(k): int(v) for k, v in row.items() if str(k).startswith("n_") and not math.isnan(v)}
    return {str(k): None if math.isnan(v) else float(v) for k, v in row.items()} | counts


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("recsys-course", "numpy", "scipy", "pandas", "numba"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
