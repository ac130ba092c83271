"""Boosted trees that learn from a teacher of clicks: fast to serve, and the teacher may be anything."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from recsys_course.base import NotFitted
from recsys_course.distillation.clicks import chances_of, logit
from recsys_course.distillation.objectives import check_name
from recsys_course.extras import need

Match = Literal["logits", "chances"]


@dataclass
class TreeStudent:
    r"""Trees that answer as a teacher does.

    Args:
        learner: "boosting" (scikit-learn's histogram boosting), "lightgbm" (the extra boosting), or an object
            with fit(X, y, sample_weight) and predict: a regressor for "logits", a classifier with
            ``predict_proba`` for "chances".
        match: "logits": squared error of :math:`\ln p/(1-p)`. "chances": cross-entropy with soft labels, each
            row once as a click of weight p and once as none of weight 1 - p.
        seed: of the learners made by name.

    Attributes:
        trees_: the fitted learner.

    Raises:
        ValueError: an unknown match or learner, chances outside 0..1, or not one for each row.
        MissingExtra: "lightgbm" without the library; "boosting" does without. NotFitted: asked before fit.
    """

    learner: Any = "boosting"
    match: Match = "logits"
    seed: int = 0

    def fit(self, features: Any, chances: Any) -> Self:
        """(N, F) features and the teacher's (N,) chances -> the fitted model itself."""
        check_name("match", self.match, ("logits", "chances"))
        X, p = np.asarray(features), np.asarray(chances, dtype=float)
        if X.ndim != 2 or p.shape != X.shape[:1]:
            raise ValueError(f"chances: shape {p.shape}; expected one for each row of features {X.shape}")
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"chances: {p[~((p >= 0) & (p <= 1))][0]}; expected 0..1, the teacher's")
        trees = self._new()
        if self.match == "logits":
            self.trees_ = trees.fit(X, logit(p))
        else:
            clicked = np.repeat([1, 0], len(p))
            self.trees_ = trees.fit(np.vstack([X, X]), clicked, sample_weight=np.r_[p, 1 - p])
        return self

    def predict_proba(self, features: Any) -> np.ndarray:
        """(N, F) features -> (N,) chances of a click."""
        if not hasattr(self, "trees_"):
            raise NotFitted("TreeStudent is not fitted; call fit(features, chances) first")
        X = np.asarray(features)
        if self.match == "chances":
            return np.asarray(self.trees_.predict_proba(X))[:, 1]
        return 1 / (1 + np.exp(-np.asarray(self.trees_.predict(X), dtype=float)))

    def _new(self) -> Any:
        """An unfitted learner."""
        regress = self.match == "logits"
        if not isinstance(self.learner, str):
            return deepcopy(self.learner)
        if self.learner == "boosting":
            from sklearn import ensemble  # imported late: it takes a second

            name = "HistGradientBoostingRegressor" if regress else "HistGradientBoostingClassifier"
            return getattr(ensemble, name)(early_stopping=False, random_state=self.seed)
        if self.learner == "lightgbm":
            lightgbm = need("lightgbm", "boosting", "learner='lightgbm' ('boosting' does without)")
            kind = lightgbm.LGBMRegressor if regress else lightgbm.LGBMClassifier
            return kind(random_state=self.seed, n_jobs=1, verbose=-1)
        raise ValueError(f"learner: {self.learner!r}; expected 'boosting', 'lightgbm', or an object")


def distill_to_trees(
    teacher: Any,
    features: Any,
    student_features: Any = None,
    learner: Any = "boosting",
    match: Match = "logits",
    seed: int = 0,
) -> TreeStudent:
    """Trees that answer as the teacher does on these rows; clicks are not needed, so any rows will do.

    Args:
        teacher: fitted, with predict_proba(features) -> (N,), or (N, 2) as in scikit-learn.
        features: (N, F) what the teacher sees.
        student_features: (N, G) what the student sees; None: the same.
        learner, match, seed: see :class:`TreeStudent`.

    Raises:
        TypeError: a teacher without ``predict_proba``. Also what :class:`TreeStudent` raises.
    """
    seen = features if student_features is None else student_features
    return TreeStudent(learner, match, seed).fit(seen, chances_of(teacher, features))
