"""The leaderboard: a row made again is the row on file; partial runs replace their lines."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from recsys_course.data.world import make_world
from recsys_course.evaluation import Protocol
from recsys_course.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
FILE = json.loads((ROOT / "benchmarks" / "results" / "leaderboard.json").read_text())
BY_USER = json.loads((ROOT / "benchmarks" / "results" / "leaderboard_by_user.json").read_text())


@pytest.fixture
def leaderboard(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("leaderboard")


@pytest.fixture
def small(leaderboard, monkeypatch, tmp_path):
    """The same machinery on a shop of a hundred customers, away from unfinished runs."""
    monkeypatch.setattr(leaderboard, "RUNS", tmp_path / "runs")
    data = make_world("shop", n_users=100, n_items=60, n_exposures=8_000).dataset
    board = replace(leaderboard.BOARDS["world-shop-time"], data=lambda: data)
    board = replace(board, protocol=replace(board.protocol, n_trials=2, seeds=(0, 1)))
    monkeypatch.setitem(leaderboard.BOARDS, "world-shop-time", board)
    return leaderboard


def run(leaderboard, out: Path, *models: str) -> dict:
    leaderboard.main(["--boards", "world-shop-time", "--models", *models, "--out", str(out)])
    return json.loads((out / "leaderboard.json").read_text())["boards"]["world-shop-time"]


def test_a_row_made_again_is_the_row_on_file(leaderboard):
    report = leaderboard.judged("world-shop-time", ["popularity", "item-knn"])
    board = FILE["boards"]["world-shop-time"]
    assert report.data == board["data"] and report.protocol == Protocol(**board["protocol"])
    kept = {line["model"]: line for line in board["lines"]}
    for line in leaderboard.lines_of(report):
        old = kept[line["model"]]
        assert line["options"] == old["options"] and line["counts"] == old["counts"]
        for label, found in line["metrics"].items():
            assert found == pytest.approx(old["metrics"][label], rel=1e-9)
        values = [trial["value"] for trial in line["trials"]]
        assert values == pytest.approx([trial["value"] for trial in old["trials"]], rel=1e-9)


def test_the_file_holds_every_model_that_can_do_the_task(leaderboard):
    assert list(FILE["boards"]) == list(leaderboard.BOARDS)
    for name, board in FILE["boards"].items():
        there = {line["model"] for line in board["lines"]} | set(board["failed"])
        stars = name != "world-shop-time" and "positives" not in name
        able = {m for m, i in MODELS.items() if i.does(board["task"]) and (stars or i.kind == "ranking")}
        # a new model is judged in the simulated world at once, on real data by whoever has it
        assert there == able if name == "world-shop-time" else there <= able
        assert board["protocol"] == leaderboard.BOARDS[name].protocol.as_dict()
        for line in board["lines"]:
            assert len(line["trials"]) in (1, board["protocol"]["n_trials"])


@pytest.mark.parametrize("name", FILE["boards"])
def test_lines_are_in_order_and_gaps_follow_from_the_values_by_user(name):
    board, users = FILE["boards"][name], BY_USER[name]
    sign = -1 if board["task"] == "rating" else 1
    label = board["protocol"]["metrics"][0]
    values = [sign * line["metrics"][label]["value"] for line in board["lines"]]
    assert values == sorted(values, reverse=True)
    best = np.array(users["models"][board["lines"][0]["model"]])
    for line in board["lines"]:
        mine = np.array(users["models"][line["model"]])
        assert len(mine) == len(users["users"])
        value = mine.sum() / sum(users["weights"])
        expected = line["metrics"][label]["value"] ** (2 if label == "rmse" else 1)
        assert value == pytest.approx(expected, rel=1e-4)
        if label != "rmse" and np.ptp(mine - best) > 0:
            interval = stats.ttest_rel(mine, best).confidence_interval(0.95)
            assert line["gap"]["low"] == pytest.approx(interval.low, abs=1e-9)
            assert line["gap"]["high"] == pytest.approx(interval.high, abs=1e-9)


def test_a_partial_run_replaces_its_lines_and_keeps_the_others(small, tmp_path):
    first = run(small, tmp_path, "popularity", "random")
    both = run(small, tmp_path, "random", "item-knn")
    assert sorted(line["model"] for line in both["lines"]) == ["item-knn", "popularity", "random"]
    old = {line["model"]: line for line in first["lines"]}
    new = {line["model"]: line for line in both["lines"]}
    assert new["popularity"]["made"] == old["popularity"]["made"]
    assert new["random"]["made"]["date"] >= old["random"]["made"]["date"]
    assert new["random"]["metrics"] == old["random"]["metrics"]
    gaps = [line["gap"]["value"] for line in both["lines"]]
    assert gaps[0] == 0 and gaps == sorted(gaps, reverse=True)
    assert not list((tmp_path / "runs").glob("*.jsonl"))  # it was finished


def test_lines_of_other_terms_do_not_stand_beside_each_other(small, tmp_path, monkeypatch, capsys):
    run(small, tmp_path, "popularity")
    before = (tmp_path / "leaderboard.json").read_text()
    board = small.BOARDS["world-shop-time"]
    other = replace(board, protocol=replace(board.protocol, n_trials=3))
    monkeypatch.setitem(small.BOARDS, "world-shop-time", other)
    with pytest.raises(SystemExit):
        run(small, tmp_path, "random")
    assert "protocol: n_trials was 2, now 3; run all models of the board" in capsys.readouterr().err
    assert (tmp_path / "leaderboard.json").read_text() == before
    assert (tmp_path / "runs" / "world-shop-time.jsonl").exists()  # the work is not lost


def test_a_gap_in_stars_keeps_a_users_ratings_together(leaderboard):
    import pandas as pd

    # a is worse by 1 on each of user 0's three ratings, better by 1 on the one of user 1: 2 / 4 in all
    gap = leaderboard.gap(pd.Series([3.0, -1.0]), np.array([3.0, 1.0]))
    assert gap["value"] == pytest.approx(0.5)
    # z = 0.5 + (3 - 1.5) / 2 and 0.5 + (-1 - 0.5) / 2: 1.25 and -0.25, standard error 0.75
    assert gap["high"] - gap["value"] == pytest.approx(stats.t.ppf(0.975, 1) * 0.75)
