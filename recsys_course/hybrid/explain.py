"""Why an item got its score, down through hybrids of hybrids."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_course.base import Recommender
from recsys_course.hybrid.members import Hybrid, finite_score


def explain(model: Recommender, user: Any, item: Any) -> list[tuple[str, float]]:
    """What each model adds to the score of an item, the largest part first; the parts add up to the score.

    Members of members are named by their path, "outer/inner". Through sums the parts are exact: a weighted
    hybrid of z-scores hands on what each inner part is above its own mean. A rank, a cascade or a learner
    has no such parts; what one of them gives a member is shared among the member's own parts by their size,
    and evenly where the member has no finite score.

    Raises:
        NotFitted, UnknownId: as ``score``. ValueError: the item has no finite score (NaN or -inf).

    Cost: the scores of one user, twice a level.
    """
    user, item, score = finite_score(model, user, item)
    if not isinstance(model, Hybrid):
        return [(type(model).__name__, score)]
    parts = [(name, float(part[item])) for name, part in parts_of(model, user).items()]
    return sorted(parts, key=lambda part: -part[1])


def parts_of(model: Hybrid, user: int) -> dict[str, np.ndarray]:
    """Path -> (I,) what each model at the bottom adds to the user's scores."""
    members = dict(zip(model.names_, model.members_, strict=True))
    found: dict[str, np.ndarray] = {}
    for name, part in model._parts(user).items():
        member = members.get(name)
        if not isinstance(member, Hybrid):
            found[name] = part
            continue
        inner, score = parts_of(member, user), member._score(np.array([user]))[0]
        whole = np.where(np.isfinite(score), np.array(list(inner.values())), score)  # a gap stays a gap
        rows = model._pass_on(name, part, whole)
        found |= {f"{name}/{key}": row for key, row in zip(inner, rows, strict=True)}
    return found
