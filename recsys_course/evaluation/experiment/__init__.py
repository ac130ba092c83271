"""Experiments with real users: plan them, read them, and know what spoils them."""

from recsys_course.evaluation.experiment.abtest import (
    Effect,
    compare_means,
    compare_rates,
    compare_ratios,
    ratio_with_variance,
    sample_ratio_mismatch,
)
from recsys_course.evaluation.experiment.cuped import adjust, cuped, slope
from recsys_course.evaluation.experiment.interleaving import TeamDraft, credit, sign_test, team_draft, winners
from recsys_course.evaluation.experiment.power import (
    means_detectable,
    means_power,
    means_sample_size,
    rates_detectable,
    rates_power,
    rates_sample_size,
)
from recsys_course.evaluation.experiment.sequential import (
    always_valid_p,
    confidence_sequence,
    fixed_p,
    peeking_error,
    simulated_looks,
)
from recsys_course.evaluation.experiment.shared_supply import SharedSupply
from recsys_course.evaluation.experiment.switchback import assign_blocks, block_of, switchback_effect

__all__ = [
    "Effect",
    "SharedSupply",
    "TeamDraft",
    "adjust",
    "always_valid_p",
    "assign_blocks",
    "block_of",
    "compare_means",
    "compare_rates",
    "compare_ratios",
    "confidence_sequence",
    "credit",
    "cuped",
    "fixed_p",
    "means_detectable",
    "means_power",
    "means_sample_size",
    "peeking_error",
    "rates_detectable",
    "rates_power",
    "rates_sample_size",
    "ratio_with_variance",
    "sample_ratio_mismatch",
    "sign_test",
    "simulated_looks",
    "slope",
    "switchback_effect",
    "team_draft",
    "winners",
]
