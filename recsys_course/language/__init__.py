"""Language models in a recommender: encode items, order a list of candidates, count the cost.

Names are imported on first use: what is arithmetic alone works without torch and without the network.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "ItemEncoder": "vectors", "item_vectors": "vectors", "user_vectors": "vectors",
    "TEMPLATE": "prompts", "history_text": "prompts", "prompt_of": "prompts", "token_estimate": "prompts",
    "Problems": "answers", "parse_ranking": "answers",
    "LanguageModelRanker": "ranking", "Ranking": "ranking", "RankingError": "ranking",
    "Prices": "cost", "ServerBudget": "cost", "Usage": "cost", "serving_cost": "cost",
    "StubRanker": "stub", "PermutationRanker": "orders", "averaged": "orders",
    "LocalCausalRanker": "local", "ServerRanker": "server",
    "rank_many": "many", "LanguageReranker": "reranker",
}  # fmt: skip

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'recsys_course.language' has no attribute {name!r}")
    return getattr(import_module(f"recsys_course.language.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
