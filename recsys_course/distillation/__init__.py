"""A small model learns from a large one: objectives, and the one loop that applies them.

:mod:`.objectives` are formulas on logits, :mod:`.lists` on orders, :mod:`.hidden` on vectors.
"""

from recsys_course.distillation.aims import (
    EmbeddingHint,
    HardLabels,
    Hint,
    ListWise,
    Objective,
    RankDistillation,
    Relation,
    SigmoidLabels,
    SoftLabels,
    Sum,
)
from recsys_course.distillation.cache import Kept, TopLogits, top_logits
from recsys_course.distillation.distiller import Distiller
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
from recsys_course.distillation.teachers import RankingTeacher, Teacher, Teachers, as_teacher

__all__ = [
    "Distiller", "EmbeddingHint", "HardLabels", "Hint", "Kept", "ListWise", "Objective", "RankDistillation",
    "RankingTeacher", "Relation", "SigmoidLabels", "SoftLabels", "Sum", "Teacher", "Teachers", "TopLogits",
    "angles", "as_teacher", "cosines", "cross_entropy_soft", "discrepancy_weights", "distances", "entropy", "hard_labels",
    "hint_loss", "kd_loss", "kl", "listmle", "listnet", "log_soften", "position_weights", "rank_distillation",
    "relation_loss", "sigmoid_kd", "soften", "student_ranks", "top_logits",
]  # fmt: skip
