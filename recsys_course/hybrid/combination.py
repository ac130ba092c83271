"""One learner over the features of several sources: content, popularity, history and models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course.base import CELLS_PER_BATCH, Recommender, check_range
from recsys_course.compiled import chunks
from recsys_course.content import ContentProfile
from recsys_course.content.tables import checked_features
from recsys_course.hybrid.folds import examples
from recsys_course.hybrid.learners import answers, make_estimator, shapley, taught
from recsys_course.hybrid.members import Hybrid, Models, fresh, frozen, named
from recsys_course.hybrid.scores import normalize_scores
from recsys_course.interactions import Interactions

SOURCES = ("item popularity", "user activity", "item content", "user features")


@dataclass
class FeatureCombination(Hybrid):
    """Throw what several sources know of a pair into one learner.

    The features of a pair (user, item) are: the item's popularity, ln(1 + users who met it); the user's
    activity, ln(1 + items met); its content, if ``item_features`` are given: the score of
    :class:`.ContentProfile` (the cosine of profile and item), the item's features, and their products with
    the mean of those that the user met; the ``user_features``; and each model's score, a z-score per user.

    Args:
        models: any number of recommenders, a list or a dict with names; None: none.
        item_features: (I, F) dense or sparse; more than ``n_factors`` columns are reduced to so many.
        user_features: (U, G) numbers.
        estimator: as in :class:`.Stacking`; None is "logistic" on features of one deviation.
        n_negatives: pairs never met, per pair met, at least 1. seed: of folds, negatives, estimator.
        n_factors: most columns of content. n_folds: as in :class:`.Stacking`.

    Attributes:
        estimator_: the fitted learner; None where the log gave no examples of both kinds (then popularity
            orders). feature_names_: names of its columns. n_examples_: rows that it learned from.

    Raises:
        ValueError: neither models nor item_features; features of another number of rows, NaN or infinite; a
            setting outside its range; as :class:`.Hybrid`, :class:`.Stacking`.

    A pair that is learned from is left out of everything its features are made of, fold by fold: the
    popularity, the profile and the models would know the answer otherwise. The learner judges
    items without an event as well.

    Cost: n_folds fits of every source more; per user O(I F) and the learner on all items.
    Source: Burke 2002 (feature combination); Basu, Hirsh and Cohen 1998.
    """

    models: Models | None = None
    item_features: Any = field(default=None, repr=False)
    user_features: Any = field(default=None, repr=False)
    estimator: Any = None
    n_negatives: int = 4
    seed: int = 0
    n_factors: int = 16
    n_folds: int = 5

    def _given(self) -> dict[str, Recommender]:
        return {} if self.models is None else named(self.models, least=1, taken=(*SOURCES, "start"))

    def _check_settings(self) -> None:
        check_range("n_folds", self.n_folds, 2, "folds,")
        check_range("n_negatives", self.n_negatives, 1, "negatives per positive,")
        check_range("n_factors", self.n_factors, 1, "columns,")
        check_range("seed", self.seed, 0, "a seed of")
        make_estimator(self._wish(), self.seed, scale=True)
        if self.item_features is None and not self._given():
            raise ValueError("models: None, and item_features: None; expected at least one of them")
        if kept := [name for name, model in self._given().items() if frozen(model)]:
            raise ValueError(
                f"models: {kept[0]!r} keeps members that are fitted already; set refit=True in it"
            )
        self._content = np.zeros((self.n_items_, 0))  # (I, D)
        if self.item_features is not None:
            features = checked_features(self.item_features, self.n_items_)
            self._content = reduced(features, self.n_factors, self.seed)
        self._people = self._checked_people()

    def _wish(self) -> Any:
        return "logistic" if self.estimator is None else self.estimator

    def _checked_people(self) -> np.ndarray:
        if self.user_features is None:
            return np.zeros((self.n_users_, 0))
        G = np.asarray(self.user_features, dtype=float)
        if G.ndim != 2 or len(G) != self.n_users_ or not np.isfinite(G).all():
            raise ValueError(
                f"user_features: shape {G.shape} or not finite; expected ({self.n_users_}, G) numbers"
            )
        return G

    def _learn(self, data: Interactions) -> None:
        self._describe()
        self._take_stock(data)
        X, y = examples(lambda log: self._on(log)._features, data, self.n_folds, self.n_negatives, self.seed)
        self.n_examples_, self.estimator_ = len(y), None
        if 0 < y.sum() < len(y):
            self.estimator_ = taught(make_estimator(self._wish(), self.seed, scale=True), X, y)

    def _on(self, log: Interactions) -> FeatureCombination:
        """The same sources, fitted on another log, without a learner."""
        other = FeatureCombination(self.models, self.item_features)
        other.n_users_, other.n_items_, other.seen_ = log.n_users, log.n_items, log.to_csr()
        other.names_, other._content, other._people = self.names_, self._content, self._people
        other.members_ = tuple(fresh(model).fit(log) for model in self._given().values())
        other._take_stock(log)
        return other

    def _take_stock(self, log: Interactions) -> None:
        """What a log says of items and users."""
        if self.item_features is not None:
            self.profile_ = ContentProfile(self.item_features).fit(log)
        self.popularity_ = np.log1p(self._popularity())  # (I,)
        self.activity_ = np.log1p(np.diff(self.seen_.indptr))  # (U,)
        self.met_ = means(self.seen_, self._content)  # (U, D)

    def _describe(self) -> None:
        """Names of the columns, and the source that each belongs to."""
        D, G = self._content.shape[1], self._people.shape[1]
        content = ["cosine", *(f"item {d}" for d in range(D)), *(f"profile x item {d}" for d in range(D))]
        blocks = {
            "item popularity": ["popularity"],
            "user activity": ["activity"],
            "item content": content if D else [],
            "user features": [f"user {g}" for g in range(G)],
            **{name: [name] for name in self.names_},
        }
        self.feature_names_ = tuple(name for block in blocks.values() for name in block)
        self._source = np.repeat(list(blocks), [len(block) for block in blocks.values()])

    def _features(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B, I, F) features of all pairs; all may be listed."""
        shape, unseen = (len(users), self.n_items_), self.unseen(users)
        columns = [self.popularity_[None, :, None], self.activity_[users][:, None, None]]
        Q, P = self._content, self.met_[users]  # (I, D), (B, D)
        if self.item_features is not None:
            columns += [self.profile_.score(users)[:, :, None], Q[None], P[:, None] * Q]
        columns.append(self._people[users][:, None])
        columns += [
            normalize_scores(scores, "zscore", over=unseen)[:, :, None]
            for scores in self.member_scores(users)
        ]
        X = np.concatenate([np.broadcast_to(c, (*shape, c.shape[2])) for c in columns], axis=2)
        return X, np.ones(shape, dtype=bool)

    def _score(self, users: np.ndarray) -> np.ndarray:
        if self.estimator_ is None:
            return np.tile(self.popularity_, (len(users), 1))
        scores = np.empty((len(users), self.n_items_))
        for a, b in chunks(len(users), max(1, CELLS_PER_BATCH // self.n_items_)):  # (B, I, F) is long
            X, _ = self._features(users[a:b])
            scores[a:b] = answers(self.estimator_, X.reshape(-1, X.shape[2])).reshape(X.shape[:2])
        return scores

    def _parts(self, user: int) -> dict[str, np.ndarray]:
        users = np.array([user])
        score = self._score(users)[0]
        if self.estimator_ is None:
            return {"item popularity": score}
        X = self._features(users)[0][0]  # (I, F)
        typical = X.mean(axis=0)
        sources = list(dict.fromkeys(self._source.tolist()))

        def value(known: np.ndarray) -> np.ndarray:
            there = np.isin(self._source, np.array(sources)[known])
            return answers(self.estimator_, np.where(there, X, typical))

        rows = shapley(value, len(sources), self.seed)
        return {**dict(zip(sources, rows, strict=True)), "start": score - rows.sum(axis=0)}


def means(seen: sparse.csr_array, features: np.ndarray) -> np.ndarray:
    """(U, I) histories, (I, D) features -> (U, D) the mean of what each user met; 0 for who met nothing."""
    n = np.diff(seen.indptr)
    shares = sparse.csr_array((np.repeat(1.0 / np.maximum(n, 1), n), seen.indices, seen.indptr), seen.shape)
    return shares @ features


def reduced(features: Any, n_factors: int, seed: int) -> np.ndarray:
    """(I, F) features -> (I, D) dense, D at most n_factors: themselves, or their truncated SVD."""
    if features.shape[1] <= n_factors:
        return np.asarray(features.toarray() if hasattr(features, "toarray") else features)
    from sklearn.decomposition import TruncatedSVD

    n = min(n_factors, features.shape[0])
    return TruncatedSVD(n, random_state=seed).fit_transform(features)
