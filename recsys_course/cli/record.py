"""The record of a comparison: what ran, on what, with which versions."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.interactions import Dataset, Interactions


def result_record(
    data: str, dataset: Dataset, log: Interactions, seed: int, protocol: dict[str, Any],
    models: dict[str, Any], results: pd.DataFrame,
) -> dict[str, Any]:  # fmt: skip
    """Everything needed to run it again and to compare."""
    from recsys_course.evaluation.report import versions

    about = {key: dataset.about[key] for key in ("origin", "licence") if key in dataset.about}
    return {
        "data": {
            "name": data, "events": len(log), "users": log.n_users, "items": log.n_items,
            "sha256": log.fingerprint(),
        } | about,
        "protocol": protocol,
        "seed": seed,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "models": {
            name: {"parameters": _parameters(model), "metrics": _metrics(results.loc[[name]].iloc[0])}
            for name, model in models.items()
        },
    }  # fmt: skip


def _parameters(model: Any) -> dict[str, Any]:
    values = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    return {k: v if isinstance(v, str | int | float | None) else repr(v) for k, v in values.items()}


def _metrics(row: pd.Series) -> dict[str, float | None]:
    counts = {str(k): int(v) for k, v in row.items() if str(k).startswith("n_") and not math.isnan(v)}
    return {str(k): None if math.isnan(v) else float(v) for k, v in row.items()} | counts
