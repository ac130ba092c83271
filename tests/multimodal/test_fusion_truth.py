"""Worlds whose truth says which modality matters: the learned fusions find it, and rank items nobody met."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from recsys_course.baselines import Popularity, Random
from recsys_course.data import split_cold_items
from recsys_course.data.world import SCENARIOS, make_world
from recsys_course.metrics import auc, recall
from recsys_course.multimodal import FusionRecommender, LateFusion

CASES = [("image", 0), ("audio", 1), ("image", 2)]
OTHER = {"image": "audio", "audio": "image"}
each_case = pytest.mark.parametrize("matters, seed", CASES)


@cache
def world(matters, seed):
    """Everybody cares for one of two modalities, which a tenth of the items lacks; topics hardly count."""
    scenario = replace(
        SCENARIOS["shop"],
        taste_weight=0.3, price_weight=0.0, image_missing=0.1, audio_missing=0.1, click_offset=-2.0,
        image_share=float(matters == "image"), audio_share=float(matters == "audio"),
        image_weight=2.0, audio_weight=2.0,
    )  # fmt: skip
    made = make_world(scenario, 400, 300, 50_000, seed)
    return made, split_cold_items(made.log, 0.2, seed=seed)


def modalities(made):
    return {"image": made.items.image, "audio": made.items.audio}


@cache
def fitted(matters, seed, kind, **options):
    made, split = world(matters, seed)
    return FusionRecommender(modalities(made), kind, **options).fit(split.train)


def cold_auc(model, split):
    """Mean over users of the AUC among the held-out items, of whom nobody has met any."""
    cold = np.unique(split.test.items)
    users = np.intersect1d(np.unique(split.test.users), np.unique(split.train.users))
    scores = model.score(users)[:, cold]
    wanted = split.test.to_csr()[users].toarray()[:, cold] > 0
    return np.mean([auc(labels, row) for labels, row in zip(wanted, scores, strict=True)])


@each_case
@pytest.mark.parametrize("kind", ["early", "late", "gated", "attention"])
def test_cold_items_are_ranked_and_by_the_modality_that_matters(matters, seed, kind):
    _, split = world(matters, seed)
    model = fitted(matters, seed, kind)
    whole = cold_auc(model, split)
    assert cold_auc(Popularity().fit(split.train), split) == 0.5  # nobody has met them: all alike
    assert abs(cold_auc(Random().fit(split.train), split) - 0.5) < 0.03
    assert whole > 0.58
    assert cold_auc(model.without(matters), split) < whole - 0.05
    assert cold_auc(model.without(OTHER[matters]), split) > whole - 0.02


@each_case
def test_gates_and_attention_are_larger_for_the_modality_that_matters(matters, seed):
    made, _ = world(matters, seed)
    both = np.flatnonzero(~np.isnan(made.items.image[:, 0]) & ~np.isnan(made.items.audio[:, 0]))
    place = list(modalities(made)).index(matters)
    gates = fitted(matters, seed, "gated").weights_of(both)
    attention = fitted(matters, seed, "attention").attention_of(np.arange(made.n_users), both)
    assert gates[:, place].mean() > 0.55
    assert attention[..., place].mean() > 0.55


@each_case
def test_of_items_nobody_met_more_are_found_in_the_whole_catalogue_than_by_popularity_or_chance(
    matters, seed
):
    made, split = world(matters, seed)
    users = np.intersect1d(np.unique(split.test.users), np.unique(split.train.users))
    relevant = split.test.to_csr()[users]

    def found(model):
        return recall(model.fit(split.train).recommend(users, n=20), relevant, 20)

    fusion = found(FusionRecommender(modalities(made), "gated", id_embedding=False))
    assert found(Popularity()) == 0
    assert fusion > found(Random()) + 0.05
    assert (
        fusion
        > found(FusionRecommender({matters: modalities(made)[OTHER[matters]]}, id_embedding=False)) + 0.03
    )


@each_case
def test_tuned_late_fusion_gives_the_modality_that_matters_the_larger_share(matters, seed):
    made, split = world(matters, seed)
    _, validation = split_cold_items(split.train, 0.2, seed=seed + 1)
    inner = split.train.take(~np.isin(split.train.items, np.unique(validation.items)))
    model = LateFusion(modalities(made), "tuned").fit(inner).tune(validation, n=20)
    assert dict(zip(model.names_, model.weights_, strict=True))[matters] >= 0.6


def test_two_modalities_that_both_matter_beat_either_alone():
    """Everybody cares for both. Their worth adds up, as the scores of "late" do, with a taste for each."""
    scenario = replace(
        SCENARIOS["shop"],
        taste_weight=0.3, price_weight=0.0, audio_missing=0.1, click_offset=-2.0,
        image_share=1.0, audio_share=1.0, image_weight=1.5, audio_weight=1.5,
    )  # fmt: skip
    for seed in range(3):
        made = make_world(scenario, 400, 300, 50_000, seed)
        split, parts = split_cold_items(made.log, 0.2, seed=seed), modalities(made)
        together, image, audio = (
            cold_auc(FusionRecommender(chosen, "late").fit(split.train), split)
            for chosen in (parts, {"image": parts["image"]}, {"audio": parts["audio"]})
        )
        assert together > max(image, audio) + 0.02
