"""The checks of the chapter Collaborative filtering, in the order of its exercises.

Each reference is written below its check. Each stands for one exercise of
``exercises/03_collaborative_filtering.ipynb`` and has the name of the function to write.
"""

from recsys_course.checks.collaborative_filtering._factors import als_user, bpr_step, sgd_step
from recsys_course.checks.collaborative_filtering._linear import ease
from recsys_course.checks.collaborative_filtering._neighbors import item_knn, user_knn, who_can_score
from recsys_course.checks.collaborative_filtering._similarity import jaccard, pearson, similarity

CHECKS = (similarity, pearson, jaccard, user_knn, item_knn, who_can_score, sgd_step, als_user, bpr_step, ease)

__all__ = [
    "CHECKS", "als_user", "bpr_step", "ease", "item_knn", "jaccard", "pearson", "sgd_step",
    "similarity", "user_knn", "who_can_score",
]  # fmt: skip
