"""recsys-course evaluate with tuning, seeds or a store: figures with intervals and costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_course.cli.errors import refuse
from recsys_course.registry import MODELS, parameters

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.evaluation import Protocol, Report
    from recsys_course.interactions import Interactions


def judge_all(
    names: list[str],
    params: dict[str, Any],
    kind: str,
    log: Interactions,
    terms: Protocol,
    store: Path | None,
    items: pd.DataFrame | None = None,
) -> Report:
    """Judge models of the registry; options that were given are not tried."""
    from recsys_course.evaluation import StoreError, judge
    from recsys_course.evaluation.candidates import registered

    chosen = []
    for name in names:
        given = dict(MODELS[name].defaults.get(kind, {})) | params
        chosen.append(registered(name, items, **{k: v for k, v in given.items() if k in parameters(name)}))
    try:
        report = judge(chosen, log, terms, store=store)
    except StoreError as error:
        refuse("--resume", str(error))
    if not report.lines:
        raise RuntimeError("; ".join(f"{name}: {why}" for name, why in report.failed.items()))
    return report


def interval_table(report: Report) -> Any:
    """One row a model: each metric above its interval, seconds to fit and to answer, memory above size."""
    from rich.table import Table

    table = Table("model", *report.lines[0].metrics, "fit s\nanswer s", "memory\nsize")
    for column in table.columns[1:]:
        column.justify = "right"
    for line in report.lines:
        metrics = [_interval(*found[:3]) for found in line.metrics.values()]
        seconds = f"{line.fit_s:.2f}\n{line.recommend_s:.2f}"
        table.add_row(line.model, *metrics, seconds, f"{_bytes(line.memory)}\n{_bytes(line.size)}")
    return table


def remarks(report: Report) -> dict[str, str]:
    """What stands below the table: how many were judged, what was chosen, what failed."""
    words = {name: f"{count:,}" for name, count in report.lines[0].counts.items()}
    for line in report.lines:
        options = ", ".join(f"{key}={value}" for key, value in line.options[0].items())
        words[line.model] = (options or "no options to choose") + f"; runs: {line.seeds}"
    return words | {name: f"failed: {why}" for name, why in report.failed.items()}


def _interval(value: float, low: float, high: float) -> str:
    if low != low:  # NaN: no interval
        return f"{value:.4f}"
    return f"{value:.4f}\n" + "-".join(f"{end:.3f}".removeprefix("0") for end in (low, high))


def _bytes(size: int | None) -> str:
    if size is None:
        return "?"
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
