"""What would another policy have earned? Answers from a log, without running it.

Read in this order: ``logged`` (what a log must hold), ``results`` (what an estimate is), ``estimators``
(IPS, its clipped and self-normalised relatives, the direct method, doubly robust), ``slates``,
``reward_models`` and ``propensities`` (what has to be estimated first), ``policies``, ``position_bias``.
"""

from recsys_course.evaluation.offpolicy.estimators import (
    clipped_ips,
    direct_method,
    doubly_robust,
    ips,
    self_normalised_ips,
)
from recsys_course.evaluation.offpolicy.logged import OverlapWarning, importance_weights
from recsys_course.evaluation.offpolicy.policies import TablePolicy
from recsys_course.evaluation.offpolicy.position_bias import (
    Examination,
    examination_by_em,
    examination_by_weighting,
)
from recsys_course.evaluation.offpolicy.propensities import estimate_propensities, logistic_propensities
from recsys_course.evaluation.offpolicy.results import Estimate, effective_sample_size
from recsys_course.evaluation.offpolicy.reward_models import cross_fitted_means
from recsys_course.evaluation.offpolicy.slates import slate_ips

__all__ = [
    "Estimate",
    "Examination",
    "OverlapWarning",
    "TablePolicy",
    "clipped_ips",
    "cross_fitted_means",
    "direct_method",
    "doubly_robust",
    "effective_sample_size",
    "estimate_propensities",
    "examination_by_em",
    "examination_by_weighting",
    "importance_weights",
    "ips",
    "logistic_propensities",
    "self_normalised_ips",
    "slate_ips",
]
