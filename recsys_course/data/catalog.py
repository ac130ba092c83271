"""The datasets by name: what each is, under which licence, and :func:`load`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from recsys_course.data import movielens
from recsys_course.data.fetch import DATA_VARIABLE, DatasetError, Source, cache_folder, download, file_sha256
from recsys_course.data.logged.info import LOGGED
from recsys_course.data.reviews import REVIEWS
from recsys_course.interactions import Dataset

_FILES = "https://files.grouplens.org/datasets/movielens/"
_CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872"
)
_RESEARCH = (
    "research use; no commercial use and no redistribution without permission of GroupLens; citation required"
)
_SHARED = (
    "research use; no commercial use without permission of GroupLens; redistribution under the same terms; "
    "citation required; a development set that may change, not for reported research results"
)


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset before it is read.

    Args:
        name: as :func:`load` takes it. title: as people say it.
        parse: turns its files into a Dataset.
        archive: name of the archive and of the folder with its files.
        marks: a folder that holds one of these files holds the dataset.
        sha256: of the archive. files: of single files, uncompressed.
        n_users, n_items, n_events: what the original holds; None where it depends on the files at hand.
        size: of the download.
    """

    name: str
    title: str
    parse: Callable[[Source], Dataset]
    archive: str
    marks: tuple[str, ...]
    sha256: str
    n_users: int
    n_items: int
    n_events: int | None
    size: str
    home: str
    licence: str = _RESEARCH
    citation: str = _CITATION
    files: Mapping[str, str] = field(default_factory=dict)
    base_url: str = _FILES

    @property
    def url(self) -> str:
        """Address of the archive."""
        return f"{self.base_url}{self.archive}.zip"

    @property
    def about(self) -> dict[str, str]:
        """Title, licence, citation, home page and size, ready to show."""
        return {key: getattr(self, key) for key in ("title", "licence", "citation", "home", "size")}


_ML_1M = DatasetInfo(
    "ml-1m", "MovieLens 1M", movielens.ml_1m, "ml-1m", ("ratings.dat",),
    "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20", 6040, 3883, 1_000_209, "6 MB",
    "https://grouplens.org/datasets/movielens/1m/",
    files={
        "movies.dat": "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
        "users.dat": "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
    },
)  # fmt: skip
DATASETS: dict[str, DatasetInfo] = {
    "ml-100k": DatasetInfo(
        "ml-100k", "MovieLens 100K", movielens.ml_100k, "ml-100k", ("u.data",),
        "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229", 943, 1682, 100_000, "5 MB",
        "https://grouplens.org/datasets/movielens/100k/",
        files={
            "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
            "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
            "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
        },
    ),
    "ml-latest-small": DatasetInfo(
        "ml-latest-small", "MovieLens latest-small (September 2018)", movielens.ml_latest_small,
        "ml-latest-small", ("ratings.csv",),
        "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436", 610, 9742, 100_836, "1 MB",
        "https://grouplens.org/datasets/movielens/latest/", licence=_SHARED,
        files={
            "ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
            "movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
            "tags.csv": "92a9f8bb7916dceef6151209845788c3643f794dfa79d1feaec7121b5960399d",
        },
    ),
    "ml-1m": _ML_1M,
    "ml-1m-positives": replace(
        _ML_1M, name="ml-1m-positives", title="MovieLens 1M, ratings of 4 stars or more as likes",
        parse=movielens.ml_1m_positives, marks=("ratings.dat", movielens.POSITIVES[0]), n_events=None,
    ),
}  # fmt: skip


def load(name: str, folder: str | Path | None = None) -> Dataset:
    """A dataset by name, from the first place that has it.

    1. ``folder``, if given: nowhere else is looked at.
    2. The folder that ``RECSYS_COURSE_DATA`` names.
    3. The cache folder (``RECSYS_COURSE_CACHE`` moves it).
    4. A download into the cache folder, once, with progress bar and checksum.

    Args:
        name: one of ``DATASETS``.
        folder: holds a subfolder of the archive's name with the original files (plain or
            gzipped), or these files themselves, or the archive.

    Raises:
        ValueError: no dataset of that name; the message names the nearest.
        DatasetError: the data is missing, damaged, or cannot be fetched.
    """
    info = dataset_info(name)
    source = find(info, folder)
    if source is None and folder is not None:
        raise DatasetError(
            f"folder: {folder} has no {name}; expected {' or '.join(info.marks)} in it or in its "
            f"subfolder {info.archive}, or {info.archive}.zip"
        )
    if source is None:
        notice = f"Downloading {info.title} ({info.size}).\nLicence: {info.licence}.\nCite: {info.citation}"
        source = _archive(info, download(info.url, info.sha256, info.home, notice))
    data = info.parse(source)
    return replace(data, name=name, about=info.about | data.about)


def dataset_info(name: str) -> DatasetInfo:
    """The entry of ``DATASETS``; ValueError names the nearest when there is none."""
    if name in LOGGED:
        reader = LOGGED[name].reader
        raise ValueError(
            f"{name} is a log with propensities; read it with recsys_course.data.logged.{reader}"
        )
    if name == REVIEWS.name:
        raise ValueError(
            f"{name} is a log with texts; read it with recsys_course.data.reviews.{REVIEWS.reader}"
        )
    if name not in DATASETS:
        near = get_close_matches(str(name).lower(), DATASETS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no dataset {name!r}{hint} Known: {', '.join(DATASETS)}")
    return DATASETS[name]


def find(info: DatasetInfo, folder: str | Path | None = None) -> Source | None:
    """Where a dataset lies on this machine, or None; steps 1 to 3 of :func:`load`."""
    if folder is not None:
        return _in_folder(info, Path(folder).expanduser())
    if chosen := os.environ.get(DATA_VARIABLE):
        base = Path(chosen).expanduser()
        if not base.is_dir():
            raise DatasetError(f"{DATA_VARIABLE} names {base}, which is not a folder")
        if source := _in_folder(info, base):
            return source
    cached = cache_folder() / f"{info.archive}.zip"
    return _archive(info, cached) if cached.is_file() and file_sha256(cached) == info.sha256 else None


def _in_folder(info: DatasetInfo, base: Path) -> Source | None:
    for folder in (base / info.archive, base):
        source = Source(folder, sha256=info.files)
        if any(source.has(mark) for mark in info.marks):
            return source
    archive = base / f"{info.archive}.zip"
    if archive.is_file() and (got := file_sha256(archive)) != info.sha256:
        raise DatasetError(f"{archive} is not the original: its SHA-256 is {got}, expected {info.sha256}")
    return _archive(info, archive) if archive.is_file() else None


def _archive(info: DatasetInfo, path: Path) -> Source:
    return Source(path, prefix=f"{info.archive}/", sha256=info.files)
