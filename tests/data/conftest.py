"""Invented files in the formats of MovieLens: 4 users, 5 films, one film that nobody rated."""

from collections.abc import Callable
from pathlib import Path

import pytest

# user, item, stars, time; film 30 has no rating; ids have gaps on purpose
RATINGS = [
    (1, 10, 5, 100),
    (1, 20, 3, 110),
    (2, 10, 4, 120),
    (3, 40, 2, 130),
    (3, 50, 4, 90),
    (7, 20, 1, 140),
]
FILMS = {
    10: ("Plum Harvest (1994)", ["Comedy", "Drama"]),
    20: ("Caf\xe9 at Night (1971) (V)", ["Drama"]),
    30: ("[BRACKETS] (12) (1950)", ["War"]),
    40: ("Line\x85Break", []),
    50: ("NA", ["Comedy"]),
}
# user, item, tag, time; not in order of time, one tag in two spellings, one by somebody who rated nothing
TAGS = [
    (2, 10, "Orchard", 300),
    (1, 10, " slow, but warm", 200),
    (9, 10, "orchard", 250),
    (1, 50, "a|b", 150),
    (1, 50, "NA", 150),
]
USERS = {1: (24, "M", 2), 2: (56, "F", 12), 3: (1, "F", 0), 7: (35, "M", 20)}
FLAGS = [
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]  # fmt: skip


def files_100k() -> dict[str, bytes]:
    def flags(genres: list[str]) -> str:
        return "|".join(str(int(flag in (genres or ["unknown"]))) for flag in FLAGS)

    item = "".join(
        f"{i}|{title}|01-Jan-1990||http://x|{flags(genres)}\n" for i, (title, genres) in FILMS.items()
    )
    user = "".join(f"{u}|{age}|{sex}|baker|00000\n" for u, (age, sex, _) in USERS.items())
    data = "".join("\t".join(map(str, row)) + "\n" for row in RATINGS)
    return {"u.item": item.encode("latin-1"), "u.user": user.encode(), "u.data": data.encode()}


def files_1m() -> dict[str, bytes]:
    movies = "".join(f"{i}::{title}::{'|'.join(genres)}\r\n" for i, (title, genres) in FILMS.items())
    users = "".join(f"{u}::{sex}::{age}::{job}::00000\n" for u, (age, sex, job) in USERS.items())
    ratings = "".join("::".join(map(str, row)) + "\n" for row in RATINGS)
    return {
        "movies.dat": movies.encode("latin-1"),
        "users.dat": users.encode(),
        "ratings.dat": ratings.encode(),
    }


def files_latest() -> dict[str, bytes]:
    rows = [
        f'{i},"{title}",{"|".join(genres) or "(no genres listed)"}' for i, (title, genres) in FILMS.items()
    ]
    ratings = [f"{u},{i},{stars}.5,{time}" for u, i, stars, time in RATINGS]
    tags = [f'{u},{i},"{tag}",{time}' for u, i, tag, time in TAGS]
    return {
        "tags.csv": "\n".join(["userId,movieId,tag,timestamp", *tags]).encode(),
        "movies.csv": "\n".join(["movieId,title,genres", *rows]).encode(),
        "ratings.csv": "\n".join(["userId,movieId,rating,timestamp", *ratings]).encode(),
    }


FILES = {"ml-100k": files_100k, "ml-1m": files_1m, "ml-latest-small": files_latest}


@pytest.fixture
def ml_files() -> Callable[[str], dict[str, bytes]]:
    """A function: archive name -> the invented content of its files."""
    return lambda archive: FILES[archive]()


@pytest.fixture
def ml_folder(tmp_path: Path, monkeypatch) -> Path:
    """A folder with the three datasets; the catalogue knows their files by no checksum."""
    from dataclasses import replace

    from recsys_course.data import catalog

    for name, info in catalog.DATASETS.items():
        monkeypatch.setitem(catalog.DATASETS, name, replace(info, files={}))
    for archive, files in FILES.items():
        (tmp_path / "data" / archive).mkdir(parents=True)
        for name, content in files().items():
            (tmp_path / "data" / archive / name).write_bytes(content)
    return tmp_path / "data"
