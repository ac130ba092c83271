"""What all tests share: reproducible Hypothesis, the folder of real data, small logs."""

import os
from pathlib import Path

if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # workers share the processors: threads of each would wait for each other
    for variable in ("RECSYS_COURSE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from recsys_course.interactions import Interactions

# Derandomized: the same examples in every run, so that a red test stays red until mended.
settings.register_profile(
    "course",
    deadline=None,
    derandomize=True,
    max_examples=25,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# HYPOTHESIS_PROFILE=search looks for new examples, for an afternoon of hunting.
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "course"))

DATA = os.environ.get("RECSYS_COURSE_DATA", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked realdata are skipped, with the reason, where there is no such folder."""
    if DATA and Path(DATA).is_dir():
        return
    reason = f"RECSYS_COURSE_DATA names no folder: {DATA!r}" if DATA else "RECSYS_COURSE_DATA is not set"
    for item in items:
        if item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def no_progress_of_ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Checks that tests run leave the progress of whoever runs the tests alone."""
    os.environ["RECSYS_COURSE_HOME"] = str(tmp_path_factory.mktemp("progress"))


@pytest.fixture
def data_folder() -> Path:
    """The folder of original files; for tests marked realdata."""
    if not (DATA and Path(DATA).is_dir()):
        pytest.skip("RECSYS_COURSE_DATA names no folder")
    return Path(DATA)


@pytest.fixture
def data_file(data_folder: Path):
    """A function: relative path -> the original file, or a visible skip that names it."""

    def find(name: str) -> Path:
        path = data_folder / name
        if not path.exists():
            pytest.skip(f"RECSYS_COURSE_DATA has no {name}")
        return path

    return find


@pytest.fixture
def stars() -> Interactions:
    """60 ratings of 1 to 5 stars by 12 users on 9 items; no pair twice, times shuffled."""
    rng = np.random.default_rng(7)
    pairs = rng.permutation(12 * 9)[:60]
    values = rng.integers(1, 6, size=60).astype(float)
    return Interactions(pairs // 9, pairs % 9, 12, 9, values, rng.permutation(60) + 1_000)
