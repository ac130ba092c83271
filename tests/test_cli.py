"""The command line as a reader uses it: right answers, one-line errors, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from recsys_course import __version__
from recsys_course.baselines import DampedMeans, Popularity, Random
from recsys_course.cli import app
from recsys_course.data import catalog, load, split_by_time
from recsys_course.evaluation import Report, evaluate
from recsys_course.neighbors import ItemKNN

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
COMMAND = [sys.executable, "-c", "from recsys_course.cli import app; app()"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A data folder with 30 users and 12 films in the format of MovieLens latest-small."""
    rng = np.random.default_rng(3)
    pairs = rng.permutation(30 * 12)[:200]
    rows = [f"{p // 12 + 1},{p % 12 + 1},{rng.integers(1, 6)}.0,{1000 + t}" for t, p in enumerate(pairs)]
    films = [f"{i},Film [x{i}] (19{i + 50}),Drama" for i in range(1, 13)]
    path = tmp_path / "data" / "ml-latest-small"
    path.mkdir(parents=True)
    (path / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *rows]))
    (path / "movies.csv").write_text("\n".join(["movieId,title,genres", *films]))
    (path / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,1,slow,1000\n")
    for name, info in catalog.DATASETS.items():
        monkeypatch.setitem(catalog.DATASETS, name, replace(info, files={}))
    monkeypatch.setenv("RECSYS_COURSE_DATA", str(path.parent))
    monkeypatch.setenv("RECSYS_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return path.parent


def run(*words: str):
    return CliRunner().invoke(app, list(words))


DATA = ("--data", "ml-latest-small")


def refused(result, code: int, *said: str) -> None:
    """One line on stderr, nothing on stdout, this exit code."""
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    for text in said:
        assert text in lines[0]


def test_version_and_help():
    assert run("--version").stdout.strip() == f"recsys-course {__version__}"
    for words in [
        (),
        ("data",),
        ("evaluate",),
        ("recommend",),
        ("data", "list"),
        ("data", "get"),
        ("data", "info"),
    ]:
        result = run(*words, "--help")
        assert result.exit_code == 0
        if words != ("data",):
            assert "recsys-course " + " ".join(words) in result.stdout.split("Usage", 1)[1].split("\n", 1)[1]


def test_no_arguments_show_the_help():
    result = run()
    assert result.exit_code == 0 and "Usage" in result.stdout


def test_data_list_tells_what_is_here(folder):
    out = run("data", "list").stdout
    line = next(line for line in out.splitlines() if "ml-latest-small" in line)
    assert "9,742" in line and "100,836" in line
    assert " no " in next(line for line in out.splitlines() if " ml-1m " in line)
    assert "world:" in out


def test_data_info_and_get(folder):
    info = run("data", "info", "ml-100k").stdout
    assert "licence" in info and catalog.DATASETS["ml-100k"].sha256 in info and "Harper" in info
    got = run("data", "get", "ml-latest-small").stdout
    assert "200 events, 30 users, 12 items" in got and str(folder) in got


def test_evaluate_prints_the_protocol_and_the_numbers(folder):
    result = run("evaluate", *DATA, "--models", "popularity,random", "--positives", "3", "--n", "5")
    assert result.exit_code == 0, result.stderr
    log = load("ml-latest-small").log.at_least(3)
    expected = evaluate(Popularity(), split_by_time(log), n=5)["ndcg@5"]
    row = next(line for line in result.stdout.splitlines() if "popularity " in line and "│" in line)
    assert f"{expected:.4f}" in row
    assert "events of at least 3, as likes" in result.stdout
    assert "the last 20% of the events" in result.stdout
    assert "\x1b[" not in result.stdout  # no colour in a pipe


@pytest.mark.parametrize(
    "split", ["time", "leave-last-out", "random", "random-per-user", "cold-users", "cold-items"]
)
def test_every_split_runs(split):
    assert run("evaluate", *DATA, "--models", "popularity", "--split", split).exit_code == 0


def test_json_holds_what_is_needed_to_run_it_again(tmp_path):
    words = ("evaluate", *DATA, "--models", "popularity,random", "--seed", "4", "--split", "random", "--json")
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    assert run(*words, str(first)).exit_code == 0
    assert run(*words, str(second)).exit_code == 0
    a, b = (json.loads(path.read_text()) for path in (first, second))
    assert (
        a["seed"] == 4
        and a["protocol"]["split"] == "random"
        and a["models"]["random"]["parameters"] == {"seed": 4}
    )
    assert len(a["data"]["sha256"]) == 64 and a["data"]["sha256"] == b["data"]["sha256"]
    assert set(a["versions"]) >= {"python", "recsys-course", "numpy"} and a["date"].startswith("20")
    assert a["models"]["popularity"]["metrics"]["ndcg@10"] == b["models"]["popularity"]["metrics"]["ndcg@10"]
    assert isinstance(a["models"]["popularity"]["metrics"]["n_users"], int)
    assert sorted(p.name for p in tmp_path.glob("*.json*")) == ["a.json", "b.json"]


def test_tuned_models_get_intervals_costs_and_a_report(tmp_path):
    path = tmp_path / "report.json"
    words = f"--models random,item-knn --tune 3 --seeds 2 --param k=7 --json {path}"
    result = run("evaluate", *DATA, *words.split())
    assert result.exit_code == 0, result.stderr
    report = Report.load(path)
    assert report.protocol.n_trials == 3 and report.protocol.seeds == (0, 1)
    assert report["random"].seeds == 2 and len(report["random"].trials[0]) == 1
    line = report["item-knn"]
    assert len(line.trials[0]) == 3 and "k" not in line.options[0]  # given, so not tried
    found = line.metrics["ndcg@10"]
    assert (
        f"{found.value:.4f}" in result.stdout
        and f"{found.low:.3f}-{found.high:.3f}".replace("0.", ".") in result.stdout
    )
    assert "3 settings each" in result.stdout and "kB" in result.stdout
    plain = evaluate(ItemKNN(k=7, **line.options[0]), split_by_time(load("ml-latest-small").log))
    assert found.value == pytest.approx(plain["ndcg@10"])


def test_a_stopped_run_goes_on_and_another_is_refused(tmp_path, monkeypatch):
    store = tmp_path / "run.jsonl"
    how = ("evaluate", *DATA, "--models", "random,popularity", "--seeds", "2", "--resume", str(store))

    def interrupted(self, data):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Popularity, "_fit", interrupted)
        assert run(*how).exit_code == 130
    assert len(store.read_text().splitlines()) == 3  # the header, and random with both seeds
    monkeypatch.setattr(Random, "_fit", interrupted)  # random is not asked again
    assert run(*how).exit_code == 0
    other = run(*how, "--n", "5")
    refused(other, 2, "--resume", "made by another protocol (n: 10, now 5); name another file")


def test_cold_users_may_bring_a_history():
    out = run("evaluate", *DATA, "--models", "popularity", "--split", "cold-users", "--given", "2").stdout
    assert "a random 20% of the users, with all their events but the first 2" in out


def test_the_fingerprint_follows_the_events(folder, tmp_path):
    log = load("ml-latest-small").log
    assert log.fingerprint() == load("ml-latest-small").log.fingerprint()
    assert log.fingerprint() != log.take(np.arange(199)).fingerprint()
    assert log.fingerprint() != replace(log, values=log.values[::-1]).fingerprint()


def test_rating_task():
    result = run("evaluate", *DATA, "--task", "rating", "--models", "damped-means", "--param", "damping=0")
    assert result.exit_code == 0, result.stderr
    assert "rmse" in result.stdout and "ndcg" not in result.stdout


def test_predictions_need_not_be_clipped(tmp_path, monkeypatch):
    monkeypatch.setattr(DampedMeans, "_predict", lambda self, users, items: np.full(len(users), 99.0))
    error = {}
    for clip in ("true", "false"):
        path = tmp_path / f"{clip}.json"
        how = ["--param", f"clip={clip}", "--json", str(path)]
        result = run("evaluate", *DATA, "--task", "rating", "--models", "damped-means", *how)
        assert result.exit_code == 0, result.stderr
        model = json.loads(path.read_text())["models"]["damped-means"]
        assert model["parameters"] == {"damping": 5.0, "clip": clip == "true"}
        error[clip] = model["metrics"]["rmse"]
    assert error["true"] <= 4 and error["false"] >= 94  # from 1..5 to 5, and to 99
    refused(
        run("evaluate", *DATA, "--task", "rating", "--models", "als", "--param", "clip=no"), 2, "clip='no'"
    )


def test_warm_judges_only_known_users():
    cold = run("evaluate", *DATA, "--models", "popularity").stdout
    warm = run("evaluate", *DATA, "--models", "popularity", "--warm").stdout
    assert "popularity serves those without" in cold and "popularity serves" not in warm


def test_recommend_gives_reasons_by_title():
    result = run(
        "recommend", *DATA, "--user", "5", "--model", "item-knn", "--param", "shrinkage=0", "--n", "2"
    )
    assert result.exit_code == 0, result.stderr
    assert "because of: Film [x" in result.stdout  # brackets survive the markup
    assert result.stdout.count("│ Film [x") == 2


def test_recommend_without_reasons_tells_how_many_met_it():
    out = run("recommend", *DATA, "--user", "5", "--model", "popularity", "--n", "1").stdout
    log = load("ml-latest-small").log
    mine = log.items[log.users == log.user_ids.encode([5])[0]]
    counts = np.bincount(log.items, minlength=12)
    counts[mine] = 0
    assert f"met by {counts.max()} users" in out
    assert "stars predicted" in run("recommend", *DATA, "--user", "5", "--model", "damped-means").stdout


def test_an_unknown_user_is_refused_or_served_by_popularity():
    refused(run("recommend", *DATA, "--user", "55"), 2, "--user", "user id 55 is unknown", "nearest: 5")
    refused(run("recommend", *DATA, "--user", "anna"), 2, "'anna' is unknown")
    served = run("recommend", *DATA, "--user", "anna", "--cold", "popular", "--n", "1")
    top = np.bincount(load("ml-latest-small").log.items).max()
    assert served.exit_code == 0 and "no history" in served.stdout and f"met by {top} users" in served.stdout


def test_a_list_of_the_model_for_somebody_without_history_is_not_called_popular():
    for cold, said in (
        ("model", "what item-knn lists for somebody without one"),
        ("popular", "what most users met"),
    ):
        asked = ("--data", "world:shop", "--user", "1", "--model", "item-knn", "--n", "1", "--cold", cold)
        assert f"User 1 has no history: this is {said}" in run("recommend", *asked).stdout


@pytest.mark.parametrize(
    "words, said",
    [
        (["bogus"], "bogus"),
        (["--bogus"], "--bogus"),
        (["data", "get"], "Missing argument"),
        (["data", "info", "ml-10k"], "did you mean ml-100k"),
        (["evaluate"], "--data"),
        (["evaluate", "--data", "ml-latst-small"], "did you mean ml-latest-small"),
        (["evaluate", "--data", "world:shoop"], "no world 'shoop'; known: shop"),
        (["evaluate", *DATA, "--models", "itemknn"], "did you mean item-knn"),
        (["evaluate", *DATA, "--models", ","], "no name; known: popularity"),
        (
            ["evaluate", *DATA, "--models", "popularity", "--task", "rating"],
            "cannot do rating; these can: damped",
        ),
        (["evaluate", *DATA, "--task", "rating", "--positives", "3"], "rating needs stars"),
        (["evaluate", *DATA, "--positives", "9"], "9 leaves no events; the largest value is 5"),
        (["evaluate", *DATA, "--split", "weekly"], "leave-last-out"),
        (["evaluate", *DATA, "--n", "0"], "--n"),
        (["evaluate", *DATA, "--seed", "-1"], "--seed"),
        (["evaluate", *DATA, "--models", "random", "--param", "k=2"], "no model here has 'k' (random: seed)"),
        (["evaluate", *DATA, "--models", "random", "--param", "seed"], "expected name=value"),
        (["evaluate", *DATA, "--models", "random", "--param", "seed=two"], "seed='two'; expected int"),
        (["evaluate", *DATA, "--json", "/nowhere/at/all.json"], "no folder /nowhere/at"),
        (["evaluate", *DATA, "--resume", "/nowhere/at/all.jsonl"], "--resume: no folder /nowhere/at"),
        (["evaluate", *DATA, "--tune", "-1"], "--tune"),
        (["evaluate", *DATA, "--seeds", "0"], "--seeds"),
        (["evaluate", *DATA, "--given", "2"], "--given: only for --split cold-users, not time"),
        (["recommend", *DATA, "--user", "1", "--model", "popularity,random"], "expected one model"),
        (["recommend", *DATA, "--user", "1", "--model", "item-knn-rating"], "cannot do ranking"),
        (["recommend", *DATA], "--user"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(words, said):
    refused(run(*words), 2, said)


def test_failures_are_one_line_and_exit_code_1(folder):
    (folder / "ml-latest-small" / "movies.csv").unlink()
    refused(run("evaluate", *DATA), 1, "no file movies.csv")
    refused(run("data", "get", "ml-latest-small"), 1, "no file movies.csv")


def test_an_unexpected_error_is_named_without_traceback(monkeypatch):
    def broken(self, data):
        raise KeyError("surprise")

    monkeypatch.setattr(Popularity, "_fit", broken)
    result = run("evaluate", *DATA, "--models", "popularity")
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert result.stderr.splitlines()[-1] == "error: KeyError: 'surprise'"  # below the progress bar


def test_ctrl_c_inside_a_command_is_130(monkeypatch):
    def interrupted(self, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(Popularity, "_fit", interrupted)
    result = run("evaluate", *DATA, "--models", "popularity")
    assert result.exit_code == 130
    assert result.stderr.strip().endswith("stopped") and "Traceback" not in result.output


def test_ctrl_c_from_outside_is_130(folder):
    code = (
        "import time; from recsys_course.baselines import Popularity\n"
        "def slow(self, data): print('started', flush=True); time.sleep(60)\n"
        "Popularity._fit = slow\nfrom recsys_course.cli import app; app()"
    )
    words = ["evaluate", "--data", "world:shop", "--models", "popularity"]
    with subprocess.Popen([sys.executable, "-c", code, *words], **PIPES) as process:
        assert process.stdout.readline() == "started\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "stopped" in err and "Traceback" not in err


def test_exit_codes_and_streams_of_a_real_process():
    bad = subprocess.run([*COMMAND, "data", "info", "x"], capture_output=True, text=True, timeout=300)
    assert (bad.returncode, bad.stdout) == (2, "") and bad.stderr.startswith("error: ")
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    good = subprocess.run([*COMMAND, "data", "list"], capture_output=True, text=True, timeout=300, env=env)
    assert good.returncode == 0, good.stderr
    assert "ml-100k" in good.stdout and "\x1b[" not in good.stdout


def test_a_reader_that_leaves_early_causes_no_traceback():
    with subprocess.Popen([*COMMAND, "data", "list"], **PIPES) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert "Traceback" not in err


def test_the_command_line_loads_no_torch_and_help_no_numba():
    code = (
        "import sys\nfrom recsys_course.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'numba', 'torch', 'pandas'} & set(sys.modules)\n"
        "try: app(['evaluate', '--data', 'ml-1m-nothing'])\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=300).returncode == 0


def test_the_simulated_world_runs_offline():
    result = run("evaluate", "--data", "world:shop", "--models", "popularity")
    assert result.exit_code == 0, result.stderr
    assert "world:shop" in result.stdout


def test_content_models_go_by_the_texts_of_the_items():
    result = run("recommend", *DATA, "--user", "5", "--model", "content-profile", "--n", "2")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("│ Film [x") == 2 and "because of: Film [x" in result.stdout
    how = ("evaluate", *DATA, "--models", "content-knn,content-profile,popularity", "--param", "k=3")
    result = run(*how)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("│ cont") == 2  # both have a row
    tuned = run(*how, "--tune", "2")
    assert tuned.exit_code == 0, tuned.stderr
    assert "negative=" in tuned.stdout  # what was chosen


def test_tags_are_read_to_recommend_and_left_out_to_judge(monkeypatch):
    """They are written while the log runs, so some of them tell of the part held out."""
    from recsys_course import registry

    seen, real, load_plain = [], registry.with_features, catalog.load
    tagged = lambda name: replace(  # noqa: E731
        load_plain(name), items=load_plain(name).items.assign(tags="late")
    )
    monkeypatch.setattr(catalog, "load", tagged)

    def watched(name, items, params):
        seen.append("tags" in items)
        return real(name, items, params)

    for place in ("recsys_course.cli.common", "recsys_course.evaluation.candidates"):
        monkeypatch.setattr(f"{place}.with_features", watched)
    how = ("--models", "content-knn", "--tune", "1")
    assert run("evaluate", *DATA, *how).exit_code == 0
    assert seen == [False, False]
    assert run("recommend", *DATA, "--user", "5", "--model", "content-knn").exit_code == 0
    assert seen[2:] == [True]


def test_data_without_texts_is_refused_by_content_models(monkeypatch):
    real = catalog.load
    bare = lambda name: replace(real(name), items=real(name).items[["year"]])  # noqa: E731
    for changed, said in (
        (bare, "none can be made: items: no text; expected one of the columns title, description"),
        (lambda name: replace(real(name), items=None), "content-knn: no item_features and no items"),
    ):
        monkeypatch.setattr(catalog, "load", changed)
        for words in (
            ("recommend", *DATA, "--user", "5", "--model", "content-knn"),
            ("evaluate", *DATA, "--models", "popularity,content-knn"),
            ("evaluate", *DATA, "--models", "popularity,content-knn", "--tune", "2"),
        ):
            refused(run(*words), 2, "--data", said)
