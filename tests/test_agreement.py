"""The command that holds our metrics against ranx and scikit-learn, and the file that it wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
WRITTEN = BENCHMARKS / "results" / "agreement.json"


@pytest.fixture
def agreement(monkeypatch):
    """The script as a module; it finds its neighbours as it does when it is run."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import agreement

    return agreement


def by_name(rows: list[dict]) -> dict[tuple[str, str], dict]:
    return {(row["metric"], row["library"]): row for row in rows}


def test_scikit_learn_differs_only_where_a_reason_says_so(agreement, tmp_path):
    out = tmp_path / "agreement.json"
    agreement.main(["--cases", "60", "--libraries", "scikit-learn", "--out", str(out)])
    rows = by_name(json.loads(out.read_text())["rows"])
    assert {metric for metric, _ in rows} == {
        "precision", "recall", "f1", "map", "ndcg", "auc", "log_loss", "rmse", "mae",
    }  # fmt: skip
    assert all(row["cases"] == 60 and row["unexplained"] == 0 for row in rows.values())
    assert all((row["elsewhere"]["largest"] or 0) < 1e-9 for row in rows.values())
    assert all(rows[name, "scikit-learn"]["differ"] == 0 for name in ("auc", "rmse", "mae"))
    short = rows["precision", "scikit-learn"]["reasons"][1]
    assert short["differ"] > 5
    assert short["largest"] > 0.1


def test_a_difference_without_a_reason_is_counted(agreement):
    ours, theirs = np.array([0.5, np.nan, 0.2, np.inf]), np.array([0.5, 0.0, 0.3, 36.0])
    covered = agreement.Reason("known", np.array([False, True, False, False]))
    row = agreement.compared(ours, theirs, [covered])
    assert row["differ"] == 3
    assert row["unexplained"] == 2
    assert row["largest"] == pytest.approx(0.1)
    assert row["reasons"] == [{"why": "known", "cases": 1, "differ": 1, "largest": None}]
    assert agreement.compared(ours, ours, [])["differ"] == 0


def test_the_first_reason_takes_the_case(agreement):
    everything = np.array([True, True])
    reasons = [agreement.Reason("a", np.array([True, False])), agreement.Reason("b", everything)]
    row = agreement.compared(np.zeros(2), np.ones(2), reasons)
    assert [reason["cases"] for reason in row["reasons"]] == [1, 1]
    assert row["elsewhere"] == {"cases": 0, "largest": None}


def test_a_reason_that_names_a_number_covers_no_other(agreement):
    ours, theirs = np.array([np.nan, np.nan]), np.array([0.0, 1.0])
    row = agreement.compared(
        ours, theirs, [agreement.Reason("theirs is 0", np.array([True, True]), theirs=0)]
    )
    assert row["reasons"][0]["cases"] == row["unexplained"] == 1


def test_without_ranx_its_rows_say_why(agreement, tmp_path, monkeypatch):
    from environments import Environment

    missing = Environment("ranx", tmp_path / "python", {}, "ERROR: no network")
    monkeypatch.setattr(agreement, "environment", lambda peer, folder: missing)
    out = tmp_path / "agreement.json"
    agreement.main(["--cases", "20", "--libraries", "ranx", "--out", str(out)])
    report = json.loads(out.read_text())
    assert report["libraries"] == {"ranx": {"error": "ERROR: no network"}}
    assert len(report["rows"]) == 7
    assert {row["skipped"] for row in report["rows"]} == {"ERROR: no network"}


def test_a_broken_ranx_is_skipped_too(agreement, tmp_path):
    from cases import random_lists
    from environments import Environment
    from their_metrics import Skipped, ranx_values

    lists = random_lists(5, np.random.default_rng(0))
    with pytest.raises(Skipped, match="FileNotFoundError: no answer from ranx"):
        ranx_values(lists, Environment("ranx", tmp_path / "python", {}))


def test_cases_hold_what_is_awkward(agreement):
    from cases import random_lists, random_rows

    lists = random_lists(300, np.random.default_rng(0))
    assert (lists.n_relevant == 0).any()
    assert (lists.n_listed < lists.k).any()
    assert (lists.n_relevant > lists.k).any()
    per_user = [np.isin(row[row >= 0][:k], lists.relevant[[b]].indices).sum()
                for b, (row, k) in enumerate(zip(lists.ranked, lists.k, strict=True))]  # fmt: skip
    assert lists.n_hits.tolist() == per_user
    rows = random_rows(300, np.random.default_rng(0))
    assert (rows.labels.all(axis=1) | ~rows.labels.any(axis=1)).any()
    assert {0.0, 1.0} <= set(rows.probabilities.ravel())


def test_the_command_explains_itself_and_refuses(agreement, capsys):
    with pytest.raises(SystemExit, match="0"):
        agreement.main(["--help"])
    assert "--libraries scikit-learn" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        agreement.main(["--cases", "0"])
    assert "--cases 0: expected at least 1" in capsys.readouterr().err


def test_the_written_file_leaves_nothing_unexplained():
    run = json.loads(WRITTEN.read_text())
    assert run["cases"] == 10_000
    assert {"date", "versions", "seed", "machine", "command"} <= run.keys()
    assert run["libraries"]["ranx"]["ranx"]
    assert run["libraries"]["scikit-learn"]["scikit-learn"]
    rows = by_name(run["rows"])
    assert len(rows) == 16
    assert not any("skipped" in row for row in rows.values())
    assert all(row["unexplained"] == 0 and row["cases"] == 10_000 for row in rows.values())
