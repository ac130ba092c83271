"""What is known of these logs before they are read, and where they lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys_course.data.fetch import DATA_VARIABLE, DatasetError, Source


@dataclass(frozen=True)
class LoggedInfo:
    """A log with propensities.

    Args:
        name: of its folder. title: as people say it. reader: the function that reads it.
        holds: its size, in words. by_hand: how to get the files.
        files: SHA-256 of each file, uncompressed.
    """

    name: str
    title: str
    reader: str
    holds: str
    licence: str
    citation: str
    home: str
    by_hand: str
    files: Mapping[str, str]

    @property
    def about(self) -> dict[str, str]:
        """Title, licence, citation and home page, ready to show."""
        return {key: getattr(self, key) for key in ("title", "licence", "citation", "home")}


_OPEN_BANDIT = LoggedInfo(
    "open-bandit-small", "Open Bandit Dataset, small version", "load_open_bandit",
    "10,000 rounds for each of two policies and two campaigns", "CC BY 4.0",
    "Yuta Saito, Shunsuke Aihara, Megumi Matsutani and Yusuke Narita. 2021. Open Bandit Dataset and "
    "Pipeline: Towards Realistic and Reproducible Off-Policy Evaluation. NeurIPS Datasets and Benchmarks. "
    "https://arxiv.org/abs/2008.07146",
    "https://github.com/st-tech/zr-obp",
    "copy bts/men/men.csv, random/men/men.csv and the same for women, with these folders, from the dataset "
    "folder obd of the repository st-tech/zr-obp on GitHub",
    {
        "bts-men.csv": "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
        "bts-women.csv": "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8",
        "random-men.csv": "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb",
        "random-women.csv": "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34",
    },
)  # fmt: skip
_COAT = LoggedInfo(
    "coat", "Coat shopping", "load_coat",
    "290 users, 300 coats, 6,960 chosen and 4,640 random ratings", "research use; citation required",
    "Tobias Schnabel, Adith Swaminathan, Ashudeep Singh, Navin Chandak and Thorsten Joachims. 2016. "
    "Recommendations as Treatments: Debiasing Learning and Evaluation. ICML. https://arxiv.org/abs/1602.05352",
    "https://www.cs.cornell.edu/~schnabts/mnar/",
    "fetch the Coat archive from the authors' page and unpack it",
    {
        "train.ascii": "a87bd9e7eaf3b89f976df3f25d4aa5d5d871be8a00b58947df9e6e015559bd37",
        "test.ascii": "de6714ab105a5e0be8166be7fd313901b29f9a09c3bea307901457d1d71847e6",
        "propensities.ascii": "a72e3142a413623c4a6b9d20c4f70fcc017e0db67cc3eb242116f69fb8fb9661",
        "item_features.ascii": "edea8217ec5606779b4d3bf819f7591dc63bcd5194d619e8048c2322d07630b1",
        "item_features_map.txt": "2675dfaa38b89a9cbb1997f0cfcd46ed7e0e366dc515d12d95508d1f356e5d25",
        "user_features.ascii": "d8f9531b601c54a7272602f8b21fa6cb4652cbf122e35d8615ea9645ebbf1b1f",
        "user_features_map.txt": "3b8c825ad4445d4a46a400629c5fb43c805ff5a7982b2e436b69e7262c8a013a",
    },
)  # fmt: skip
LOGGED: dict[str, LoggedInfo] = {info.name: info for info in (_OPEN_BANDIT, _COAT)}


def where(info: LoggedInfo, folder: str | Path | None = None) -> Path | None:
    """The folder that holds at least one of the files, or None.

    Args:
        folder: with the files, or with a subfolder of the log's name; else ``RECSYS_COURSE_DATA``.

    Raises:
        DatasetError: the folder does not exist.
    """
    chosen = folder or os.environ.get(DATA_VARIABLE)
    if not chosen:
        return None
    base = Path(chosen).expanduser()
    if not base.is_dir():
        raise DatasetError(f"{'folder' if folder else DATA_VARIABLE} names {base}, which is not a folder")
    for place in (base / info.name, base):
        if any(Source(place).has(name) for member in info.files for name in (member, nested(member))):
            return place
    return None


def found(info: LoggedInfo, members: tuple[str, ...], folder: str | Path | None) -> Source:
    """The folder as a source; each member may also lie as :func:`nested` says.

    Raises:
        DatasetError: no folder, or one without some of the members; says how to get them by hand.
    """
    place = where(info, folder)
    lacking = [
        m for m in members if place is None or not (Source(place).has(m) or Source(place).has(nested(m)))
    ]
    if place is None or lacking:
        looked = (
            place or folder or os.environ.get(DATA_VARIABLE) or f"any folder ({DATA_VARIABLE} is not set)"
        )
        raise DatasetError(
            f"{info.title}: no {', '.join(lacking)} in {looked}. By hand: {info.by_hand} ({info.home}), "
            f"put the files into a folder {info.name}, and name the folder above it in {DATA_VARIABLE}"
        )
    sums = dict(info.files)
    return Source(place, sha256=sums | {nested(member): total for member, total in sums.items()})


def nested(member: str) -> str:
    """bts-men.csv -> bts/men/men.csv, as the original repository keeps it; other names as they are."""
    policy, dash, file = member.partition("-")
    return f"{policy}/{file.removesuffix('.csv')}/{file}" if dash else member


def malformed(source: Source, member: str, what: object) -> DatasetError:
    """The error for a file that is there and cannot be understood."""
    return DatasetError(f"{source.path / member} is not in its format: {what}")
