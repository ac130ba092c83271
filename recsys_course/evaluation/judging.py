"""Judge models by one protocol: tune, fit, measure; stop and go on at will."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from recsys_course.data.split import Split
from recsys_course.evaluation.candidates import Candidate, Models, candidates
from recsys_course.evaluation.cost import size_of, watched_memory, watched_time
from recsys_course.evaluation.lines import Line, line_of, plain_table
from recsys_course.evaluation.measuring import choose, higher_is_better, judged_part, labels, measure
from recsys_course.evaluation.protocol import Fold, Protocol
from recsys_course.evaluation.report import Report
from recsys_course.evaluation.store import Store, StoreError
from recsys_course.evaluation.tuning import FAILURES, tune
from recsys_course.interactions import Interactions


def judge(
    models: Models,
    log: Interactions,
    protocol: Protocol | None = None,
    *,
    store: str | Path | None = None,
    progress: bool = True,
) -> Report:
    """Tune every model on the validation part, fit it on the training side, judge it on the test side.

    Args:
        models: names of the registry (or what :func:`.registered` makes of them), or
            {name: (factory, space)}: ``factory(**options)`` gives a model that is not fitted and
            takes ``seed`` if the model draws random numbers; ``space`` says what is tried (see
            :mod:`recsys_course.evaluation.spaces`), {} nothing.
        log: all events.
        protocol: the terms; None takes those of ``Protocol()``.
        store: a file that keeps every trial and run as it ends. After Ctrl-C or a crash the same
            call goes on from there.
        progress: show bars of models and of their trials and runs.

    Returns:
        a :class:`.Report`. A model whose training fails is in its ``failed`` with the reason.

    Raises:
        ValueError: before anything is fitted, if a name, a metric, a space or the split is wrong.
        StoreError: the store is damaged, or belongs to another protocol, other data or other models.

    >>> judge(["popularity", "ease"], log, Protocol(n_trials=5)).frame()  # doctest: +SKIP
    """
    protocol = protocol or Protocol()
    chosen = candidates(models)
    folds = protocol.folds(log)
    for candidate in chosen:
        choose(candidate.make(), folds[0].outer, protocol.n, protocol.metrics)
    for fold in folds:
        judged_part(fold.outer, _users(fold.outer, protocol))
    data = {"events": len(log), "users": log.n_users, "items": log.n_items, "sha256": log.fingerprint()}
    kept = Store(store, {"protocol": protocol.as_dict(), "data": data})
    lines: list[Line] = []
    failed: dict[str, str] = {}
    with tqdm(chosen, desc="models", leave=False, disable=not progress) as bar:
        for candidate in bar:
            bar.set_postfix_str(candidate.name)
            try:
                lines.append(_Judged(candidate, folds, protocol, kept, progress).line())
            except FAILURES as error:
                if isinstance(error, StoreError):
                    raise
                failed[candidate.name] = f"{type(error).__name__}: {error}"
    first = next(iter(labels(protocol.metrics, protocol.n)))
    lines.sort(key=lambda line: line.metrics[first].value, reverse=higher_is_better(first))
    return Report(protocol, data, lines, failed)


class _Judged:
    """One model on its way through trials and runs."""

    def __init__(
        self, candidate: Candidate, folds: list[Fold], protocol: Protocol, store: Store, progress: bool
    ) -> None:
        self.candidate, self.folds, self.protocol, self.store = candidate, folds, protocol, store
        self.labels = labels(protocol.metrics, protocol.n)
        self.seeds = protocol.seeds if candidate.random else protocol.seeds[:1]
        self.made = candidate.made_of()
        n_trials = min(protocol.n_trials, protocol.n_trials if candidate.space else 1)
        steps = len(folds) * (n_trials + len(self.seeds))
        self.bar = tqdm(total=steps, desc=candidate.name, leave=False, disable=not progress, position=1)

    def line(self) -> Line:
        """All folds and seeds, gathered."""
        with self.bar:
            tuned, runs = [], {}
            for number, fold in enumerate(self.folds):
                tuned.append(self._tuned(number, fold))
                for seed in self.seeds:
                    runs[number, seed] = self._run(number, fold.outer, tuned[-1][0], seed)
        return line_of(self.candidate.name, runs, tuned, self.protocol.level)

    def _tuned(self, number: int, fold: Fold) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The options for a fold, and the trials that led to them."""
        inner = fold.inner
        if inner is None:
            return {}, []
        label = next(iter(self.labels))

        def judged(trial: int, options: dict[str, Any]) -> dict[str, Any]:
            made = lambda: self._trial(inner, label, options)  # noqa: E731
            return self._kept(made, options, "trial", self.candidate.name, number, trial)

        return tune(self.candidate, label, self.protocol.n_trials, judged, self.protocol.seed)

    def _trial(self, inner: Split, label: str, options: dict[str, Any]) -> dict[str, Any]:
        """One setting on the validation part; a failure is a result, too."""
        try:
            with watched_time() as clock:
                model = self.candidate.build(options, self.protocol.seeds[0]).fit(inner.train)
                test = judged_part(inner, _users(inner, self.protocol))
                value = measure(model, test, {label: self.labels[label]}, self.protocol.cold).values()[label]
            if not np.isfinite(value):
                raise ArithmeticError(f"{label} is {value}")
        except FAILURES as error:
            return {"options": options, "error": f"{type(error).__name__}: {error}"}
        return {"options": options, "value": value, "seconds": clock.wall}

    def _run(self, number: int, outer: Split, options: dict[str, Any], seed: int) -> dict[str, Any]:
        """Fit with the chosen options and judge on the test side."""

        def made() -> dict[str, Any]:
            with watched_memory() as memory:
                with watched_time() as fit:
                    model = self.candidate.build(options, seed).fit(outer.train)
                with watched_time() as answer:
                    test = judged_part(outer, _users(outer, self.protocol))
                    found = measure(model, test, self.labels, self.protocol.cold)
            for label, value in found.values().items():
                if not np.isfinite(value):
                    raise ArithmeticError(f"{label} is {value}")
            return {
                "options": options, "tables": [plain_table(table) for table in found.tables],
                "whole": found.whole, "counts": found.counts, "fit_s": fit.wall, "recommend_s": answer.wall,
                "cpu_s": fit.cpu + answer.cpu, "memory": memory.peak, "size": size_of(model),
            }  # fmt: skip

        return self._kept(made, options, "run", self.candidate.name, number, seed)

    def _kept(self, made: Callable[[], dict[str, Any]], options: dict[str, Any], *key: Any) -> dict[str, Any]:
        """The stored result of this step, or a new one that is stored; a step of the bar."""
        found = self.store.get(*key)
        if found is None:
            found = self.store.put(made() | {"made_of": self.made}, *key)
        elif found.get("made_of") != self.made or found["options"] != json.loads(json.dumps(options)):
            raise StoreError(
                f"{self.store.path}: the {key[0]} of {key[1]!r} was made with another model, space "
                "or options; name another file"
            )
        self.bar.update()
        return {part: value for part, value in found.items() if part not in ("key", "made_of")}


def _users(split: Split, protocol: Protocol) -> np.ndarray | None:
    """Whom to judge: None means all."""
    return np.unique(split.train.users) if protocol.warm_only else None
