"""From the figures of a row to ratios and a verdict."""

from __future__ import annotations

from typing import Any

from environments import OURS

COSTS = ("fit", "recommend", "total", "memory")


def judged(results: list[dict[str, Any]], task: str) -> dict[str, Any]:
    """Ratios ours / lowest peer for each cost, and whether ours wins on time at no loss of accuracy.

    ``verdict`` is "yes", "no", or None where ours or every peer is missing.
    """
    for result in results:
        if "error" not in result:
            result["total"] = result["fit"] + result["recommend"]
    done = [result for result in results if "error" not in result]
    ours = next((result for result in done if result["library"] == OURS), None)
    peers = [result for result in done if result["library"] != OURS]
    if ours is None or not peers:
        return {"ratios": {}, "verdict": None}
    lowest = {cost: min(peer[cost] for peer in peers) for cost in COSTS}
    ratios = {cost: ours[cost] / lowest[cost] if lowest[cost] else None for cost in COSTS}
    accurate = all(_gain(ours, task) >= _gain(peer, task) for peer in peers)
    fast = ours["total"] < lowest["total"]
    return {"ratios": ratios, "as_accurate": accurate, "verdict": "yes" if fast and accurate else "no"}


def _gain(result: dict[str, Any], task: str) -> float:
    """Higher is better, at the three decimals that the tables show."""
    return round(result["ndcg@10"], 3) if task == "ranking" else -round(result["rmse"], 3)
