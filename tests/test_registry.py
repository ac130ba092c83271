"""Models by name: complete, lazy, and clear about what they refuse."""

import dataclasses
import importlib.util
import inspect
import subprocess
import sys

import pytest

from recsys_course.base import RatingPredictor, Recommender
from recsys_course.registry import MODELS, ModelInfo, make_model, parameters


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
        make_model(name, **defaults)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_accepts_its_own_defaults(name):
    model = make_model(present(name))
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
