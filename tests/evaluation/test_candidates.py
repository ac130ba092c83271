"""What is tried for whom: spaces around the defaults, factories of one's own."""

import numpy as np
import optuna
import pandas as pd
import pytest
from scipy import sparse

from recsys_course.evaluation.candidates import candidates, registered
from recsys_course.evaluation.spaces import SPACES
from recsys_course.evaluation.tuning import drawn, tune
from recsys_course.linear import EASE
from recsys_course.registry import MODELS, parameters

ITEMS = pd.DataFrame({"title": ["a tent", "a rope", "a tent and a rope"]})


def test_every_registered_model_can_be_tuned_around_its_defaults():
    found = candidates(
        [registered(name, ITEMS) for name in MODELS]
    )  # refuses a space with an unknown option or without the default
    assert [candidate.name for candidate in found] == list(MODELS)
    assert set(SPACES) <= set(MODELS)
    without = {c.name for c in found if not c.space}
    assert without == {"popularity", "random"}  # nothing to choose: no field but the seed
    for candidate in found:
        assert candidate.random == ("seed" in parameters(candidate.name))
        assert "seed" not in candidate.space


@pytest.mark.parametrize("name", SPACES)
def test_settings_stay_in_their_space_and_start_at_the_defaults(name):
    (candidate,) = candidates([registered(name, ITEMS)])
    asked = []

    def judged(number, options):
        asked.append(options)
        candidate.build(options, 0)  # the constructor takes it
        return {"options": options, "value": float(number)}

    best, trials = tune(candidate, "ndcg@10", 30, judged)
    assert asked[0] == {key: candidate.defaults[key] for key in candidate.space}
    assert len(trials) == 30 and best == asked[-1]
    for options in asked:
        for key, values in candidate.space.items():
            if isinstance(values, list):
                assert options[key] in values
            else:
                assert values[0] <= options[key] <= values[1] and type(options[key]) is type(values[0])


def test_features_are_made_once_from_the_texts_of_the_items():
    made = registered("content-profile", ITEMS)
    first, second = made.build({"profile": "rocchio"}, 0), made.build({}, 0)
    assert first.profile == "rocchio" and first.item_features is second.item_features
    assert first.item_features.shape == (3, 4)  # a, and, rope, tent
    with pytest.raises(ValueError, match=r"content-knn: no item_features and no items; expected items="):
        candidates(["content-knn"])
    given = registered("content-knn", ITEMS, item_features=np.eye(3))
    assert given.build({}, 0).item_features.shape == (3, 3)


def test_candidates_of_other_features_are_told_apart():
    def checksum(features):
        return registered("content-knn", item_features=features).made_of()

    X = np.random.default_rng(0).random((300, 20))  # so large that its repr leaves numbers out
    other = X.copy()
    other[150, 10] += 1
    for kind in (np.array, sparse.csr_array):
        assert checksum(kind(X)) == checksum(kind(X.copy())) != checksum(kind(other))
    moved = sparse.csr_array(X)
    moved.indices = moved.indices[::-1]
    assert checksum(moved) != checksum(sparse.csr_array(X))
    with pytest.raises(ValueError, match="models: 'content-knn' twice with different options"):
        candidates([registered("content-knn", item_features=kind) for kind in (X, other)])


def test_numbers_spread_over_a_range_as_its_logarithm():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    values = [drawn(study.ask(), {"reg": (0.01, 100.0)}, exact=False)["reg"] for _ in range(400)]
    assert abs(np.mean(np.array(values) < 1) - 0.5) < 0.1  # half below the middle; four standard deviations
    assert all(float(f"{value:.3g}") == value for value in values)


def test_ten_draws_are_random_and_then_it_looks_where_good_ones_lay():
    (candidate,) = candidates({"ease": (EASE, {"reg": (1.0, 10_000.0)})})

    def judged(number, options):  # best at reg = 10
        return {"options": options, "value": -abs(np.log(options["reg"] / 10))}

    best, trials = tune(candidate, "ndcg@10", 40, judged)
    miss = [-trial["value"] for trial in trials]
    assert np.mean(miss[20:]) < np.mean(miss[:10]) / 2
    assert abs(np.log(best["reg"] / 10)) == min(miss)
    quiet = optuna.logging.get_verbosity()
    assert quiet >= optuna.logging.WARNING


def test_the_smallest_error_is_best_and_the_first_of_equals():
    (candidate,) = candidates({"ease": (EASE, {"reg": (1.0, 10_000.0)})})
    values = [0.9, 0.7, 0.7, 0.8]

    def judged(number, options):
        return {"options": options | {"number": number}, "value": values[number]}

    assert tune(candidate, "rmse", 4, judged)[0]["number"] == 1
    assert tune(candidate, "ndcg@10", 4, judged)[0]["number"] == 0


def test_a_factory_of_ones_own():
    def factory(reg=3.0, **others):
        return EASE(reg)

    (candidate,) = candidates({"mine": (factory, {"reg": (1.0, 9.0), "anything": [1, 2]})})
    assert candidate.defaults == {"reg": 3.0} and not candidate.random
    assert candidate.build({"reg": 5.0}, seed=1).reg == 5.0
    seeded = candidates({"mine": lambda seed: EASE(float(seed))})[0]
    assert seeded.random and seeded.build({}, seed=7).reg == 7.0
    assert candidates("ease")[0].name == "ease"
    assert [c.name for c in candidates(["ease", "slim", "ease"])] == ["ease", "slim"]


def test_candidates_are_told_apart():
    def checksum(space, make=EASE):
        return candidates({"m": (make, space)})[0].made_of()

    assert checksum({"reg": (1.0, 900.0)}) == checksum({"reg": (1.0, 900.0)})
    assert checksum({"reg": (1.0, 900.0)}) != checksum({"reg": (1.0, 901.0)})
    assert checksum({}) != checksum({}, lambda reg=600.0: EASE(reg))
