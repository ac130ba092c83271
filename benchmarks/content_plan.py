"""Which models stand on a board: names, groups, what is tried for each.

Every model has the same number of trials; one without options to choose has one. A hybrid's
members come with the options that their own trials chose; its trials go to its own options.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from content_boards import Board
from content_models import AmongNew, Kept, OnModalities, OnRows, encoder_class, found

from recsys_course.base import Recommender
from recsys_course.data import Split
from recsys_course.evaluation.candidates import Candidate, registered
from recsys_course.evaluation.spaces import Space

PROFILE, KNN = "content:ContentProfile", "content:ContentKNN"
WORDS: Space = {"sublinear": [False, True], "max_share": [1.0, 0.3, 0.1], "min_count": [1, 2, 5]}
TEXTS: dict[str, tuple[str, Space]] = {
    "tfidf": ("rare words count more; mean of the history", WORDS),
    "bm25": (
        "like tfidf, with a ceiling for repeats and a correction for length",
        {"k1": [0.5, 1.0, 1.5, 2.5], "b": [0.0, 0.4, 0.75, 1.0], "min_count": [1, 2, 5]},
    ),
    "word2vec": (
        "mean of word vectors, learned on these texts",
        {"n_factors": [25, 50], "window": [2, 5], "n_epochs": [2, 5, 10], "idf": [False, True]},
    ),
    "glove": (
        "mean of word vectors from counts of neighbours, learned on these texts",
        {"n_factors": [25, 50], "window": [2, 5], "n_epochs": [15, 30]},
    ),
    "hashing-svd": ("hashed words and pairs of words, reduced", {"n_factors": [32, 64, 128, 256]}),
    "minilm": ("a sentence encoder that was trained elsewhere", {}),
}
FUSION: Space = {
    "n_factors": [16, 32], "learning_rate": (0.003, 0.03), "reg": (0.001, 0.1),
    "modality_dropout": [0.0, 0.2, 0.5], "n_epochs": [5, 10, 20],
}  # fmt: skip
LEARNED = {
    "early": "one network over all modalities and the id",
    "gated": "modalities weighed by a gate of the item's own",
    "attention": "modalities weighed by what the user looks for",
}
ABLATED = ("concatenate", "late", *LEARNED)
COSTLY = (*LEARNED, "stacking", "feature-combination", "augmentation")  # not on the shelf of new items


@dataclass(frozen=True)
class Plan:
    """One line that a board should have.

    Args:
        about: one sentence. candidate: for ``judge``.
    """

    group: str
    about: str
    candidate: Candidate

    @property
    def name(self) -> str:
        """The model's name."""
        return self.candidate.name


def singles(name: str, board: Board, cache: str) -> Iterator[Plan]:
    """Everything but the hybrids."""
    for model, about in (
        ("popularity", "what most users met"),
        ("recent-popularity", "what most users met lately"),
        ("random", "chance"),
    ):
        yield Plan("baseline", about, registered(model))
    yield Plan("collaborative", "what resembles the history, by users in common", registered("item-knn"))
    yield Plan("collaborative", "item weights in one closed form", registered("ease"))
    yield from _rows(name, board, cache)
    yield _item2vec()
    yield from _modal(name, board, cache)


def _item2vec() -> Plan:
    cls = found("content:Item2Vec")
    space: Space = {
        "n_factors": [25, 50], "window": [2, 5], "n_epochs": [5, 10],
        "gap": [1800, None], "learning_rate": (0.01, 0.1),
    }  # fmt: skip
    candidate = Candidate("item2vec", cls, space, _defaults(cls, space), True)
    return Plan("collaborative", "item vectors from sessions", candidate)


def _rows(name: str, board: Board, cache: str) -> Iterator[Plan]:
    """Profiles and neighbours on rows of texts."""

    def plan(model: str, about: str, code: str, space: Space, where: str = PROFILE, **how: Any) -> Plan:
        parts, fixed = how.pop("parts", everything), how
        candidate = on_rows(name, model, parts, code, where, space, fixed, cache)
        return Plan("content", about, candidate)

    everything = (*board.plain, board.free) if board.free else board.plain
    if "genres" in board.plain:
        yield plan("genres", "genres one-hot; mean of the history", "one-hot", {}, parts=("genres",))
    for code, (about, space) in TEXTS.items():
        yield plan(code, about, code, space)
    if board.free:
        yield plan(
            f"tfidf-without-{board.free}", f"tfidf without {board.free}", "tfidf", WORDS, parts=board.plain
        )
    yield plan(
        "tfidf-decayed", "tfidf; old events fade", "tfidf", {"half_life": (7.0, 1000.0)}, half_life=90.0
    )
    if board.stars:
        yield plan(
            "tfidf-weighted",
            "tfidf; weights are stars less the user's mean",
            "tfidf",
            WORDS,
            profile="weighted",
        )
        yield plan(
            "tfidf-rocchio", "tfidf; liked less disliked", "tfidf",
            {"negative": [0.05, 0.1, 0.25, 0.5, 1.0], "like": [None, 4.0]}, profile="rocchio",
        )  # fmt: skip
    neighbours: Space = {"k": [5, 10, 20, 50, 100, 200], "shrinkage": [0.0, 0.5, 2.0]}
    yield plan("content-knn", "the nearest items by tfidf", "tfidf", neighbours, KNN)
    yield plan("content-knn-minilm", "the nearest items by minilm", "minilm", neighbours, KNN)


PROFILES: dict[str, dict[str, Any]] = {
    "tfidf-decayed": {"half_life": 90.0},
    "tfidf-weighted": {"profile": "weighted"},
    "tfidf-rocchio": {"profile": "rocchio"},
}


def same_rows(board: str, how: Board, options: dict[str, Any], cache: str) -> Iterator[tuple[str, Candidate]]:
    """(line, candidate with nothing to choose) of the other profiles on the tuned rows of tfidf."""
    parts = (*how.plain, how.free) if how.free else how.plain
    for name, profile in PROFILES.items():
        if how.stars or name == "tfidf-decayed":
            title = f"{name} on the rows of tfidf"
            yield name, on_rows(board, title, parts, "tfidf", PROFILE, {}, options | profile, cache)


def on_rows(
    board: str, name: str, parts: tuple[str, ...], code: str, where: str, space: Space,
    fixed: dict[str, Any], cache: str,
) -> Candidate:  # fmt: skip
    """A candidate whose options go to the encoder or to the model, whichever knows them."""
    encoder, model = encoder_class(code), found(where)
    of_encoder, of_model = _options(encoder), _options(model)

    def make(**options: Any) -> OnRows:
        both = fixed | options
        encoding = {key: value for key, value in both.items() if key in of_encoder}
        own = {key: value for key, value in both.items() if key not in of_encoder}
        return OnRows(board, parts, code, where, encoding, own, cache)

    defaults = {
        **_defaults(encoder, set(space) & of_encoder), **_defaults(model, set(space) & of_model), **fixed
    }  # fmt: skip
    return Candidate(name, make, space, defaults, "seed" in of_encoder | of_model)


def _options(cls: Any) -> set[str]:
    return {f.name for f in dataclasses.fields(cls) if f.init}


def _defaults(cls: Any, names: Any) -> dict[str, Any]:
    known = inspect.signature(cls).parameters
    return {name: known[name].default for name in names}


def _modal(name: str, board: Board, cache: str) -> Iterator[Plan]:
    """One modality alone, and the ways of fusing them."""
    if not board.modalities:
        return
    for one in board.modalities:
        if one == "genres":
            continue  # it stands there as a content model already
        about = f"{one} alone; mean of the history"
        yield Plan("multimodal", about, modal(name, f"single:{one}", "concatenate", {}, {}, cache, (one,)))
    dials: Space = {f"of_{one}": [0.25, 0.5, 1.0, 2.0, 4.0] for one in board.modalities}
    equal = dict.fromkeys(dials, 1.0)
    sizes: Space = {"n_factors": [16, 32, 64, 128]}
    for fusion, about, space, defaults in (
        ("average", "each projected at random, then averaged", sizes, {"n_factors": 64}),
        ("weighted", "projected, averaged with weights", sizes | dials, {"n_factors": 64} | equal),
        ("concatenate", "side by side, each at length 1", {}, {}),
        ("late", "a score for each, then their weighted sum", dials, equal),
    ):  # fmt: skip
        candidate = modal(name, fusion, fusion, space, defaults, cache, board.modalities)
        yield Plan("multimodal", about, candidate)
    cls = found("multimodal:FusionRecommender")
    for fusion, about in LEARNED.items() if board.learned else ():
        defaults = _defaults(cls, FUSION) | {"batch_size": 2048}
        candidate = modal(name, fusion, fusion, FUSION, defaults, cache, board.modalities)
        yield Plan("multimodal", about, candidate)


def modal(
    board: str, name: str, fusion: str, space: Space, defaults: dict[str, Any], cache: str,
    names: tuple[str, ...], left_out: str = "",
) -> Candidate:  # fmt: skip
    """A candidate that fuses modalities."""

    def make(**options: Any) -> OnModalities:
        return OnModalities(board, names, fusion, defaults | options, left_out, cache)

    return Candidate(name, make, space, defaults, fusion in LEARNED or fusion in ("average", "weighted"))


MANY: tuple[float, float] = (0.05, 20.0)
HYBRIDS: dict[str, tuple[str, str, Space, dict[str, Any]]] = {
    "weighted-hybrid": (
        "weighted sum of z-scores; odds are those of content", "Weighted", {"odds": MANY}, {"odds": 1.0},
    ),
    "rrf": ("reciprocal ranks added up", "Mixed", {"k": (1.0, 200.0)}, {"k": 60.0}),
    "switching": (
        "content for short histories, else collaborative", "Switching",
        {"threshold": [2, 5, 10, 20, 50, 100]}, {"threshold": 5},
    ),
    "cascade": (
        "one finds, the other orders", "Cascade",
        {"depth": [15, 20, 50, 100, 200], "finder": ["content", "collaborative"]},
        {"depth": 100, "finder": "collaborative"},
    ),
    "stacking": (
        "a logistic regression on scores out of fold", "Stacking",
        {"depth": [20, 50, 100, 200], "n_negatives": [2, 4, 8]}, {"depth": 100, "n_negatives": 4},
    ),
    "feature-combination": (
        "one learner over both members, popularity, activity", "FeatureCombination",
        {"estimator": ["logistic", "boosting"], "n_negatives": [2, 4, 8]},
        {"estimator": "logistic", "n_negatives": 4},
    ),
    "augmentation": (
        "content's suggestions become weak events of the collaborative member", "FeatureAugmentation",
        {"n": [5, 10, 20, 50], "weight": [0.1, 0.25, 0.5, 1.0]}, {"n": 20, "weight": 0.5},
    ),
}  # fmt: skip
TUNED = "weighted-tuned"
SEEDED = ("stacking", "feature-combination")


def hybrids(board: str, members: dict[str, Kept], whole: dict[str, Candidate]) -> Iterator[Plan]:
    """The hybrids of two members, {"content": ..., "collaborative": ...}; ``whole`` are their candidates."""
    random = any(candidate.random for candidate in whole.values())
    for name, (about, cls, space, defaults) in HYBRIDS.items():
        make = _maker(cls, members, whole, defaults)
        yield Plan("hybrid", about, Candidate(name, make, space, defaults, random or name in SEEDED))


def tuned_weights(members: dict[str, Kept], inner: Split) -> dict[str, float]:
    """The best of 21 weights on the validation part, 0 and 1 among them: the members score once."""
    known = inner.test.take(np.isin(inner.test.users, inner.train.users))
    hybrid = found("hybrid:Weighted")(dict(members)).fit(inner.train)
    hybrid.tune(known, "ndcg", n=10, n_trials=22)
    return dict(zip(hybrid.names_, map(float, hybrid.weights_), strict=True))


def tuned(members: dict[str, Kept], whole: dict[str, Candidate], weights: dict[str, float]) -> Plan:
    """The weighted sum with the weights found; nothing is left to choose."""

    def make(seed: int = 0) -> Recommender:
        made = {role: dataclasses.replace(member, seed=seed) for role, member in members.items()}
        return found("hybrid:Weighted")(made, weights=weights)

    random = any(candidate.random for candidate in whole.values())
    about = "weighted sum of z-scores; the best of 21 weights on the validation part"
    return Plan("hybrid", about, Candidate(TUNED, make, {}, {}, random))


def _maker(cls: str, members: dict[str, Kept], whole: dict[str, Candidate], defaults: dict[str, Any]) -> Any:
    def make(seed: int = 0, **options: Any) -> Recommender:
        both = defaults | options
        made = {role: dataclasses.replace(member, seed=seed) for role, member in members.items()}
        hybrid = found(f"hybrid:{cls}")
        if cls == "Weighted":
            share = both["odds"] / (1 + both["odds"])
            return hybrid(made, weights={"content": share, "collaborative": 1 - share})
        if cls == "Cascade":
            other = {"content": "collaborative", "collaborative": "content"}[both["finder"]]
            return hybrid(made[both["finder"]], made[other], depth=both["depth"])
        if cls == "FeatureAugmentation":
            # the model itself, not its kept fit: it learns from another log, and its options say how
            model = whole["collaborative"].build(members["collaborative"].options, seed)
            return hybrid(model, made["content"], **both)
        seeded = {"seed": seed, "n_folds": 3} if cls in ("Stacking", "FeatureCombination") else {}
        return hybrid(made, **both, **seeded)

    return make


def ablations(
    board: str, how: Board, plan: Plan, options: dict[str, Any], cache: str
) -> Iterator[tuple[str, Candidate]]:
    """(modality left out, candidate with nothing to choose) of a fusion with its options."""
    for one in how.modalities:
        kept = {key: value for key, value in options.items() if key != f"of_{one}"}
        yield one, modal(board, f"{plan.name} without {one}", plan.name, {}, kept, cache, how.modalities, one)


def among_new(plan: Plan, options: dict[str, Any]) -> Candidate:
    """The same model for a shelf of new items."""

    def make(**seed: int) -> AmongNew:
        return AmongNew(plan.candidate.make(**options, **seed))

    return Candidate(plan.name, make, {}, {}, plan.candidate.random)
