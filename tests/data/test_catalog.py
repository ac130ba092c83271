"""Where data is looked for, and what happens when it is missing, damaged or interrupted."""

import hashlib
import io
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recsys_course.data import DATASETS, DatasetError, catalog, fetch, load
from recsys_course.data.fetch import Source


def archive_bytes(files: dict[str, bytes], prefix: str = "ml-100k/") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return stream.getvalue()


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No data folder, an empty cache, no proxy; nothing may reach another machine."""
    monkeypatch.delenv("RECSYS_COURSE_DATA", raising=False)
    monkeypatch.setenv("RECSYS_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


class Server:
    """A web server on this machine that serves one body, well or badly."""

    def __init__(self) -> None:
        self.body, self.behaviour, self.requests = b"", "well", 0
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                self.send_response(404 if outer.behaviour == "missing" else 200)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                whole = outer.behaviour == "well"
                self.wfile.write(outer.body if whole else outer.body[: len(outer.body) // 2])
                self.wfile.flush()
                if outer.behaviour == "stalls":
                    outer.release.wait(20)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"

    def close(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(clean, ml_files, monkeypatch):
    server = Server()
    server.body = archive_bytes(ml_files("ml-100k"))
    sha256 = hashlib.sha256(server.body).hexdigest()
    info = replace(DATASETS["ml-100k"], base_url=server.url, sha256=sha256, files={})
    monkeypatch.setitem(catalog.DATASETS, "ml-100k", info)
    yield server
    server.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_download_is_kept_and_not_repeated(server, clean, capsys):
    assert len(load("ml-100k").log) == 6
    shown = capsys.readouterr().err
    assert "Licence:" in shown and "Harper" in shown
    assert names(clean) == ["ml-100k.zip"]
    assert len(load("ml-100k").log) == 6
    assert server.requests == 1
    assert "Licence:" not in capsys.readouterr().err


@pytest.mark.parametrize("behaviour", ["short", "missing"])
def test_a_partial_or_refused_download_is_not_kept(server, clean, behaviour):
    server.behaviour = behaviour
    with pytest.raises(
        DatasetError, match=r"could not download http.*ml-100k\.zip .*By hand: fetch ml-100k\.zip from"
    ):
        load("ml-100k")
    assert names(clean) == []
    server.behaviour = "well"
    assert len(load("ml-100k").log) == 6


def test_wrong_bytes_are_not_kept(server, clean):
    good, server.body = server.body, b"<html>please log in</html>"
    with pytest.raises(DatasetError, match="is not the original"):
        load("ml-100k")
    assert names(clean) == []
    server.body = good
    assert len(load("ml-100k").log) == 6


def test_a_stalled_download_gives_up(server, clean, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.3)
    server.behaviour = "stalls"
    with pytest.raises(DatasetError, match=r"could not download .*[Tt]imed? ?out"):
        load("ml-100k")
    assert names(clean) == []


def test_ctrl_c_in_the_middle_leaves_nothing_that_is_trusted(server, clean, monkeypatch):
    import requests

    original = requests.Response.iter_content

    def interrupted(self, chunk_size=1):
        yield next(original(self, 64))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load("ml-100k")
    assert names(clean) == []
    assert len(load("ml-100k").log) == 6


def test_a_damaged_file_in_the_cache_is_fetched_again(server, clean):
    clean.mkdir()
    (clean / "ml-100k.zip").write_bytes(server.body[:100])
    assert len(load("ml-100k").log) == 6
    assert server.requests == 1


def test_without_network_the_way_by_hand_is_shown(server, clean):
    server.close()
    with pytest.raises(DatasetError) as caught:
        load("ml-100k")
    message = str(caught.value)
    assert server.url + "ml-100k.zip" in message
    assert DATASETS["ml-100k"].home in message
    assert str(clean / "ml-100k.zip") in message
    (clean / "ml-100k.zip").write_bytes(server.body)  # what the message advises
    assert len(load("ml-100k").log) == 6


def test_a_cache_folder_that_cannot_be_made_is_named(server, clean):
    clean.write_text("a file in its place")
    with pytest.raises(DatasetError, match=rf"cache folder {clean} cannot be written.*RECSYS_COURSE_CACHE"):
        load("ml-100k")
    assert server.requests == 0


def test_a_full_disk_is_no_network_error(server, clean, monkeypatch):
    import pooch

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch, "retrieve", full)
    with pytest.raises(DatasetError, match=r"could not write .*No space left.*RECSYS_COURSE_CACHE"):
        load("ml-100k")


def test_a_read_only_cache_that_has_the_file_is_enough(server, clean, monkeypatch):
    load("ml-100k")
    monkeypatch.setattr(fetch, "_need_writable", lambda _: pytest.fail("asked to write"))
    assert len(load("ml-100k").log) == 6


def test_folder_comes_before_variable_before_cache(server, clean, ml_folder, ml_files, monkeypatch, tmp_path):
    load("ml-100k")  # into the cache: 6 events
    variable = tmp_path / "variable" / "ml-100k"
    variable.mkdir(parents=True)
    for name, content in (ml_files("ml-100k") | {"u.data": b"1\t10\t5\t1\n"}).items():
        (variable / name).write_bytes(content)
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(variable.parent))
    assert len(load("ml-100k").log) == 1
    (ml_folder / "ml-100k" / "u.data").write_bytes(b"1\t10\t5\t1\n2\t10\t5\t1\n")
    assert len(load("ml-100k", ml_folder).log) == 2
    assert len(load("ml-100k", ml_folder / "ml-100k").log) == 2  # the folder of the files itself
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(ml_folder / "ml-1m"))  # has no ml-100k: on to the cache
    assert len(load("ml-100k").log) == 6
    assert server.requests == 1


def test_a_folder_without_the_data_is_an_error_not_a_download(server, tmp_path):
    with pytest.raises(DatasetError, match=r"folder: .* has no ml-100k; expected u\.data"):
        load("ml-100k", tmp_path)
    assert server.requests == 0


def test_a_variable_that_names_no_folder_is_an_error(server, monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"RECSYS_COURSE_DATA names .*nowhere, which is not a folder"):
        load("ml-100k")


def test_an_archive_in_the_folder_is_read_if_it_is_the_original(server, tmp_path):
    (tmp_path / "ml-100k.zip").write_bytes(server.body)
    assert len(load("ml-100k", tmp_path).log) == 6
    (tmp_path / "ml-100k.zip").write_bytes(server.body + b"\0")
    with pytest.raises(
        DatasetError, match=r"ml-100k\.zip is not the original: its SHA-256 is [0-9a-f]{64}, expected"
    ):
        load("ml-100k", tmp_path)


def test_a_changed_file_is_named_with_both_checksums(ml_folder, ml_files, monkeypatch):
    files = ml_files("ml-100k")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(catalog.DATASETS, "ml-100k", replace(DATASETS["ml-100k"], files=sums))
    assert len(load("ml-100k", ml_folder).log) == 6
    (ml_folder / "ml-100k" / "u.user").write_bytes(files["u.user"].replace(b"baker", b"maker"))
    changed = hashlib.sha256(files["u.user"].replace(b"baker", b"maker")).hexdigest()
    with pytest.raises(
        DatasetError, match=rf"u\.user is not the original file: .*{changed}, expected {sums['u.user']}"
    ):
        load("ml-100k", ml_folder)


def test_a_missing_file_is_named(ml_folder):
    (ml_folder / "ml-100k" / "u.item").unlink()
    with pytest.raises(DatasetError, match=r"no file u\.item \(or u\.item\.gz\)"):
        load("ml-100k", ml_folder)


def test_a_damaged_gzip_is_named(ml_folder):
    (ml_folder / "ml-100k" / "u.item").unlink()
    (ml_folder / "ml-100k" / "u.item.gz").write_bytes(b"\x1f\x8b\x08\x00 not really")
    with pytest.raises(DatasetError, match=r"cannot read u\.item"):
        load("ml-100k", ml_folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short"], ids=["empty", "corrupt"])
def test_an_archive_that_is_none_is_named(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DatasetError, match=r"cannot read the archive .*x\.zip"):
        Source(tmp_path / "x.zip", "x/").read("a")


def test_a_damaged_member_is_an_error(tmp_path):
    content = bytearray(archive_bytes({"a": bytes(range(256)) * 40}, "x/"))
    content[60:90] = bytes(30)
    (tmp_path / "x.zip").write_bytes(bytes(content))
    with pytest.raises(DatasetError, match="cannot read the archive"):
        Source(tmp_path / "x.zip", "x/").read("a")


def test_a_missing_member_is_named_and_nothing_is_unpacked(tmp_path):
    (tmp_path / "x.zip").write_bytes(archive_bytes({"../../evil": b"!", "a": b"good"}, "x/"))
    source = Source(tmp_path / "x.zip", "x/")
    assert source.read("a") == b"good"
    with pytest.raises(DatasetError, match="no member x/b in the archive"):
        source.read("b")
    assert names(tmp_path) == ["x.zip"]


@pytest.mark.parametrize(
    "wrong, near", [("ml-10k", "ml-100k"), ("ML-1M", "ml-1m"), ("ml-latest", "ml-latest-small")]
)
def test_an_unknown_name_gets_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"no dataset '{wrong}'; did you mean {near}"):
        load(wrong)


def test_about_tells_licence_and_citation(ml_folder):
    data = load("ml-latest-small", ml_folder)
    assert data.name == "ml-latest-small"
    assert set(data.about) >= {"title", "licence", "citation", "home", "size"}
    assert "redistribution under the same terms" in data.about["licence"]
    assert "no redistribution" in DATASETS["ml-1m"].about["licence"]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ml-100k", "ml-latest-small", "ml-1m"])
def test_the_known_checksums_are_those_of_the_real_files(data_folder, name):
    source = Source(data_folder / name, sha256=DATASETS[name].files)
    present = [member for member in DATASETS[name].files if source.has(member)]
    if not present:
        pytest.skip(f"RECSYS_COURSE_DATA has no file of {name}")
    assert all(source.read(member) for member in present)
