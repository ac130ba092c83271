"""RecBole: its SASRec, trained by its own trainer on the rows that its own pipeline makes."""

from __future__ import annotations

import logging
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_trainer, init_seed
from recbole.utils.utils import get_model

logging.disable(logging.WARNING)
NAME = "log"


class SASRec:
    """``options`` are the sizes under the course's names; whatever else there is keeps RecBole's default."""

    def __init__(self, users: np.ndarray, items: np.ndarray, n_items: int, options: dict[str, Any]) -> None:
        torch.set_num_threads(options["n_threads"])
        self.n_items, self.length = n_items, options["max_length"]
        with tempfile.TemporaryDirectory() as folder:
            self.config = Config("SASRec", NAME, config_dict=_settings(folder, options))
            torch.set_num_threads(options["n_threads"])  # its Config may have set another number
            _write(users, items, Path(folder) / NAME)
            init_seed(options["seed"], True)
            self.data = create_dataset(self.config)
            self.rows = data_preparation(self.config, self.data)[0]
        self.model = get_model("SASRec")(self.config, self.rows.dataset)
        with tempfile.TemporaryDirectory() as folder, chdir(folder):  # where it leaves a log of its own
            self.trainer = get_trainer(self.config["MODEL_TYPE"], "SASRec")(self.config, self.model)
        self.n_done = 0
        known = self.data.field2token_id["item_id"]
        self.code = np.array([known.get(str(item), 0) for item in range(n_items)])  # ours -> RecBole's

    def epoch(self) -> None:
        """One pass over its rows."""
        self.model.train()
        self.trainer._train_epoch(self.rows, self.n_done)
        self.n_done += 1

    def scores(self, histories: list[np.ndarray]) -> np.ndarray:
        """(B, I) scores of what comes after each history."""
        self.model.eval()
        asked = np.zeros((len(histories), self.length), dtype=np.int64)
        for row, history in enumerate(histories):
            latest = self.code[history[-self.length :]]
            asked[row, : len(latest)] = latest
        length = torch.tensor([min(len(h), self.length) for h in histories])
        with torch.no_grad():
            hidden = self.model.forward(torch.from_numpy(asked), length)
            scores = hidden @ self.model.item_embedding.weight[torch.from_numpy(self.code)].T
        scores[:, self.code == 0] = -torch.inf  # never seen by RecBole
        return scores.numpy()

    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())


def _settings(folder: str, options: dict[str, Any]) -> dict[str, Any]:
    sizes = {
        "hidden_size": "n_factors", "n_layers": "n_layers", "n_heads": "n_heads", "inner_size": "n_hidden",
        "MAX_ITEM_LIST_LENGTH": "max_length", "hidden_dropout_prob": "dropout",
        "attn_dropout_prob": "dropout", "learning_rate": "learning_rate",
        "train_batch_size": "targets_per_step", "seed": "seed",
    }  # fmt: skip
    return {theirs: options[ours] for theirs, ours in sizes.items()} | {
        "data_path": folder, "checkpoint_dir": folder, "state": "ERROR", "show_progress": False,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_neg_sample_args": None, "use_gpu": False, "gpu_id": "",
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"},
    }  # fmt: skip


def _write(users: np.ndarray, items: np.ndarray, folder: Path) -> None:
    """RecBole's own file; the place in the history stands for the time, so that there are no ties."""
    folder.mkdir()
    log = pd.DataFrame({"user_id:token": users, "item_id:token": items})
    log["timestamp:float"] = log.groupby("user_id:token").cumcount()
    log.to_csv(folder / f"{NAME}.inter", sep="\t", index=False)
