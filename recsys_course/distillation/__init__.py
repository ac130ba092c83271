"""A small model learns from a large one: objectives, and the one loop that applies them.

:mod:`.objectives` are formulas on logits, :mod:`.lists` on orders, :mod:`.hidden` on vectors.
"""

from recsys_course.distillation.hidden import angles, cosines, distances, hint_loss, relation_loss
from recsys_course.distillation.lists import (
    discrepancy_weights,
    listmle,
    listnet,
    position_weights,
    rank_distillation,
    student_ranks,
)
from recsys_course.distillation.objectives import (
    cross_entropy_soft,
    entropy,
    hard_labels,
    kd_loss,
    kl,
    log_soften,
    sigmoid_kd,
    soften,
)

__all__ = [
    "angles", "cosines", "cross_entropy_soft", "discrepancy_weights", "distances", "entropy", "hard_labels",
    "hint_loss", "kd_loss", "kl", "listmle", "listnet", "log_soften", "position_weights", "rank_distillation",
    "relation_loss", "sigmoid_kd", "soften", "student_ranks",
]  # fmt: skip
