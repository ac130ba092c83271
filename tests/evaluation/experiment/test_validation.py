"""The command that validates the tests over many seeds: it runs, and what it found stands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chance import at_most, within

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, str(ROOT / "benchmarks" / "experiments.py")]


@pytest.fixture(scope="module")
def found():
    parts = json.loads((ROOT / "benchmarks" / "results" / "experiments.json").read_text())
    assert all(part["about"]["scale"] == 1 for part in parts.values())
    return {name: part["rows"] for name, part in parts.items()}


def test_false_alarms_coverage_and_power_are_as_planned(found):
    for row in found["false_alarms"] + found["coverage"] + found["power"]:
        wrong = row.get("test", "").endswith("(wrong)")
        assert within(row["share"], row["planned"], row["repeats"], slack=0.005) != wrong, row


def test_cuped_takes_out_rho_squared(found):
    for row in found["cuped"]:
        assert abs(row["ratio"] / row["planned"] - 1) < 4 * (2 / row["repeats"]) ** 0.5 + 0.02


def test_peeking_inflates_as_computed_and_the_always_valid_p_does_not(found):
    for row in found["peeking"]:
        assert within(row["naive"]["share"], row["theory"], row["naive"]["repeats"])
        assert at_most(row["always_valid"]["share"], 0.05, row["always_valid"]["repeats"])


def test_a_ranker_does_not_beat_itself(found):
    """One-sided: 2.5 % find the treatment better."""
    (itself,) = [row for row in found["interleaving"] if row["treatment"] == "the same ranker"]
    for row in itself["found"]:
        for method in ("ab_clicks_per_user", "ab_clicks_per_visit", "interleaving"):
            assert at_most(row[method], 0.025, row["repeats"]), (method, row)


def test_by_user_finds_what_the_formula_says_and_long_blocks_the_truth(found):
    rows = {row["design"]: row for row in found["interference"]["designs"]}
    user, long = rows["by user"], rows["blocks of 8 h, first 1 h left out"]
    assert abs(user["mean"] - found["interference"]["user_split_effect"]) < 4 * user["standard_error"]
    assert abs(long["mean"] - found["interference"]["true_effect"]) < 4 * long["standard_error"]
    assert within(long["coverage"], 0.95, long["repeats"])


def test_the_command_runs_a_part_and_leaves_the_others(tmp_path):
    out = tmp_path / "found.json"
    out.write_text(json.dumps({"false_alarms": "kept"}))
    subprocess.run(
        [*COMMAND, "power", "--scale", "0.002", "--out", str(out)], check=True, capture_output=True
    )
    found = json.loads(out.read_text())
    assert list(found) == ["false_alarms", "power"] and found["false_alarms"] == "kept"
    assert found["power"]["about"]["scale"] == 0.002
    assert [row["repeats"] for row in found["power"]["rows"]] == [10, 10]


@pytest.mark.parametrize(
    ("option", "message"), [(["magic"], "unknown part 'magic'"), (["--scale", "0"], "--scale: 0.0")]
)
def test_the_command_says_what_is_wrong(option, message):
    failed = subprocess.run([*COMMAND, *option], capture_output=True, text=True)
    assert failed.returncode == 2 and message in failed.stderr
