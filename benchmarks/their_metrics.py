"""How ranx and scikit-learn are asked for the metrics of the same cases."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
from cases import Lists, Rows
from environments import HERE, Environment
from sklearn import config_context
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning
from tqdm import tqdm


class Skipped(RuntimeError):
    """A library could not be asked; the message says why."""


def ranx_values(lists: Lists, home: Environment, limit: float = 600) -> dict[str, np.ndarray]:
    """Metric -> (B,) values, from ranx in its own environment.

    Raises:
        Skipped: there is no such environment, or ranx failed or took more than ``limit`` seconds.
    """
    if home.error:
        raise Skipped(home.error)
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "lists.npz", Path(folder) / "answer.npz"
        np.savez(asked, ranked=lists.ranked, indptr=lists.relevant.indptr, indices=lists.relevant.indices,
                 k=lists.k)  # fmt: skip
        command = [str(home.python), "-m", "adapters.ranx", str(asked), str(answer)]
        try:
            done = subprocess.run(
                command, cwd=HERE, capture_output=True, text=True, timeout=limit, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Skipped(f"{type(error).__name__}: no answer from ranx") from None
        if done.returncode:
            raise Skipped((done.stderr.strip().splitlines() or ["ranx ended without a word"])[-1][:200])
        return dict(np.load(answer))


def sklearn_list_values(lists: Lists) -> dict[str, np.ndarray]:
    """Metric -> (B,) values. scikit-learn takes scores of all items: beyond the first k they are tied at 0.

    Most of its metrics take a user as a column, as if it were one label of many.
    """
    truth = lists.relevant.toarray()  # (B, I)
    scores = np.zeros(truth.shape)
    first = (lists.ranked >= 0) & (np.arange(lists.ranked.shape[1]) < lists.k[:, None])
    user, place = np.nonzero(first)
    scores[user, lists.ranked[first]] = lists.ranked.shape[1] - place
    with warnings.catch_warnings(), config_context(assume_finite=True, skip_parameter_validation=True):
        warnings.simplefilter("ignore", (UserWarning, UndefinedMetricWarning))  # nothing relevant
        p, r, f, _ = sk.precision_recall_fscore_support(truth.T, scores.T > 0, zero_division=0)
        ap = sk.average_precision_score(truth.T, scores.T, average=None)
        each = tqdm(zip(truth, scores, lists.k, strict=True), "scikit-learn, lists", len(truth), unit="user")
        ndcg = [sk.ndcg_score(one[None], said[None], k=int(k)) for one, said, k in each]
    return {"precision": p, "recall": r, "f1": f, "map": ap, "ndcg": np.array(ndcg)}


def sklearn_row_values(rows: Rows) -> dict[str, np.ndarray]:
    """Metric -> (C,) values of binary labels and of stars."""
    auc, loss = [], []
    with warnings.catch_warnings(), config_context(assume_finite=True, skip_parameter_validation=True):
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # one class
        for case, labels in enumerate(tqdm(rows.labels, desc="scikit-learn, labels", unit="case")):
            auc.append(sk.roc_auc_score(labels, rows.scores[case]))
            loss.append(sk.log_loss(labels, rows.probabilities[case], labels=[False, True]))
    stars = (rows.stars.T, rows.predicted.T)  # one column a case
    return {
        "auc": np.array(auc), "log_loss": np.array(loss),
        "rmse": sk.root_mean_squared_error(*stars, multioutput="raw_values"),
        "mae": sk.mean_absolute_error(*stars, multioutput="raw_values"),
    }  # fmt: skip
