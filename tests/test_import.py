"""Importing the package is light: no torch, no numba, and the classical chapters never load torch."""

import subprocess
import sys

import pytest

import recsys_course

CLASSICAL = [
    "baselines", "neighbors", "factorization", "linear", "similarity", "metrics", "interactions", "tables",
    "ranking", "base", "data.split", "data.planted", "calibration",
]  # fmt: skip


def modules_after(code: str) -> set[str]:
    """Names of the top modules that a fresh Python holds after running ``code``."""
    ask = f"{code}\nimport sys; print(' '.join(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_package_alone_loads_neither_torch_nor_numba():
    loaded = modules_after("import recsys_course; dir(recsys_course); recsys_course.__version__")
    assert "recsys_course" in loaded
    assert not loaded & {"torch", "numba", "matplotlib", "sklearn"}


def test_the_log_needs_no_compiler():
    loaded = modules_after("from recsys_course import Interactions, from_frame")
    assert not loaded & {"torch", "numba"}


def test_the_classical_chapters_load_no_torch():
    loaded = modules_after("\n".join(f"import recsys_course.{name}" for name in CLASSICAL))
    assert "torch" not in loaded
    assert "sklearn" not in loaded


@pytest.mark.parametrize("name", recsys_course.__all__)
def test_every_public_name_is_there_and_explained(name):
    thing = getattr(recsys_course, name)
    assert getattr(thing, "__name__", name) == name  # constants have no name of their own
    assert thing.__doc__


def test_public_names_are_listed_and_unknown_ones_refused():
    assert set(recsys_course.__all__) < set(dir(recsys_course))
    with pytest.raises(AttributeError, match="module 'recsys_course' has no attribute 'ItemKMM'"):
        recsys_course.ItemKMM  # noqa: B018
    with pytest.raises(ImportError):
        from recsys_course import Nothing  # noqa: F401
