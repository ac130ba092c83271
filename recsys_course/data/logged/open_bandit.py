"""The Open Bandit Dataset, small version: rounds in, :class:`LoggedBandit` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from recsys_course.data.fetch import Source
from recsys_course.data.logged.info import LOGGED, found, malformed, nested

_NUMBERS = ["item_id", "position", "click", "propensity_score"]


@dataclass(frozen=True)
class LoggedBandit:
    """N rounds of a bandit: one action each, with the chance it had.

    Attributes:
        actions: (N,) codes in 0..A-1. n_actions: A.
        positions: (N,) 1, 2, ...: where it was shown.
        rewards: (N,) 1 for a click, else 0.
        propensities: (N,) chance of the action at that position under the logging policy.
        contexts: (N, F) table of what was known of the user.
        times: (N,) moments, UTC. policy: name of the logging policy.
        about: title, licence, citation, home page.
    """

    actions: np.ndarray
    n_actions: int
    positions: np.ndarray
    rewards: np.ndarray
    propensities: np.ndarray
    contexts: pd.DataFrame
    times: pd.Series
    policy: str
    about: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.actions)


def load_open_bandit(
    policy: Literal["random", "bts"] = "random",
    campaign: Literal["men", "women"] = "men",
    folder: str | Path | None = None,
) -> LoggedBandit:
    """Rounds of one policy of the Open Bandit Dataset, small version.

    Args:
        policy: "random" showed every item with the same chance, "bts" was a Bernoulli Thompson sampler.
        campaign: whose clothes. Both policies ran on it in the same days, users split at random.
        folder: with the files, or with a subfolder open-bandit-small; else ``RECSYS_COURSE_DATA``.

    Raises:
        ValueError: another policy or campaign.
        DatasetError: the file is missing, not the original, or not in its format.
    """
    if policy not in ("random", "bts"):
        raise ValueError(f"policy: {policy!r}; expected 'random' or 'bts'")
    if campaign not in ("men", "women"):
        raise ValueError(f"campaign: {campaign!r}; expected 'men' or 'women'")
    info, flat = LOGGED["open-bandit-small"], f"{policy}-{campaign}.csv"
    source = found(info, (flat,), folder)
    member = flat if source.has(flat) else nested(flat)
    table = _rounds(source, member)
    names = [str(name) for name in table.columns]
    n_actions = sum(name.startswith("user-item_affinity_") for name in names)  # one column an item
    if table["item_id"].max() >= n_actions:
        raise malformed(source, member, f"item {table['item_id'].max()}, but affinities of {n_actions} items")
    return LoggedBandit(
        table["item_id"].to_numpy(), n_actions, table["position"].to_numpy(),
        table["click"].to_numpy(dtype=float), table["propensity_score"].to_numpy(dtype=float),
        table.filter(like="user_feature_"), table["timestamp"], policy, info.about,
    )  # fmt: skip


def _rounds(source: Source, member: str) -> pd.DataFrame:
    """The table of rounds, with its numbers checked."""
    content = source.read(member)
    try:
        table = pd.read_csv(BytesIO(content))
        table["timestamp"] = pd.to_datetime(table["timestamp"], format="ISO8601")
        numbers = table[_NUMBERS].astype(float)
    except (ValueError, KeyError) as error:  # pandas' parser errors are ValueErrors
        raise malformed(source, member, error) from error
    codes, chance = numbers[["item_id", "position"]].to_numpy(), numbers["propensity_score"]
    if not len(codes) or not (codes % 1 == 0).all() or codes.min() < 0 or codes[:, 1].min() < 1:
        raise malformed(source, member, "expected items 0, 1, ... and positions 1, 2, ... on every line")
    if not numbers["click"].isin((0, 1)).all() or not ((chance > 0) & (chance <= 1)).all():
        raise malformed(source, member, "expected clicks 0 or 1 and propensities above 0 and at most 1")
    return table
