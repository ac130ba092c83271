"""recsys-course recommend: a list for one user, with reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_course.cli.common import build, console, kind_of, open_data, pick_models, positives, read_params
from recsys_course.cli.errors import bad_usage, refuse

if TYPE_CHECKING:
    from recsys_course.interactions import Dataset, Interactions


class Cold(StrEnum):
    """Who serves a user without history."""

    model = "model"
    popular = "popular"


def recommend(
    data: Annotated[str, typer.Option(help="Dataset, or world:SCENARIO.", show_default=False)],
    user: Annotated[str, typer.Option(help="Id of the user, as in the data.", show_default=False)],
    model: Annotated[str, typer.Option(help="Name of the model.")] = "item-knn",
    n: Annotated[int, typer.Option(min=1, help="Length of the list.")] = 10,
    positive: Annotated[
        float | None, typer.Option("--positives", help="Learn from events of at least this value, as likes.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter of the model, as k=20; may be repeated.")
    ] = None,
    cold: Annotated[Cold, typer.Option(help="Who serves a user never seen.")] = Cold.model,
    seed: Annotated[int, typer.Option(min=0, help="Seed of model and simulation.")] = 0,
) -> None:
    """Items for one user, best first, each with a reason."""
    from rich.markup import escape
    from rich.table import Table

    name = pick_models(model, "ranking", "--model")
    if len(name) > 1:
        refuse("--model", f"{model!r}; expected one model")
    params = read_params(param or [])
    dataset = open_data(data, seed)
    log = positives(dataset.log, positive)
    code = _user_code(log, user, cold)
    fitted = build(name, params, seed, kind_of(log), dataset.items)[name[0]].fit(log)
    items = fitted.recommend([code], n, cold=str(cold))[0]
    items = items[items >= 0]
    known = code >= 0 and len(log.take(log.users == code)) > 0
    console().print(_heading(log, code, user, name[0], known, cold), markup=False)
    table = Table("rank", "item", "why")
    for rank, item in enumerate(items, start=1):
        title = dataset.titles(items[rank - 1 : rank])[0]
        table.add_row(
            str(rank), escape(title), escape(_why(fitted, dataset, code if known else -1, int(item)))
        )
    console().print(table)


def _user_code(log: Interactions, user: str, cold: Cold) -> int:
    """The code of a user id given as text; -1 for one never seen, if popularity serves it."""
    from recsys_course.ids import IdMap

    ids = log.user_ids or IdMap(range(log.n_users), "user")
    number = ids.ids.dtype.kind in "iu" and user.lstrip("-").isdigit()
    key: Any = int(user) if number else user
    if cold is Cold.popular:
        return int(ids.encode([key], unknown="code")[0])
    with bad_usage("--user"):
        return int(ids.encode([key])[0])


def _heading(log: Interactions, code: int, user: str, model: str, known: bool, cold: Cold) -> str:
    if not known and cold is Cold.popular:
        return f"User {user} has no history: this is what most users met."
    if not known:
        return f"User {user} has no history: this is what {model} lists for somebody without one."
    return f"{model} for user {user}, who met {len(log.take(log.users == code)):,} items"


def _why(model: Any, dataset: Dataset, user: int, item: int) -> str:
    """The history items behind a recommendation; else the predicted stars and how many met it."""
    import numpy as np

    if user >= 0 and hasattr(model, "reasons") and (reasons := model.reasons(user, item)):
        return "because of: " + ", ".join(dataset.titles(np.array([j for j, _ in reasons])))
    met = f"met by {np.count_nonzero(model.seen_.indices == item):,} users"
    if user >= 0 and hasattr(model, "predict"):
        return f"{model.predict([user], [item])[0]:.1f} stars predicted; {met}"
    return met
