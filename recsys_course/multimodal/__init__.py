"""Texts, pictures and sounds together: fusion, alignment, missing modalities; and several tasks at once.

Names are imported on first use: what is arithmetic alone works without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Modalities": "modalities", "check_modalities": "modalities", "presence": "modalities",
    "shares": "modalities", "scaled": "modalities", "unit_rows": "modalities",
    "fuse": "fusing", "random_projection": "fusing",
    "LateFusion": "late", "FusionRecommender": "fusion", "drop_modalities": "nets", "masked_softmax": "nets",
    "info_nce": "alignment", "ContrastiveAlignment": "alignment", "MultiTask": "multitask",
}  # fmt: skip

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'recsys_course.multimodal' has no attribute {name!r}")
    return getattr(import_module(f"recsys_course.multimodal.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
