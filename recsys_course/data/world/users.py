r"""The people: age, region, activity, and a taste that turns with time.

A taste has two independent normal ends, A and B, and turns from one towards the other:

.. math::
    P_u(t) = \cos(\phi\tau)\, A_u + \sin(\phi\tau)\, B_u, \qquad
    \tau = (t - t_{start}) / (t_{end} - t_{start})                                       \tag{W.3}

so its variance never changes and tastes at two times correlate as
:math:`\cos(\phi (\tau - \tau'))`. Age group and region explain a share g of A and B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_course.data.world.items import DAY, N_STYLES, START
from recsys_course.data.world.scenarios import N_TOPICS, Scenario
from recsys_course.data.world.words import AGE_GROUPS, AGE_SHARES, REGIONS


@dataclass
class Users:
    """U users. What the platform knows comes first, the truth behind it after.

    Attributes:
        age, region: (U,) codes. joined: (U,) start of the first day, START for half of them.
        activity: (U,) weights of a visit, heavy-tailed; they add up to 1.
        taste: (2, U, D) the ends A and B of (W.3); each entry is N(0, 1).
        image_taste, audio_taste: (U, 4) directions in style, unit length.
        image_weight, audio_weight: (U,) what they count; 0 for most users.
        price_weight: (U,) log-odds lost per standard deviation of log price.
        bias: (U,) log-odds by which the user clicks more than others.
    """

    age: np.ndarray
    region: np.ndarray
    joined: np.ndarray
    activity: np.ndarray
    taste: np.ndarray
    image_taste: np.ndarray
    audio_taste: np.ndarray
    image_weight: np.ndarray
    audio_weight: np.ndarray
    price_weight: np.ndarray
    bias: np.ndarray

    def __len__(self) -> int:
        return len(self.age)

    def taste_at(self, users: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
        """(...) users and angles -> (..., D) tastes P_u(t), equation (W.3)."""
        A, B = self.taste
        angle = np.asarray(angle, dtype=float)[..., None]
        return np.cos(angle) * A[users] + np.sin(angle) * B[users]


def make_users(scenario: Scenario, n_users: int, rng: np.random.Generator) -> Users:
    """Draw the people. Cost: O(U)."""
    age = rng.choice(len(AGE_GROUPS), size=n_users, p=AGE_SHARES)
    region = rng.choice(len(REGIONS), size=n_users, p=list(REGIONS.values()))
    activity = np.exp(scenario.activity_spread * rng.standard_normal(n_users))
    late = rng.random(n_users) < 0.5
    return Users(
        age=age,
        region=region,
        joined=START + DAY * np.floor(late * rng.random(n_users) * 0.9 * scenario.days),
        activity=activity / activity.sum(),
        taste=make_taste(scenario.group_share, age, region, rng),
        image_taste=_direction(n_users, rng),
        audio_taste=_direction(n_users, rng),
        image_weight=scenario.image_weight * (rng.random(n_users) < scenario.image_share),
        audio_weight=scenario.audio_weight * (rng.random(n_users) < scenario.audio_share),
        price_weight=scenario.price_weight * rng.exponential(size=n_users),
        bias=0.3 * rng.standard_normal(n_users),
    )


def make_taste(share: float, age: np.ndarray, region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(2, U, D) ends A and B: group means with variance g, own part with variance 1 - g."""
    of_age = rng.standard_normal((2, len(AGE_GROUPS), N_TOPICS))
    of_region = rng.standard_normal((2, len(REGIONS), N_TOPICS))
    own = rng.standard_normal((2, len(age), N_TOPICS))
    group = (of_age[:, age] + of_region[:, region]) / np.sqrt(2)
    return np.sqrt(share) * group + np.sqrt(1 - share) * own


def blend(old: np.ndarray, new: np.ndarray, relatedness: float) -> np.ndarray:
    """A normal draw that correlates with ``old`` as asked: r old + sqrt(1 - r^2) new."""
    return relatedness * old + np.sqrt(1 - relatedness**2) * new


def user_table(users: Users) -> pd.DataFrame:
    """One row per user: age_group, region, joined."""
    return pd.DataFrame(
        {
            "age_group": np.array(AGE_GROUPS)[users.age],
            "region": np.array(list(REGIONS))[users.region],
            "joined": pd.to_datetime(users.joined.astype(np.int64), unit="s"),
        }
    )


def _direction(n_users: int, rng: np.random.Generator) -> np.ndarray:
    draw = rng.standard_normal((n_users, N_STYLES))
    return draw / np.linalg.norm(draw, axis=1, keepdims=True)
