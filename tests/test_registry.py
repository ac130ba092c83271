"""Models by name: complete, lazy, and clear about what they refuse."""

import dataclasses
import importlib.util
import inspect
import subprocess
import sys
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from recsys_course.base import RatingPredictor, Recommender
from recsys_course.registry import MODELS, ModelInfo, make_model, parameters

ITEMS = pd.DataFrame({"title": ["a tent", "a rope", "a tent and a rope"], "price": [1, 2, 3]})


def present(name: str) -> str:
    """The name, or a visible skip where the model's module is not there yet."""
    module = MODELS[name].where.split(":")[0]
    if importlib.util.find_spec(f"recsys_course.{module}") is None:
        pytest.skip(f"no module {module}")
    return name


@pytest.mark.parametrize("name", MODELS)
def test_every_entry_tells_the_truth_about_its_class(name):
    info, cls = MODELS[name], MODELS[present(name)].load()
    assert dataclasses.is_dataclass(cls)
    ranks, rates = issubclass(cls, Recommender), issubclass(cls, RatingPredictor)
    assert info.kind == ("both" if ranks and rates else "ranking" if ranks else "rating")
    assert info.about and info.chapter >= 1
    for defaults in info.defaults.values():
        make_model(name, ITEMS, **defaults)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_accepts_its_own_defaults(name):
    model = make_model(present(name), ITEMS)
    values = {key: getattr(model, key) for key in parameters(name)}
    assert make_model(name, **values) == model


@pytest.mark.parametrize("name", MODELS)
def test_every_rating_predictor_says_that_it_can_clip_after_its_own_options(name):
    names = list(parameters(name))
    rates = issubclass(MODELS[name].load(), RatingPredictor)
    assert names[-1:] == ["clip"] if rates else "clip" not in names
    assert names == list(inspect.signature(MODELS[name].load()).parameters)
    if rates:
        assert make_model(name, clip=False).clip is False
        with pytest.raises(TypeError, match=f"{name}: clip=0; expected bool"):
            make_model(name, clip=0)


@pytest.mark.parametrize("name", [name for name, info in MODELS.items() if info.features])
def test_models_of_features_take_the_texts_of_the_items(name):
    model = make_model(name, items=ITEMS)
    assert model.item_features.shape == (3, 4)  # a, and, rope, tent; the price is no text
    assert make_model(name, items=ITEMS, item_features=None).item_features.shape == (3, 4)
    given = np.eye(3)
    assert make_model(name, items=ITEMS, item_features=given).item_features is given
    assert make_model(name, item_features=given).item_features is given


def test_features_from_nowhere_are_refused_with_what_is_missing():
    with pytest.raises(
        ValueError, match="content-knn: no item_features and no items; expected items=dataset"
    ):
        make_model("content-knn")
    message = (
        "content-knn: no item_features, and none can be made: items: no text; expected one of .*not price"
    )
    with pytest.raises(ValueError, match=message):
        make_model("content-knn", items=ITEMS[["price"]])
    with pytest.raises(
        ValueError, match=r"content-profile: no item_features, and none can be made: .*min_count"
    ):
        make_model("content-profile", items=pd.DataFrame({"title": ["", None]}))
    assert make_model("fm", items=ITEMS).item_features is None  # it takes features, but can do without
    assert make_model("popularity", items=None)  # whoever needs no features does not ask


def test_importing_the_registry_loads_no_model():
    code = (
        "import sys; from recsys_course.registry import MODELS; "
        "bad = {'numba', 'torch', 'pandas', 'recsys_course.base'} & set(sys.modules); assert not bad, bad"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == 0


@pytest.mark.parametrize(
    "wrong, near", [("itemknn", "item-knn"), ("item_knn", "item-knn"), ("Popular", "popularity")]
)
def test_unknown_model_gets_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"no model '{wrong}'; did you mean {near}"):
        make_model(wrong)


def test_unknown_parameter_lists_those_there_are():
    with pytest.raises(ValueError, match="damped-means has no parameter 'dampen'; it has: damping, clip"):
        make_model("damped-means", dampen=1)
    with pytest.raises(ValueError, match="popularity has no parameter 'k'; it has: none"):
        make_model("popularity", k=1)


@dataclasses.dataclass
class Typed:
    count: int = 1
    share: float = 0.5
    flag: bool = False
    maybe: int | None = None
    kind: Literal["cosine", "dot"] = "cosine"


@pytest.fixture
def typed(monkeypatch):
    monkeypatch.setitem(MODELS, "typed", ModelInfo("x:Typed", "ranking", "a class with types", 3))
    monkeypatch.setattr(ModelInfo, "load", lambda self: Typed)


@pytest.mark.parametrize(
    "key, value", [("count", 3), ("share", 2), ("flag", True), ("maybe", None), ("maybe", 4)]
)
def test_values_of_the_right_type_are_taken(typed, key, value):
    assert getattr(make_model("typed", **{key: value}), key) == value


@pytest.mark.parametrize(
    "key, value",
    [("count", 2.5), ("count", "3"), ("count", True), ("share", "x"), ("flag", 1), ("maybe", "x")],
)
def test_values_of_another_type_are_refused(typed, key, value):
    with pytest.raises(TypeError, match=f"typed: {key}={value!r}; expected"):
        make_model("typed", **{key: value})


def test_a_value_that_is_none_of_a_list_is_told_the_list(typed):
    with pytest.raises(TypeError, match=r"typed: kind='foo'; expected Literal\['cosine', 'dot'\]"):
        make_model("typed", kind="foo")
