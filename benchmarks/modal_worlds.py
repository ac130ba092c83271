"""A simulated shop of texts, pictures and sounds; old and new items, judged by clicks and by truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from recsys_course import metrics, split_by_time
from recsys_course.base import Recommender
from recsys_course.content import texts_of
from recsys_course.content.text import HashingSVD
from recsys_course.data import Split
from recsys_course.data.world import SCENARIOS, World, make_world
from recsys_course.interactions import Interactions

K = 10
SIZES = {"n_users": 1000, "n_items": 500, "n_exposures": 120_000}
# Pictures matter to half of the users, sounds to another half, drawn apart; a fifth of the items lack either.
# Most items are launched while the log runs, so that there are new ones at every moment.
CHANGES = {
    "launched_before": 0.3, "drift": 0.3, "image_share": 0.5, "audio_share": 0.5,
    "image_missing": 0.2, "audio_missing": 0.2,
}  # fmt: skip
TEST, VALIDATION = 0.3, 0.2  # shares of the events, the latest ones
TEXT_COLUMNS = 32


def modalities_of(world: World) -> dict[str, np.ndarray]:
    """Text, image and audio vectors of the items; rows of NaN are missing."""
    text = HashingSVD(n_factors=TEXT_COLUMNS).fit_encode(texts_of(world.dataset.items))
    return {"text": np.asarray(text), "image": world.items.image, "audio": world.items.audio}


@dataclass
class Shop:
    """One world, cut at one moment: learn before it, be judged after it.

    Attributes:
        old, new: codes of the items with and without events before the cut; new ones have some after it.
    """

    seed: int

    @cached_property
    def world(self) -> World:
        return make_world(replace(SCENARIOS["shop"], **CHANGES), **SIZES, seed=self.seed)

    @cached_property
    def modalities(self) -> dict[str, np.ndarray]:
        return modalities_of(self.world)

    @cached_property
    def split(self) -> Split:
        return split_by_time(self.world.log, TEST)

    @cached_property
    def inner(self) -> Split:
        """The training side, cut again: settings are chosen on its later part."""
        return split_by_time(self.split.train, VALIDATION)

    @cached_property
    def old(self) -> np.ndarray:
        return np.unique(self.split.train.items)

    @cached_property
    def new(self) -> np.ndarray:
        return np.setdiff1d(self.split.test.items, self.old)

    def sizes(self) -> dict[str, Any]:
        """How much there is, and checksums of the events."""
        train, test = self.split
        found = {"train": len(train), "test": len(test), "old": len(self.old), "new": len(self.new)}
        return found | {"sha256_train": train.fingerprint(), "sha256_test": test.fingerprint()}

    def judge(self, model: Recommender) -> dict[str, float]:
        """nDCG@10 on later clicks and correlation with the true utility, on new and on old items."""
        values = {}
        for name, items in (("new", self.new), ("old", self.old)):
            values[f"{name} ndcg"] = float(ndcg(model, self.split, items).mean())
            values[f"{name} truth"] = float(self.agreement(model, items).mean())
        return values

    def agreement(self, model: Recommender, items: np.ndarray) -> np.ndarray:
        """(B,) of each user with training events: Pearson of scores and true utilities over the items."""
        users = np.unique(self.split.train.users)
        found = [model.score(part)[:, items] for part in np.array_split(users, 4)]
        return correlations(np.vstack(found), self.world.utility(users[:, None], items))

    def by_group(self, model: Recommender) -> dict[str, list[float]]:
        """For new and old items: the mean agreement of users to whom image and sound (do not) matter."""
        users, people = np.unique(self.split.train.users), self.world.users
        groups = {
            "image matters": people.image_weight[users] > 0,
            "image does not": people.image_weight[users] == 0,
            "audio matters": people.audio_weight[users] > 0,
            "audio does not": people.audio_weight[users] == 0,
        }
        each = {"new": self.agreement(model, self.new), "old": self.agreement(model, self.old)}
        return {
            group: [float(each[n][rows].mean()) for n in ("new", "old")] for group, rows in groups.items()
        }


def ndcg(model: Recommender, split: Split, items: np.ndarray) -> np.ndarray:
    """(B,) nDCG@10 of users who click one of these items without having met it; only these compete."""
    wanted, met = held(split.test, items), held(split.train, items)
    users = np.intersect1d(np.unique(split.train.users), np.flatnonzero(np.diff(wanted.indptr)))
    seen = met[users].toarray() > 0
    relevant = (wanted[users].toarray() > 0) & ~seen
    users, seen, relevant = (x[relevant.any(axis=1)] for x in (users, seen, relevant))
    scores = np.where(seen, -np.inf, model.score(users)[:, items])
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return metrics.ndcg(ranked, sparse.csr_array(relevant.astype(float)), K, mean=False)


def held(log: Interactions, items: np.ndarray) -> sparse.csr_array:
    """(U, len(items)) events on these items, one column each."""
    return sparse.csr_array(log.to_csr()[:, items])


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(B,) Pearson of the rows of two (B, n) arrays; 0 for a row that does not vary."""
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a.astype(float), b))
    below = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return (a * b).sum(axis=1) / np.where(below > 1e-9, below, np.inf)
