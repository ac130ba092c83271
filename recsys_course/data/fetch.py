"""Bytes of a dataset, checked: from a folder, from an archive, or downloaded.

Archives are read member by member and never unpacked, so no path inside one can reach
outside it. A download counts only once its SHA-256 is right: until then it has another
name, and whatever stops it (a lost line, Ctrl-C) leaves nothing that is trusted later.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT = 30.0  # seconds without a byte after which a download gives up
CACHE_VARIABLE = "RECSYS_COURSE_CACHE"
DATA_VARIABLE = "RECSYS_COURSE_DATA"


class DatasetError(RuntimeError):
    """A dataset is missing, damaged or not in its format; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """Where a dataset's files lie: a folder (each file plain or .gz) or a zip archive.

    Args:
        path: the folder or the archive.
        prefix: folder of the files inside an archive.
        sha256: the sums of the original files, uncompressed; files without one are not checked.
    """

    path: Path
    prefix: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)

    def has(self, member: str) -> bool:
        """Is the file there (in a folder)?"""
        return any((self.path / name).is_file() for name in (member, f"{member}.gz"))

    def read(self, member: str) -> bytes:
        """The content of one file.

        Raises:
            DatasetError: the file is missing, unreadable, or not the original.
        """
        content = self._from_folder(member) if self.path.is_dir() else self._from_archive(member)
        wanted = self.sha256.get(member)
        if wanted and (got := hashlib.sha256(content).hexdigest()) != wanted:
            raise DatasetError(
                f"{self.path / member} is not the original file: its SHA-256 is {got}, expected {wanted}; "
                "fetch the original again"
            )
        return content

    def _from_folder(self, member: str) -> bytes:
        plain, packed = self.path / member, self.path / f"{member}.gz"
        try:
            return plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
        except FileNotFoundError:
            raise DatasetError(f"no file {member} (or {member}.gz) in {self.path}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise DatasetError(f"cannot read {member} in {self.path}: {error}") from error

    def _from_archive(self, member: str) -> bytes:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.prefix + member)
        except KeyError:
            raise DatasetError(f"no member {self.prefix + member} in the archive {self.path}") from None
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise DatasetError(
                f"cannot read the archive {self.path}: {error}; delete it and fetch it again"
            ) from error


def cache_folder() -> Path:
    """Where downloads are kept: ``RECSYS_COURSE_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("recsys_course"))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def download(url: str, sha256: str, home: str, notice: str) -> Path:
    """The archive behind ``url`` in the cache folder, fetched unless it is there and whole.

    Args:
        url: the archive. sha256: its sum. home: the page that a reader can fetch it from.
        notice: shown once before the download starts (licence and citation).

    Raises:
        DatasetError: no network, a damaged download, or a cache folder that cannot be written.
    """
    target = cache_folder() / url.rsplit("/", 1)[-1]
    if target.is_file() and file_sha256(target) == sha256:
        return target
    _need_writable(target.parent)
    print(notice, file=sys.stderr)
    by_hand = f"By hand: fetch {target.name} from {home} and put it at {target}"
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the notice and the bar say it already
    try:
        pooch.retrieve(
            url, f"sha256:{sha256}", target.name, target.parent,
            downloader=pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT),
        )  # fmt: skip
    except requests.exceptions.RequestException as error:
        raise DatasetError(f"could not download {url} ({_brief(error)}). {by_hand}") from error
    except ValueError as error:
        raise DatasetError(
            f"the download of {url} is not the original: {_brief(error)}. {by_hand}"
        ) from error
    except OSError as error:
        raise DatasetError(
            f"could not write {target}: {error}; choose a folder with {CACHE_VARIABLE}"
        ) from error
    return target


def _need_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DatasetError(
            f"the cache folder {folder} cannot be written ({error.strerror}); "
            f"choose another with {CACHE_VARIABLE}"
        ) from error


def _brief(error: Exception) -> str:
    """The first sentence of an error, at most 200 characters."""
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return text if len(text) <= 200 else text[:197] + "..."
