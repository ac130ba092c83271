"""judge: against evaluate, fold by fold and seed by seed; tuning, failures, stop and go on."""

import os
import signal
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from recsys_course.base import Diverged, Recommender
from recsys_course.baselines import DampedMeans, Popularity, Random
from recsys_course.data.split import Split, k_fold, split_by_time, split_random
from recsys_course.evaluation import Protocol, Report, StoreError, evaluate, judge, over_users
from recsys_course.interactions import Interactions
from recsys_course.linear import EASE
from tests.logs import random_log

PLAIN = Protocol(split="random", metrics=("ndcg@3", "recall@5", "coverage@3"), n_trials=0, seeds=(0, 1, 2))


@pytest.fixture(scope="module")
def log() -> Interactions:
    """40 users, 15 items, stars and times."""
    plain = random_log(40, 15, seed=3)
    return replace(plain, times=np.random.default_rng(5).permutation(len(plain)))


def quiet(models, log, protocol=PLAIN, **how) -> Report:
    return judge(models, log, protocol, progress=False, **how)


# --- the figures


def test_one_seed_and_fold_is_what_evaluate_says(log):
    line = quiet(["popularity"], log)["popularity"]
    expected = evaluate(Popularity(), split_random(log), metrics=PLAIN.metrics)
    for label in ("ndcg@3", "recall@5", "coverage@3"):
        assert line.metrics[label].value == pytest.approx(expected[label])
        assert np.isnan(line.metrics[label].spread)  # nothing is drawn, so it ran once
    assert line.counts == {"n_users": expected["n_users"], "n_cold": expected["n_cold"]}
    assert (line.seeds, line.folds, line.options, line.trials) == (1, 1, [{}], [[]])


def test_a_random_model_runs_with_each_seed(log):
    line = quiet(["random"], log)["random"]
    each = [evaluate(Random(seed=s), split_random(log), metrics=PLAIN.metrics) for s in (0, 1, 2)]
    assert line.seeds == 3 and line.metrics["ndcg@3"].spread > 0
    assert set(line.tables[0].weights) == {1.0}  # sums are means over seeds, so lines can be subtracted
    for label, found in line.metrics.items():
        values = [result[label] for result in each]
        assert found.value == pytest.approx(np.mean(values))
        assert found.spread == pytest.approx(np.std(values, ddof=1))


def test_intervals_are_over_users_of_their_means_over_seeds(log):
    report = quiet(["random"], log)
    values = report.per_user("ndcg@3")["random"].to_numpy()
    found = report["random"].metrics["ndcg@3"]
    assert found[:3] == pytest.approx(over_users("ndcg@3", values, np.ones(len(values))))
    assert found.low < found.value < found.high
    assert np.isnan(report["random"].metrics["coverage@3"].low)  # no mean over users
    wider = quiet(["random"], log, replace(PLAIN, level=0.99))["random"].metrics["ndcg@3"]
    assert wider.value == found.value and wider.low < found.low


def test_folds_are_pooled_with_users_as_the_unit(log):
    protocol = Protocol(split="k-fold", n_folds=3, metrics=("rmse", "mae", "ndcg@3"), n_trials=0)
    report = quiet(["damped-means"], log, protocol)
    line = report["damped-means"]
    errors, users = [], []
    for fold in k_fold(log, 3):
        stars = DampedMeans().fit(fold.train).predict(fold.test.users, fold.test.items)
        errors += (stars - fold.test.values).tolist()
        users += fold.test.users.tolist()
    errors, users = np.array(errors), np.array(users)
    assert line.metrics["rmse"].value == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert line.metrics["mae"].value == pytest.approx(np.mean(np.abs(errors)))
    assert (line.folds, line.counts["n_events"]) == (3, len(log))
    by_user = report.per_user("rmse")["damped-means"]
    for user in by_user.index:
        assert by_user[user] == pytest.approx(np.mean(errors[users == user] ** 2))
    lists = [evaluate(DampedMeans(), fold, metrics=["ndcg@3"]) for fold in k_fold(log, 3)]
    n = [result["n_users"] for result in lists]
    assert line.counts["n_users"] == sum(n)
    expected = np.average([result["ndcg@3"] for result in lists], weights=n)
    assert line.metrics["ndcg@3"].value == pytest.approx(expected)


def test_warm_only_leaves_new_users_out(log):
    cold = replace(PLAIN, split="cold-users", given=0)
    assert quiet(["popularity"], log, cold)["popularity"].counts["n_cold"] > 0
    with pytest.raises(ValueError, match=r"split\.test: no events for these users"):
        quiet(["popularity"], log, replace(cold, warm_only=True))
    given = replace(cold, given=2, warm_only=True)
    assert quiet(["popularity"], log, given)["popularity"].counts["n_cold"] == 0


def test_costs_are_measured(log):
    line = quiet(["ease"], log)["ease"]
    assert line.fit_s > 0 and line.recommend_s > 0 and line.cpu_s >= 0
    assert line.memory is None or line.memory >= 0
    assert 15 * 15 * 4 <= line.size < 15 * 15 * 4 + 2_000  # weights in float32, and the attributes' names


def test_lines_come_best_first(log):
    lists = quiet(["random", "popularity", "item-knn"], log).lines
    values = [line.metrics["ndcg@3"].value for line in lists]
    assert values == sorted(values, reverse=True)
    stars = Protocol(split="random", metrics=("rmse",), n_trials=0)
    values = [line.metrics["rmse"].value for line in quiet(["damped-means", "als"], log, stars).lines]
    assert values == sorted(values)


# --- tuning


@dataclass
class Leaning(Recommender):
    """Lists items by code, upwards or downwards; ``steep`` does nothing."""

    downwards: bool = False
    steep: float = 1.0

    def _fit(self, data: Interactions) -> None:
        if self.steep > 50:
            raise Diverged("too steep")

    def _score(self, users: np.ndarray) -> np.ndarray:
        codes = np.arange(self.n_items_, dtype=float)
        return np.tile(codes if self.downwards else -codes, (len(users), 1))


def upwards_by_time() -> Interactions:
    """20 users meet items 0 to 9 in this order, all users at the same pace."""
    rng = np.random.default_rng(0)
    users, items = np.repeat(np.arange(20), 10), np.tile(np.arange(10), 20)
    order = np.lexsort((rng.random(200), items))
    return Interactions(users[order], items[order], 20, 10, times=np.arange(200))


def test_the_best_on_the_validation_part_is_taken():
    log = upwards_by_time()
    space = {"downwards": [True, False]}
    found = judge(
        {"leaning": (lambda downwards=True: Leaning(downwards), space)}, log,
        Protocol(metrics=("ndcg@3",), n_trials=8), progress=False,
    )["leaning"]  # fmt: skip
    assert found.trials[0][0]["options"] == {"downwards": True}  # the default comes first
    assert len(found.trials[0]) == 8
    # items 0 to 7 are for training, of these about 6 and 7 for validation: the next upwards, not downwards
    assert found.options == [{"downwards": False}]
    values = {trial["options"]["downwards"]: trial["value"] for trial in found.trials[0]}
    assert values[True] < values[False] == 1.0


def test_trials_are_judged_on_the_validation_part_alone():
    log = upwards_by_time()
    protocol = Protocol(metrics=("ndcg@3",), n_trials=3)
    inner, outer = protocol.folds(log)[0]
    met: list[int] = []

    class Spy(EASE):
        def _fit(self, data: Interactions) -> None:
            met.append(int(data.times.max()))
            super()._fit(data)

    line = judge({"spy": (Spy, {"reg": (1.0, 900.0)})}, log, protocol, progress=False)["spy"]
    assert met == [inner.train.times.max()] * 3 + [outer.train.times.max()]
    for trial in line.trials[0]:
        expected = evaluate(EASE(**trial["options"]), inner, metrics=["ndcg@3"])["ndcg@3"]
        assert trial["value"] == pytest.approx(expected)
    best = max(line.trials[0], key=lambda trial: trial["value"])
    assert line.options == [best["options"]]
    expected = evaluate(EASE(**best["options"]), outer, metrics=["ndcg@3"])["ndcg@3"]
    assert line.metrics["ndcg@3"].value == pytest.approx(expected)


def test_every_model_has_the_same_budget_and_none_without_options_tries_twice(log):
    report = quiet(["popularity", "ease", "item-knn", "als"], log, replace(PLAIN, n_trials=4))
    assert {line.model: len(line.trials[0]) for line in report.lines} == {
        "popularity": 1, "ease": 4, "item-knn": 4, "als": 4,
    }  # fmt: skip
    settings = [str(trial["options"]) for trial in report["ease"].trials[0]]
    assert len(set(settings)) == 4 and settings[0] == "{'reg': 500.0}"
    again = quiet(["ease"], log, replace(PLAIN, n_trials=4))["ease"]
    assert again.trials[0][3]["options"] == report["ease"].trials[0][3]["options"]


def test_errors_in_stars_are_made_small(log):
    protocol = Protocol(split="random", metrics=("rmse",), n_trials=5)
    line = quiet(["damped-means"], log, protocol)["damped-means"]
    values = [trial["value"] for trial in line.trials[0]]
    assert line.options == [line.trials[0][int(np.argmin(values))]["options"]]


def test_a_failed_trial_is_kept_and_not_fatal(log):
    space = {"steep": [1.0, 99.0]}
    line = quiet({"leaning": (Leaning, space)}, log, replace(PLAIN, n_trials=8))["leaning"]
    errors = [trial["error"] for trial in line.trials[0] if "error" in trial]
    assert errors and set(errors) == {"Diverged: too steep"}
    assert line.options == [{"steep": 1.0}]


def test_a_model_that_fails_altogether_is_named_and_the_others_go_on(log):
    models = {"steep": (lambda steep=99.0: Leaning(steep=steep), {"steep": (60.0, 100.0)}), "plain": Leaning}
    report = quiet(models, log, replace(PLAIN, n_trials=2))
    assert [line.model for line in report.lines] == ["plain"]
    assert report.failed == {"steep": "AllFailed: all 2 trials failed; the first: Diverged: too steep"}
    report = quiet(models, log)
    assert report.failed == {"steep": "Diverged: too steep"}


def test_a_bug_is_no_failure(log):
    class Broken(Popularity):
        def _fit(self, data: Interactions) -> None:
            raise AttributeError("a slip")

    with pytest.raises(AttributeError, match="a slip"):
        quiet({"broken": Broken}, log, replace(PLAIN, n_trials=1))


# --- stop and go on


class Counted(EASE):
    """EASE that counts its fits and, told so, is interrupted in one of them."""

    fits: ClassVar[list[float]] = []
    stop_at: ClassVar[int | None] = None

    def _fit(self, data: Interactions) -> None:
        Counted.fits.append(self.reg)
        if len(Counted.fits) == Counted.stop_at:
            os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does
        super()._fit(data)


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(Counted, "fits", [])
    return Counted


TUNED = replace(PLAIN, n_trials=12)  # more than TPE's ten random ones, so that it has to learn from the store
SPACE = {"reg": (1.0, 900.0)}


def plain_lines(report: Report) -> list:
    return [(line.model, line.options, line.metrics["ndcg@3"].value) for line in report.lines]


@pytest.mark.parametrize("stop_at", [1, 5, 12, 13])
def test_ctrl_c_loses_one_fit_at_most(log, tmp_path, counted, monkeypatch, stop_at):
    models = {"counted": (counted, SPACE), "popularity": Popularity}
    whole = quiet(models, log, TUNED)
    wanted, counted.fits = counted.fits, []
    store = tmp_path / "store.jsonl"
    monkeypatch.setattr(Counted, "stop_at", stop_at)
    with pytest.raises(KeyboardInterrupt):
        quiet(models, log, TUNED, store=store)
    assert len(store.read_text().splitlines()) == stop_at  # the header, and the fits that ended
    monkeypatch.setattr(Counted, "stop_at", None)
    counted.fits = []
    report = quiet(models, log, TUNED, store=store)
    assert counted.fits == wanted[stop_at - 1 :]
    assert plain_lines(report) == plain_lines(whole)
    counted.fits = []
    assert plain_lines(quiet(models, log, TUNED, store=store)) == plain_lines(whole)
    assert counted.fits == []


def test_a_failed_trial_is_not_tried_again(log, tmp_path):
    models = {"leaning": (Leaning, {"steep": [1.0, 99.0]})}
    store = tmp_path / "store.jsonl"
    protocol = replace(PLAIN, n_trials=6)
    first = quiet(models, log, protocol, store=store)
    text = store.read_text()
    assert quiet(models, log, protocol, store=store)["leaning"].trials == first["leaning"].trials
    assert store.read_text() == text


def test_a_store_of_other_terms_data_or_models_is_refused(log, tmp_path):
    store = tmp_path / "store.jsonl"
    quiet({"m": (EASE, SPACE)}, log, TUNED, store=store)
    text = store.read_text()
    with pytest.raises(StoreError, match=r"made by another protocol .*n_trials: 12, now 2"):
        quiet({"m": (EASE, SPACE)}, log, replace(TUNED, n_trials=2), store=store)
    with pytest.raises(StoreError, match=r"made on other data .*sha256"):
        quiet({"m": (EASE, SPACE)}, replace(log, values=log.values[::-1]), TUNED, store=store)
    same_options = type("Other", (EASE,), {})
    others = (
        (same_options, SPACE),
        (EASE, {"reg": (1.0, 901.0)}),
        (Popularity, {}),
        (lambda reg=1.0: EASE(reg), SPACE),
    )
    for other in others:
        with pytest.raises(StoreError, match="'m' was made with another model, space or options"):
            quiet({"m": other}, log, TUNED, store=store)
    assert store.read_text() == text
    assert (
        quiet({"m": (EASE, SPACE), "n": Popularity}, log, TUNED, store=store)["n"].seeds == 1
    )  # more may come


# --- the report


def test_a_report_goes_through_json(log, tmp_path):
    report = quiet(["random", "popularity", "als"], log, replace(PLAIN, n_trials=2))
    report.save(tmp_path / "report.json")
    again = Report.load(tmp_path / "report.json")
    assert again.protocol == report.protocol and again.data == report.data and again.date == report.date
    assert again.frame().astype(float).equals(report.frame().astype(float))
    assert again.per_user("ndcg@3").equals(report.per_user("ndcg@3"))
    assert [line.trials for line in again.lines] == [line.trials for line in report.lines]
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]
    (tmp_path / "other.json").write_text('{"lines": [1]}')
    with pytest.raises(ValueError, match=r"other\.json: not a report"):
        Report.load(tmp_path / "other.json")


def test_the_frame_names_what_it_holds(log):
    frame = quiet(["random"], log).frame()
    for column in (
        "ndcg@3",
        "ndcg@3 low",
        "ndcg@3 high",
        "ndcg@3 spread",
        "n_users",
        "fit_s",
        "memory",
        "size",
    ):
        assert column in frame
    with pytest.raises(KeyError, match="no line for 'popularity'; there are: random"):
        quiet(["random"], log)["popularity"]
    with pytest.raises(KeyError, match="no values by user for 'coverage@3'"):
        quiet(["random"], log).per_user("coverage@3")


def test_bars_on_request(log, capsys):
    quiet(["popularity"], log)
    assert capsys.readouterr().err == ""
    judge(["popularity"], log, replace(PLAIN, n_trials=1))
    said = capsys.readouterr().err
    assert "models" in said and "popularity" in said and "2/2" in said


# --- refusals


@pytest.mark.parametrize(
    "models, said",
    [
        ([], "models: none; expected at least one"),
        (["esae"], "no model 'esae'; did you mean ease"),
        (["als-implicit"], "did you mean implicit-als"),
        (["item-knn-rating"], "metrics: ItemKNNRating cannot be judged by 'ndcg'"),
        ({"m": (EASE, {"rge": (1.0, 2.0)})}, "space of 'm': no option 'rge'; did you mean reg"),
        (
            {"m": (EASE, {"reg": (1.0, 2.0)})},
            r"space of 'm': reg: default 500\.0; expected inside \(1\.0, 2\.0\)",
        ),
    ],
)
def test_wrong_models_are_refused_before_anything_is_fitted(log, models, said, monkeypatch):
    monkeypatch.setattr(EASE, "_fit", lambda self, data: pytest.fail("fitted"))
    with pytest.raises(ValueError, match=said):
        quiet(models, log)
    with pytest.raises(TypeError, match="models: 'm' is int; expected"):
        quiet({"m": 3}, log)


def test_a_log_without_test_users_is_refused(log):
    late = Split(log.take(log.users < 5), log.take(log.users >= 5))
    joined = replace(log, times=np.where(log.users < 5, 0, 1))
    assert len(split_by_time(joined, at=1).train) == len(late.train)
    with pytest.raises(ValueError, match=r"split\.test: no events for these users"):
        quiet(["popularity"], joined, replace(PLAIN, split="time", at=1.0, warm_only=True))


def test_a_store_tells_factories_apart_by_what_they_set(log, tmp_path):
    from recsys_course.neighbors import ItemKNN

    store = tmp_path / "store.jsonl"
    quiet({"knn": (lambda: ItemKNN(k=2), {})}, log, store=store)
    quiet({"knn": (lambda: ItemKNN(k=2), {})}, log, store=store)  # the same model, made elsewhere
    with pytest.raises(StoreError, match="made with another model"):
        quiet({"knn": (lambda: ItemKNN(k=100), {})}, log, store=store)


def test_two_settings_of_one_name_are_refused():
    from recsys_course.evaluation.candidates import candidates, registered

    with pytest.raises(ValueError, match="models: 'item-knn' twice with different options"):
        candidates([registered("item-knn", k=5), registered("item-knn", k=50)])
    assert len(candidates(["popularity", "popularity"])) == 1


@pytest.mark.parametrize("newcomers", ["random", "time"])
def test_cold_users_with_a_history_can_be_tuned(newcomers):
    plain = random_log(60, 30, 1, stars=False)
    times = np.random.default_rng(0).integers(0, 10_000, size=len(plain))
    log = Interactions(plain.users, plain.items, plain.n_users, plain.n_items, times=times)
    protocol = Protocol("cold-users", given=2, newcomers=newcomers, n_trials=2, seeds=(0,), metrics=("ndcg",))
    report = quiet(["item-knn"], log, protocol)
    assert not report.failed and len(report.lines[0].trials[0]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cold": "populer"}, "cold: 'populer'; expected 'popular' or 'model'"),
        ({"newcomers": "x"}, "newcomers: 'x'; expected 'random' or 'time'"),
        ({"n_folds": 1}, "n_folds: 1; expected at least 2"),
        ({"split": "random", "at": 5.0}, "at: 5.0; expected only with split='time'"),
    ],
)
def test_a_protocol_refuses_by_name(options, said):
    with pytest.raises(ValueError, match=said):
        Protocol(**options)


def test_numbers_of_numpy_go_into_the_report(log, tmp_path):
    protocol = replace(PLAIN, split="time", at=np.sort(log.times)[len(log) // 2], seeds=np.int64(3))
    quiet(["popularity"], log, protocol, store=tmp_path / "store.jsonl").save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json").protocol == protocol
