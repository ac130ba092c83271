"""Recommenders made of recommenders: any of them may be a member of any other, hybrids of hybrids too."""

from recsys_course.hybrid.adaptive import AdaptiveHybrid
from recsys_course.hybrid.augmentation import FeatureAugmentation
from recsys_course.hybrid.cascade import Cascade
from recsys_course.hybrid.combination import FeatureCombination
from recsys_course.hybrid.explain import explain
from recsys_course.hybrid.members import Hybrid
from recsys_course.hybrid.meta_level import MetaLevel
from recsys_course.hybrid.mixed import Mixed
from recsys_course.hybrid.scores import normalize_scores, places
from recsys_course.hybrid.stacking import Stacking
from recsys_course.hybrid.switching import Switching, by_confidence, by_history, confidence
from recsys_course.hybrid.weighted import Weighted

__all__ = [
    "AdaptiveHybrid",
    "Cascade",
    "FeatureAugmentation",
    "FeatureCombination",
    "Hybrid",
    "MetaLevel",
    "Mixed",
    "Stacking",
    "Switching",
    "Weighted",
    "by_confidence",
    "by_history",
    "confidence",
    "explain",
    "normalize_scores",
    "places",
]
