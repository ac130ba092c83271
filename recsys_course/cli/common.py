"""What the commands share: data by name, parameters, the console."""

from __future__ import annotations

import ast
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from recsys_course.cli.errors import bad_usage, refuse
from recsys_course.registry import MODELS, make_model, model_info, parameters, with_features

if TYPE_CHECKING:
    import pandas as pd

    from recsys_course.interactions import Dataset, Interactions

WORLD = "world:"


def console() -> Console:
    """Prints to stdout: in colour on a terminal, plain and 140 columns wide in a pipe."""
    fixed = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140
    return Console(width=fixed, highlight=False)


def open_data(name: str, seed: int = 0) -> Dataset:
    """A dataset by name, or ``world:SCENARIO[:ratings]``, simulated with this seed."""
    from recsys_course.data import catalog

    if name.startswith(WORLD):
        return _simulate(name.removeprefix(WORLD), seed)
    with bad_usage("--data"):
        catalog.dataset_info(name)
    return catalog.load(name)


def _simulate(name: str, seed: int) -> Dataset:
    """The clicks of a simulated platform, or its stars for ``SCENARIO:ratings``."""
    from recsys_course.data.world import SCENARIOS, make_world

    scenario, _, part = name.partition(":")
    if scenario not in SCENARIOS or part not in ("", "ratings"):
        refuse(
            "--data", f"no world {name!r}; known: {', '.join(SCENARIOS)}, each also as {WORLD}NAME:ratings"
        )
    world = make_world(scenario, seed=seed)
    if part == "ratings" and len(world.ratings) == 0:
        refuse("--data", f"nobody gives stars in the world {scenario!r}")
    return replace(world.dataset, log=world.ratings) if part else world.dataset


def positives(log: Interactions, least: float | None) -> Interactions:
    """The log, or its events of at least ``least`` as plain positives."""
    if least is None:
        return log
    kept = log.at_least(least)
    if len(kept) == 0:
        refuse("--positives", f"{least:g} leaves no events; the largest value is {log.values.max():g}")
    return kept


def read_params(texts: list[str]) -> dict[str, Any]:
    """["k=20"] -> {"k": 20}; values are Python literals, anything else is text."""
    params = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and key and value):
            refuse("--param", f"{text!r}; expected name=value, as in k=20")
        try:
            params[key.replace("-", "_")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            params[key.replace("-", "_")] = {"true": True, "false": False}.get(value.lower(), value)
    return params


def pick_models(names: str, task: str, option: str) -> list[str]:
    """The named models, known and fit for the task."""
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if not chosen:
        refuse(option, f"no name; known: {', '.join(MODELS)}")
    with bad_usage(option):
        for name in chosen:
            if not model_info(name).does(task):
                able = ", ".join(m for m, info in MODELS.items() if info.does(task))
                raise ValueError(f"{name} cannot do {task}; these can: {able}")
    return list(dict.fromkeys(chosen))


def build(
    names: list[str], params: dict[str, Any], seed: int, kind: str, items: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Unfitted models; each takes those of the parameters that it has, the seed, and the items' texts."""
    fields = {name: parameters(name) for name in names}
    for key in params:
        if not any(key in own for own in fields.values()):
            known = "; ".join(f"{name}: {', '.join(own) or 'none'}" for name, own in fields.items())
            refuse("--param", f"no model here has {key!r} ({known})")
    models = {}
    for name, own in fields.items():
        given = {"seed": seed} | dict(MODELS[name].defaults.get(kind, {})) | params
        with bad_usage("--data"):
            given = with_features(name, items, given)
        with bad_usage("--param"):
            models[name] = make_model(name, **{k: v for k, v in given.items() if k in own})
    return models


def described_before(items: pd.DataFrame | None) -> pd.DataFrame | None:
    """The item table without ``tags``: users write them while the log runs, some in the part held out."""
    return None if items is None else items.drop(columns="tags", errors="ignore")


def kind_of(log: Interactions) -> str:
    """ "stars" when the values differ, else "positives"."""
    return "stars" if log.values.min() < log.values.max() else "positives"
