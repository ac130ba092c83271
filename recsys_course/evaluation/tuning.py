"""The same number of trials for every model, judged on the validation part of the training side.

The test side is not seen. The first trial is the defaults; optuna draws the others, at random
for the first ten and from there on where good trials lay (its TPE sampler).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recsys_course.evaluation.candidates import Candidate
from recsys_course.evaluation.measuring import higher_is_better
from recsys_course.evaluation.spaces import Space

FAILURES = (ValueError, ArithmeticError, RuntimeError, MemoryError)  # of a setting; other errors are bugs
Trial = dict[str, Any]  # options, and value or error


class AllFailed(RuntimeError):
    """No trial of a model came to a value."""


def tune(
    candidate: Candidate,
    label: str,
    n_trials: int,
    judged: Callable[[int, dict[str, Any]], Trial],
    seed: int = 0,
) -> tuple[dict[str, Any], list[Trial]]:
    """The options that did best, and every trial.

    Args:
        candidate: what to tune; without a space it has one trial.
        label: the metric to choose by.
        n_trials: settings to try, at least 1.
        judged: (number, options) -> the trial with its ``value``, or with an ``error``.
        seed: of the draws.

    Raises:
        AllFailed: no trial came to a value; the message tells the first reason.

    Two runs ask the same settings in the same order as long as ``judged`` answers the same, so a
    store can answer for the trials of a run that was stopped.
    """
    import optuna  # imported late: it takes a second, and the browser has none

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    best_first = higher_is_better(label)
    study = optuna.create_study(
        direction="maximize" if best_first else "minimize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    study.enqueue_trial(
        {key: candidate.defaults[key] for key in candidate.space if key in candidate.defaults}
    )
    trials = []
    for number in range(n_trials if candidate.space else 1):
        asked = study.ask()
        trial = judged(number, drawn(asked, candidate.space, exact=number == 0))
        trials.append(trial)
        if "value" in trial:
            study.tell(asked, trial["value"])
        else:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
    good = [trial for trial in trials if "value" in trial]
    if not good:
        raise AllFailed(f"all {len(trials)} trials failed; the first: {trials[0]['error']}")
    best = max(good, key=lambda trial: trial["value"] if best_first else -trial["value"])
    return best["options"], trials


def drawn(asked: Any, space: Space, exact: bool) -> dict[str, Any]:
    """One setting; numbers drawn from a range keep three digits, those of the defaults all."""
    setting: dict[str, Any] = {}
    for key, values in space.items():
        if isinstance(values, list):
            setting[key] = asked.suggest_categorical(key, values)
        elif isinstance(values[0], int):
            setting[key] = asked.suggest_int(key, *values, log=True)
        else:
            value = asked.suggest_float(key, *values, log=True)
            setting[key] = value if exact else float(f"{value:.3g}")
    return setting
