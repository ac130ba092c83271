"""Open Bandit and Coat on invented files of their format; real ones where they are at hand."""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from recsys_course.data import DatasetError, load, load_coat, load_open_bandit
from recsys_course.data.logged import LOGGED, where

HEAD = (
    ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,"
    "user-item_affinity_0,user-item_affinity_1,user-item_affinity_2"
)
ROWS = [
    "0,2020-01-01 00:00:01.5+00:00,2,1,0,0.25,ab,cd,0.0,0.0,1.0",
    "1,2020-01-01 00:00:02+00:00,0,3,1,0.5,ab,ef,0.0,0.0,0.0",
]
COAT = {
    "train.ascii": "0 5 0\n1 0 3\n",
    "test.ascii": "2 0 0\n0 4 0\n",
    "propensities.ascii": "0.1 0.5 2e-1\n0.3 0.4 1.0\n",
    "item_features.ascii": "1 0 0 1\n0 1 0 1\n1 0 1 0\n",
    "item_features_map.txt": "gender:men\ngender:women\ncolor:red\ncolor:blue",
    "user_features.ascii": "1 0\n0 1\n",
    "user_features_map.txt": "age:20-30\nage:under 20\n",
}


@pytest.fixture(autouse=True)
def invented(monkeypatch):
    """The catalogue asks no checksum of invented files, and no folder is named."""
    for name, info in LOGGED.items():
        monkeypatch.setitem(LOGGED, name, replace(info, files=dict.fromkeys(info.files, "")))
    monkeypatch.delenv("RECSYS_COURSE_DATA", raising=False)


@pytest.fixture
def bandit(tmp_path):
    folder = tmp_path / "open-bandit-small"
    folder.mkdir()
    (folder / "bts-men.csv").write_text("\n".join([HEAD, *ROWS]))
    return folder


@pytest.fixture
def coat(tmp_path):
    folder = tmp_path / "coat"
    folder.mkdir()
    for name, text in COAT.items():
        (folder / name).write_text(text)
    return folder


def test_rounds_are_read_as_they_stand(bandit):
    log = load_open_bandit("bts", "men", bandit)
    assert (len(log), log.n_actions, log.policy) == (2, 3, "bts")
    assert log.actions.tolist() == [2, 0] and log.positions.tolist() == [1, 3]
    assert log.rewards.tolist() == [0, 1] and log.propensities.tolist() == [0.25, 0.5]
    assert log.contexts.to_dict("list") == {"user_feature_0": ["ab", "ab"], "user_feature_1": ["cd", "ef"]}
    assert str(log.times[0]) == "2020-01-01 00:00:01.500000+00:00"
    assert "CC BY 4.0" in log.about["licence"]


def test_the_folders_of_the_original_repository_and_gzip_read_the_same(bandit, monkeypatch):
    content = (bandit / "bts-men.csv").read_bytes()
    (bandit / "bts-men.csv").unlink()
    (bandit / "bts" / "men").mkdir(parents=True)
    (bandit / "bts" / "men" / "men.csv.gz").write_bytes(gzip.compress(content))
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(bandit.parent))
    assert load_open_bandit("bts", "men").actions.tolist() == [2, 0]


def test_coat_is_chosen_ratings_random_ratings_and_chances(coat):
    got = load_coat(coat.parent)
    log = got.data.log
    assert list(zip(log.users, log.items, log.values, strict=True)) == [(0, 1, 5), (1, 0, 1), (1, 2, 3)]
    assert list(zip(got.test.users, got.test.items, got.test.values, strict=True)) == [(0, 0, 2), (1, 1, 4)]
    assert (got.test.n_users, got.test.n_items) == (log.n_users, log.n_items) == (2, 3)
    assert got.propensities.tolist() == [[0.1, 0.5, 0.2], [0.3, 0.4, 1.0]]
    assert got.data.items["color"].tolist() == ["blue", "blue", "red"]
    assert got.data.items["gender"].tolist() == ["men", "women", "men"]
    assert got.data.users["age"].tolist() == ["20-30", "under 20"]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("2,1,0,0.25", "2,1,0,0", "propensities above 0"),
        ("2,1,0,0.25", "2,1,0,1.25", "propensities above 0"),
        ("2,1,0,0.25", "2,1,0,", "propensities above 0"),
        ("2,1,0,0.25", "2,1,2,0.25", "expected clicks 0 or 1"),
        ("2,1,0,0.25", "3,1,0,0.25", "item 3, but affinities of 3 items"),
        ("2,1,0,0.25", "-1,1,0,0.25", "expected items 0, 1"),
        ("2,1,0,0.25", "2,0,0,0.25", "positions 1, 2"),
        ("2,1,0,0.25", "2.5,1,0,0.25", "expected items 0, 1"),
        ("2,1,0,0.25", "two,1,0,0.25", "bts-men.csv is not in its format"),
        ("propensity_score", "chance", "propensity_score"),
        ("2020-01-01 00:00:01.5+00:00", "yesterday", "bts-men.csv is not in its format"),
    ],
)
def test_malformed_rounds_are_refused(bandit, old, new, said):
    path = bandit / "bts-men.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DatasetError, match=said):
        load_open_bandit("bts", "men", bandit)


@pytest.mark.parametrize(
    "file, content, said",
    [
        ("train.ascii", "0 6\n1 0\n", "train.ascii is not in its format: expected stars"),
        ("train.ascii", "0 5 0\n1 0 x\n", "train.ascii is not in its format"),
        ("test.ascii", "2 0 0\n", r"test.ascii .*shape \(1, 3\); expected \(2, 3\)"),
        ("test.ascii", "0 0 0\n0 0 0\n", "test.ascii is not in its format: expected stars"),
        ("propensities.ascii", "0.1 0 0.2\n0.3 0.4 1.0\n", "propensities.ascii .*above 0"),
        ("propensities.ascii", "0.1 0.5\n0.3 0.4\n", r"propensities.ascii .*shape \(2, 2\)"),
        ("propensities.ascii", "0.1 nan 0.2\n0.3 0.4 1.0\n", "finite numbers"),
        ("item_features.ascii", "1 1 0 1\n0 1 0 1\n1 0 1 0\n", "columns of gender to be 1"),
        ("item_features.ascii", "1 0 0\n0 1 0\n1 0 1\n", r"item_features.ascii .*expected \(3, 4\)"),
        ("user_features.ascii", "1 0\n", r"user_features.ascii .*expected \(2, 2\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_malformed_coat_files_are_refused(coat, file, content, said):
    (coat / file).write_text(content)
    if file == "train.ascii" and "6" in content:
        for other in ("test.ascii", "propensities.ascii"):
            (coat / other).write_text("1 0\n0 1\n" if other == "test.ascii" else "0.1 0.1\n0.1 0.1\n")
        (coat / "item_features.ascii").write_text("1 0 0 1\n0 1 0 1\n")
    with pytest.raises(DatasetError, match=said):
        load_coat(coat)


def test_partial_folders_name_every_missing_file_and_the_way_to_get_it(coat, bandit):
    (coat / "test.ascii").unlink()
    (coat / "propensities.ascii").unlink()
    with pytest.raises(
        DatasetError, match=r"no test.ascii, propensities.ascii in .*coat.*By hand: .*cornell"
    ):
        load_coat(coat)
    with pytest.raises(DatasetError, match=r"no random-men.csv in .*By hand: .*zr-obp"):
        load_open_bandit("random", "men", bandit)


def test_without_any_folder_the_error_says_which_variable(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=r"any folder .RECSYS_COURSE_DATA is not set"):
        load_coat()
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match=str(tmp_path)):
        load_open_bandit()
    with pytest.raises(DatasetError, match="which is not a folder"):
        load_coat(tmp_path / "nowhere")


def test_a_changed_file_is_not_the_original(coat, monkeypatch):
    sums = dict.fromkeys(LOGGED["coat"].files, "") | {"test.ascii": "0" * 64}
    monkeypatch.setitem(LOGGED, "coat", replace(LOGGED["coat"], files=sums))
    with pytest.raises(DatasetError, match=r"test\.ascii is not the original file"):
        load_coat(coat)


def test_wrong_names_are_refused(bandit):
    with pytest.raises(ValueError, match="policy: 'greedy'"):
        load_open_bandit("greedy", "men", bandit)
    with pytest.raises(ValueError, match="campaign: 'all'"):
        load_open_bandit("bts", "all", bandit)
    with pytest.raises(ValueError, match=r"coat is a log with propensities.*load_coat"):
        load("coat")


def test_where_tells_a_folder_or_none(coat, tmp_path):
    assert where(LOGGED["coat"], tmp_path) == coat
    assert where(LOGGED["open-bandit-small"], tmp_path) is None


@pytest.mark.realdata
@pytest.mark.parametrize("campaign, n_items", [("men", 34), ("women", 46)])
def test_the_real_open_bandit(data_file, campaign, n_items, monkeypatch):
    monkeypatch.undo()
    folder = data_file(f"open-bandit-small/random-{campaign}.csv.gz").parent
    uniform, bts = (load_open_bandit(p, campaign, folder) for p in ("random", "bts"))
    assert len(uniform) == len(bts) == 10_000
    assert uniform.n_actions == bts.n_actions == n_items
    np.testing.assert_allclose(uniform.propensities, 1 / n_items)
    assert set(uniform.positions) == set(bts.positions) == {1, 2, 3}


@pytest.mark.realdata
def test_the_real_coat(data_file, monkeypatch):
    monkeypatch.undo()
    got = load_coat(data_file("coat/train.ascii").parent)
    assert (len(got.data.log), len(got.test)) == (290 * 24, 290 * 16)
    assert (np.bincount(got.data.log.users) == 24).all() and (np.bincount(got.test.users) == 16).all()
    # chances to be among the chosen must add up to about the number chosen
    assert got.propensities.sum() == pytest.approx(290 * 24, rel=0.001)


def test_the_command_line_tells_the_truth_about_them(coat, monkeypatch):
    from typer.testing import CliRunner

    from recsys_course.cli import app

    monkeypatch.setenv("RECSYS_COURSE_DATA", str(coat.parent))
    listed = CliRunner().invoke(app, ["data", "list"]).stdout
    assert f"coat, read by recsys_course.data.logged.load_coat; on this machine: {coat}" in listed
    assert "load_open_bandit; on this machine: no" in listed
    told = CliRunner().invoke(app, ["data", "info", "open-bandit-small"]).stdout
    assert "CC BY 4.0" in told and "zr-obp" in told
    refused = CliRunner().invoke(app, ["data", "get", "coat"])
    assert refused.exit_code == 2 and "load_coat" in refused.stderr
