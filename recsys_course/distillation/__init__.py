"""A small model learns from a large one: objectives, and the one loop that applies them.

:mod:`.objectives` are formulas on logits, :mod:`.lists` on orders, :mod:`.hidden` on vectors.
"""

from recsys_course.distillation.aims import (
    HardLabels,
    ListWise,
    RankDistillation,
    SigmoidLabels,
    SoftLabels,
    Sum,
)
from recsys_course.distillation.cache import Kept, TopLogits, top_logits
from recsys_course.distillation.clicks import ClickDistiller
from recsys_course.distillation.distiller import Distiller
from recsys_course.distillation.generations import SelfDistillation, self_distillation
from recsys_course.distillation.hidden import angles, cosines, distances, hint_loss, relation_loss
from recsys_course.distillation.hints import EmbeddingHint, Hint, Relation
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
from recsys_course.distillation.rankings import RankingTeacher
from recsys_course.distillation.teacher import Teacher
from recsys_course.distillation.teachers import Teachers, as_teacher
from recsys_course.distillation.trees import TreeStudent, distill_to_trees
from recsys_course.distillation.views import Objective

__all__ = [
    "ClickDistiller", "Distiller", "EmbeddingHint", "HardLabels", "Hint", "Kept", "ListWise", "Objective",
    "RankDistillation", "RankingTeacher", "Relation", "SelfDistillation", "SigmoidLabels", "SoftLabels",
    "Sum", "Teacher", "Teachers", "TopLogits", "TreeStudent", "angles", "as_teacher", "cosines",
    "cross_entropy_soft", "discrepancy_weights", "distances", "distill_to_trees", "entropy",
    "hard_labels", "hint_loss", "kd_loss", "kl", "listmle", "listnet", "log_soften", "position_weights",
    "rank_distillation", "relation_loss", "self_distillation", "sigmoid_kd", "soften", "student_ranks",
    "top_logits",
]  # fmt: skip
