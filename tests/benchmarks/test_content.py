"""The content benchmark: what a model may read, a row made again is the row on file, pairs are pairs."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from recsys_course.data import load, load_reviews, split_by_time, split_cold_items
from recsys_course.evaluation import Protocol

ROOT = Path(__file__).resolve().parents[2]
FILE = json.loads((ROOT / "benchmarks" / "results" / "content.json").read_text())
FEW = ["popularity", "random", "item-knn", "tfidf", "content-knn", "weighted-hybrid", "rrf"]


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("content")


@pytest.fixture
def boards(benchmark):
    return importlib.import_module("content_boards")


@pytest.fixture
def models(benchmark):
    return importlib.import_module("content_models")


@pytest.fixture
def small(benchmark, monkeypatch, tmp_path):
    """The same machinery on a shop of two hundred customers, away from unfinished runs."""
    monkeypatch.setattr(benchmark, "RUNS", tmp_path / "runs")
    return benchmark


def run(benchmark, out: Path, *names: str) -> dict:
    benchmark.main(["--quick", "--models", *names, "--out", str(out)])
    return json.loads((out / "content.json").read_text())["boards"]


def test_a_small_run_holds_lines_members_pairs_and_the_shelf(small, tmp_path):
    found = run(small, tmp_path, *FEW)
    for name, board in found.items():
        lines = {line["model"]: line for line in board["lines"]}
        assert set(lines) == set(FEW) and not board["failed"]
        values = [line["metrics"]["ndcg@10"]["value"] for line in board["lines"]]
        assert values == sorted(values, reverse=True)
        best = max(("tfidf", "content-knn"), key=lambda model: lines[model]["validation"])
        assert board["members"] == {"content": best, "collaborative": "item-knn"}
        asked = {(pair["question"], pair["model"], pair["against"]) for pair in board["pairs"]}
        better = max(board["members"].values(), key=lambda m: lines[m]["metrics"]["ndcg@10"]["value"])
        assert ("hybrid against its best member", "rrf", better) in asked
        values = {model: line["metrics"]["ndcg@10"]["value"] for model, line in lines.items()}
        values |= {
            f"{row['model']} on the rows of tfidf": row["metrics"]["ndcg@10"]["value"]
            for row in board["profiles"]
        }
        for pair in board["pairs"]:
            gap = values[pair["model"]] - values[pair["against"]]
            assert pair["difference"] == pytest.approx(gap, abs=1e-9)
            assert pair["p"] <= pair["p_holm"] <= 1
        shelf = {row["model"] for row in board["slot"]}
        assert shelf == (set(FEW) - {"popularity", "item-knn"} if name.endswith("cold") else set())
        if not name.endswith("cold"):
            place = {model: row["place"] for model, row in board["listed"]["models"].items()}
            assert place["popularity"] == max(place.values()) and 0.4 < place["random"] < 0.6
    cold = {line["model"]: line["metrics"]["ndcg@10"]["value"] for line in found["world-quick-cold"]["lines"]}
    assert cold["item-knn"] == cold["popularity"] == 0 < cold["tfidf"]  # no events, no neighbours in common


def test_a_run_that_was_stopped_goes_on_and_keeps_the_lines_it_had(small, tmp_path, monkeypatch):
    first = run(small, tmp_path, "popularity", "tfidf")
    judged = []
    original = small.judge

    def counted(models, *how, **options):
        judged.append((models[0].name, Path(options["store"]).exists()))
        return original(models, *how, **options)

    monkeypatch.setattr(small, "judge", counted)
    both = run(small, tmp_path, "item-knn")
    for name, board in both.items():
        assert {line["model"] for line in board["lines"]} == {"popularity", "tfidf", "item-knn"}
        old = {line["model"]: line["metrics"] for line in first[name]["lines"]}
        new = {line["model"]: line["metrics"] for line in board["lines"]}
        assert old == {model: new[model] for model in old}
    assert {name for name, kept in judged if not kept} == {"item-knn"}


def test_pairs_are_student_tests_on_the_same_users(small, tmp_path):
    run_ = small.Run("world-quick-warm", small.QUICK_BOARDS["world-quick-warm"], tmp_path)
    small.run_board(run_, small.Choice(["popularity", "tfidf", "random"], []), "")
    pair = next(p for p in small.pairs(run_) if p["against"] == "random")
    a, b = run_.tables["tfidf"], run_.tables["random"]
    assert (a.index == b.index).all() and pair["n"] == len(a)
    known = stats.ttest_rel(a, b)
    interval = known.confidence_interval(0.95)
    assert (pair["difference"], pair["low"], pair["high"], pair["p"]) == pytest.approx(
        (a.mean() - b.mean(), interval.low, interval.high, known.pvalue)
    )


def test_rows_of_several_lines_are_their_mean(models):
    class Lengths:
        def fit_encode(self, texts):
            return np.array([[len(text.split()), 1.0] for text in texts])

    rows = models.MeanOfLines(Lengths()).fit_encode(["a b c\na", "", "a b"])
    assert rows.tolist() == [[2.0, 1.0], [0.0, 0.0], [2.0, 1.0]]


def test_a_shelf_of_new_items_holds_no_old_one(models, boards):
    from recsys_course.baselines import Random

    log = boards.QUICK_BOARDS["world-quick-cold"].log()
    train = split_cold_items(log, 0.2, "time").train
    lists = models.AmongNew(Random()).fit(train).recommend(np.arange(log.n_users), 5)
    assert not np.isin(lists, np.unique(train.items)).any() and (lists >= 0).all()


def test_a_member_is_fitted_once_for_a_log(models, boards, benchmark, monkeypatch):
    plan = importlib.import_module("content_plan")
    board, name = boards.QUICK_BOARDS["world-quick-warm"], "world-quick-warm"
    fits = []
    whole = {p.name: p.candidate for p in plan.singles(name, board, "") if p.name == "item-knn"}
    build = whole["item-knn"].make
    whole["item-knn"] = replace(whole["item-knn"], make=lambda **o: fits.append(o) or build(**o))
    monkeypatch.setitem(models.CANDIDATES, name, whole)
    monkeypatch.setattr(models, "MEMBERS", models.Memo(4))
    log = board.log()
    for seed in (0, 1):
        one = models.Kept(name, "item-knn", {"k": 20}, seed).fit(log)
    models.Kept(name, "item-knn", {"k": 10}).fit(log)
    models.Kept(name, "item-knn", {"k": 20}).fit(log.take(np.arange(len(log) - 1)))
    assert [o["k"] for o in fits] == [20, 10, 20]
    known = build(k=20).fit(log)
    assert (one.recommend([0, 1, 2]) == known.recommend([0, 1, 2])).all()


@pytest.mark.parametrize("name", FILE["boards"])
def test_the_file_is_in_order_and_says_who_were_the_members(benchmark, name):
    board = FILE["boards"][name]
    assert board["protocol"] == benchmark.BOARDS[name].protocol.as_dict()
    lines = {line["model"]: line for line in board["lines"]}
    values = [line["metrics"]["ndcg@10"]["value"] for line in board["lines"]]
    assert values == sorted(values, reverse=True)
    for line in board["lines"]:
        assert len(line["trials"]) in (1, board["protocol"]["n_trials"])
        assert line["options"] in [trial["options"] for trial in line["trials"]]
        best = max(trial.get("value", -1) for trial in line["trials"])
        assert line["validation"] == best
    for role, groups in (("content", ("content", "multimodal")), ("collaborative", ("collaborative",))):
        able = [line for line in board["lines"] if line["group"] in groups]
        able = [line for line in able if line["model"] not in benchmark.LEARNED]
        assert lines[board["members"][role]]["validation"] == max(line["validation"] for line in able)
    for pair in board["pairs"]:
        if pair["model"] in lines and pair["against"] in lines:
            means = [lines[pair[side]]["metrics"]["ndcg@10"]["value"] for side in ("model", "against")]
            assert pair["difference"] == pytest.approx(means[0] - means[1], abs=1e-9)
        assert pair["low"] <= pair["difference"] <= pair["high"]


def test_a_row_made_again_is_the_row_on_file(benchmark, tmp_path):
    name = "world-shop-warm"
    board = FILE["boards"][name]
    names = benchmark.Choice(["popularity", "tfidf"], [])
    made = benchmark.run_board(benchmark.Run(name, benchmark.BOARDS[name], tmp_path), names, "")
    assert made.data == board["data"]
    kept = {line["model"]: line for line in board["lines"]}
    for model in names.names:
        new, old = benchmark.line_of(made, model), kept[model]
        assert new["options"] == old["options"] and new["counts"] == old["counts"]
        for label, found in new["metrics"].items():
            assert found == pytest.approx(old["metrics"][label], rel=1e-9)
        values = [trial["value"] for trial in new["trials"]]
        assert values == pytest.approx([trial["value"] for trial in old["trials"]], rel=1e-9)


def test_the_file_says_what_is_missing(benchmark):
    assert FILE["missing"] == benchmark.missing(FILE["boards"])


@pytest.mark.realdata
def test_no_review_of_the_future_describes_an_item(boards, data_folder):
    log = load_reviews(data_folder).data.log
    board = boards.BOARDS["amazon-warm"]
    assert len(board.log()) == len(log)
    train, test = split_by_time(log, 0.2)
    views = board.views(train)["reviews"]
    texts = load_reviews(data_folder).texts["text"]
    held = np.flatnonzero(np.isin(log.times, test.times))
    told = [row for row in held if len(texts[row]) > 80]
    assert len(told) > 1_000
    leaks = [row for row in told if " ".join(texts[row].split()[:20]) in views[log.items[row]]]
    assert not leaks


@pytest.mark.realdata
def test_no_judged_user_describes_a_new_product(boards, data_folder):
    judged = boards.BOARDS["amazon-cold"].log()
    whole = load_reviews(data_folder)
    assert 0 < len(judged) < len(whole.data.log)
    who = np.unique(judged.users)
    assert not np.isin(boards.describers(), who).any()
    views = boards.BOARDS["amazon-cold"].views(judged)["reviews"]
    rows = np.flatnonzero(np.isin(whole.data.log.users, who))
    texts = whole.texts["text"]
    told = [row for row in rows if len(texts[row]) > 80]
    assert not [row for row in told if " ".join(texts[row].split()[:20]) in views[whole.data.log.items[row]]]


@pytest.mark.realdata
def test_tags_are_those_of_the_time_and_new_films_have_none(boards, data_folder):
    log = load("ml-latest-small", data_folder).log
    train = split_by_time(log, 0.2).train
    early = boards.BOARDS["ml-latest-small-warm"].views(train)["tags"]
    late = boards.BOARDS["ml-latest-small-warm"].views(log)["tags"]
    assert sum(map(bool, early)) < sum(map(bool, late))
    cold = split_cold_items(log, 0.2, "time").train
    tags = boards.BOARDS["ml-latest-small-cold"].views(cold)["tags"]
    new = np.bincount(cold.items, minlength=log.n_items) == 0
    assert not any(np.array(tags, dtype=object)[new]) and any(tags)


def test_boards_are_two_splits_of_their_logs(boards):
    for name, board in boards.BOARDS.items():
        assert board.cold == name.endswith("cold")
        assert isinstance(board.protocol, Protocol) and board.protocol.warm_only
