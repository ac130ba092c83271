"""Reviews on invented files of their format; the real ones where they are at hand."""

import gzip
import json
import zipfile

import numpy as np
import pytest

from recsys_course.data import DatasetError, load, load_reviews, texts_of_items
from recsys_course.data.reviews import REVIEWS

ROWS = [
    ("zoe", "B2", 5.0, 400, "Rings for minutes.", "A fine bell"),
    ("ann", "B2", 2.0, 300, "Too loud.", ""),
    ("ann", "B1", 4.0, 100, "", "Café strings"),
    ("bob", "B3", 3.0, 200, "A drum is a drum.", "Drum"),
]
KEYS = ("reviewerID", "asin", "overall", "unixReviewTime", "reviewText", "summary")


def lines(rows=ROWS) -> list[str]:
    own = [dict(zip(KEYS, row, strict=True)) for row in rows]
    return [json.dumps(review | {"reviewerName": "kept out", "helpful": [0, 0]}) for review in own]


@pytest.fixture(autouse=True)
def no_folder(monkeypatch):
    monkeypatch.delenv("RECSYS_COURSE_DATA", raising=False)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / REVIEWS.name
    path.mkdir()
    (path / REVIEWS.members[0]).write_text("\n".join(lines()) + "\n")
    return path


def test_events_keep_their_ids_stars_times_and_texts(folder):
    reviews = load_reviews(folder)
    frame = reviews.data.log.to_frame()
    got = list(zip(frame["user"], frame["item"], frame["value"], frame["time"], strict=True))
    assert got == [row[:4] for row in ROWS]
    assert reviews.texts["text"].tolist() == [row[4] for row in ROWS]
    assert reviews.texts["summary"].tolist() == [row[5] for row in ROWS]
    assert reviews.data.items["item"].tolist() == ["B1", "B2", "B3"]
    assert "kept out" not in reviews.texts.to_csv() + reviews.data.items.to_csv()
    assert "McAuley" in reviews.data.about["citation"] and "not checked" in reviews.data.about["sha256"]


def test_texts_of_items_join_the_given_users_oldest_first(folder):
    reviews = load_reviews(folder)
    ann, bob, zoe = (reviews.data.log.user_ids.encode([name])[0] for name in ("ann", "bob", "zoe"))
    bell = "A fine bell Rings for minutes."
    assert texts_of_items(reviews) == ["Café strings", f"Too loud.\n{bell}", "Drum A drum is a drum."]
    assert texts_of_items(reviews, [zoe, bob]) == ["", bell, "Drum A drum is a drum."]
    assert texts_of_items(reviews, [ann], before=300) == ["Café strings", "", ""]
    assert texts_of_items(reviews, longest=2) == ["Café strings", "Too loud.\nA fine", "Drum A"]
    assert texts_of_items(reviews, []) == ["", "", ""]


def test_a_judged_user_never_describes_an_item(folder):
    reviews = load_reviews(folder)
    log = reviews.data.log
    for judged in range(log.n_users):
        others = np.setdiff1d(np.arange(log.n_users), [judged])
        texts = texts_of_items(reviews, others)
        for row in np.flatnonzero(log.users == judged):
            text = reviews.texts["text"].iloc[row]
            assert not text or text not in texts[log.items[row]]


def test_wrong_users_and_lengths_are_refused(folder):
    reviews = load_reviews(folder)
    with pytest.raises(ValueError, match=r"users: 0\.\.3; expected codes in 0\.\.2"):
        texts_of_items(reviews, [0, 3])
    for users in (np.array([True, False, True]), [0.5]):  # a mask is not a list of codes
        with pytest.raises(TypeError, match=r"users: dtype (bool|float64); expected integer codes"):
            texts_of_items(reviews, users)
    assert texts_of_items(reviews, []) == ["", "", ""]
    with pytest.raises(ValueError, match="before: nan; expected seconds since 1970"):
        texts_of_items(reviews, before=float("nan"))
    with pytest.raises(ValueError, match="longest: 0; expected at least 1 word"):
        texts_of_items(reviews, longest=0)


def test_gzip_and_zip_and_the_variable_read_the_same(folder, monkeypatch):
    plain = load_reviews(folder).data.log.fingerprint()
    path = folder / REVIEWS.members[0]
    content = path.read_bytes()
    path.unlink()
    packed = folder / f"{REVIEWS.members[0]}.gz"
    packed.write_bytes(gzip.compress(content))
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(folder.parent))
    assert load_reviews().data.log.fingerprint() == plain
    packed.unlink()
    with zipfile.ZipFile(folder / REVIEWS.archive, "w") as archive:
        archive.writestr(REVIEWS.members[-1], content)
    assert load_reviews().data.log.fingerprint() == plain


def changed(**fields) -> str:
    return json.dumps(json.loads(lines()[1]) | fields)


@pytest.mark.parametrize(
    "line, said",
    [
        ('{"reviewerID": "ann", "asin"', "line 2 is no JSON"),
        ("{'reviewerID': 'ann'}", "line 2 is no JSON"),
        ("[1, 2]", "line 2 is a list; expected an object"),
        (changed(overall="five"), "line 2 has overall 'five'"),
        (changed(overall=True), "line 2 has overall True"),
        (changed(overall=float("nan")), "line 2 has nan stars; expected 1..5"),
        (changed(overall=6), "line 2 has 6 stars; expected 1..5"),
        (changed(unixReviewTime="noon"), "line 2 has unixReviewTime 'noon'"),
        (changed(reviewText=None), "line 2 has reviewText None"),
    ],
)
def test_a_malformed_line_is_named_with_its_number(folder, line, said):
    own = lines()
    (folder / REVIEWS.members[0]).write_text("\n".join([own[0], line, *own[2:]]))
    with pytest.raises(DatasetError, match=rf"5\.json is not in its format: {said}"):
        load_reviews(folder)


@pytest.mark.parametrize("column", KEYS)
def test_a_missing_column_is_named(folder, column):
    review = json.loads(lines()[2])
    del review[column]
    (folder / REVIEWS.members[0]).write_text("\n".join([*lines()[:2], json.dumps(review)]))
    with pytest.raises(DatasetError, match=f"line 3 has no {column}"):
        load_reviews(folder)


def test_bytes_that_are_no_text_are_named(folder):
    (folder / REVIEWS.members[0]).write_bytes(lines()[0].encode() + b'\n{"a": "\xff"}\n')
    with pytest.raises(DatasetError, match="line 2 is no JSON"):
        load_reviews(folder)


def test_an_empty_file_is_refused(folder):
    (folder / REVIEWS.members[0]).write_text("\n\n")
    with pytest.raises(DatasetError, match="no reviews; expected one a line"):
        load_reviews(folder)


def test_a_truncated_zip_is_named(folder):
    (folder / REVIEWS.members[0]).unlink()
    path = folder / REVIEWS.archive
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(REVIEWS.members[-1], "\n".join(lines()) * 50)
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(DatasetError, match=r"cannot read the archive .*Musical_Instruments\.zip"):
        load_reviews(folder)


def test_a_zip_without_the_member_is_named(folder):
    (folder / REVIEWS.members[0]).unlink()
    with zipfile.ZipFile(folder / REVIEWS.archive, "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(DatasetError, match=r"no member Musical_Instruments\.json in the archive"):
        load_reviews(folder)


def test_without_the_file_the_way_by_hand_is_told(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=r"any folder .RECSYS_COURSE_DATA is not set.*By hand: .*jmcauley"):
        load_reviews()
    with pytest.raises(DatasetError, match=r"no reviews_Musical_Instruments_5\.json\.gz or .* in "):
        load_reviews(tmp_path)
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"RECSYS_COURSE_DATA names .*nowhere, which is not a folder"):
        load_reviews()


def test_load_names_the_reader():
    with pytest.raises(ValueError, match=r"log with texts; read it with .*reviews\.load_reviews"):
        load(REVIEWS.name)


@pytest.mark.realdata
def test_the_real_reviews(data_file):
    folder = data_file(f"{REVIEWS.name}/{REVIEWS.archive}").parent
    reviews = load_reviews(folder)
    log = reviews.data.log
    assert len(log) == len(reviews.texts) == 10_261  # as its authors state
    assert min(np.bincount(log.users)) >= 5 and min(np.bincount(log.items)) >= 5  # a 5-core
    assert set(log.values) == {1, 2, 3, 4, 5}
    half = np.arange(0, log.n_users, 2)
    texts = texts_of_items(reviews, half)
    written = np.unique(log.items[np.isin(log.users, half)])
    assert np.flatnonzero([text != "" for text in texts]).tolist() == written.tolist()
