"""The platforms that can be simulated: one frozen record of parameters each.

Utilities are in units of log-odds of a click. To change a platform, replace fields::

    from dataclasses import replace
    still = replace(SCENARIOS["shop"], drift=0.0)
    make_world(still, n_users=500)
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from math import inf
from typing import NamedTuple

N_TOPICS = 8  # topics of every catalogue; taste lives in as many dimensions


class Mix(NamedTuple):
    """Shares of the logging policy's four parts; they add up to 1."""

    popular: float
    personal: float
    library: float
    uniform: float


@dataclass(frozen=True)
class Scenario:
    """What makes one platform differ from another.

    Args:
        name: which word lists the catalogue is written with.
        days: length of the log.
        slate_size: K, items shown at once.
        n_periods: times at which the platform refreshes its catalogue and popularity.
        top, bottom: mix of the logging policy at position 1 and at position K.
        popularity_spread: standard deviation of log popularity; 0 treats items alike.
        rough: standard deviation of the error in the platform's idea of a taste.
        library_size: items in a user's library (favourites shown again and again).
        taste_weight: log-odds per unit of taste match, whose variance is 1.
        group_share: share of taste variance that age group and region explain, in 0..1.
        quality_spread: standard deviation of item quality.
        image_share, image_weight: share of users to whom the image matters, and how much.
        audio_share, audio_weight: likewise for sound.
        image_missing, audio_missing: shares of items without the vector.
        price: median price; 0 means that nothing has a price. price_weight: mean
            log-odds lost per standard deviation of log price.
        drift: angle in radians by which taste turns over the log; pi/2 forgets all.
        life_days: days an item stays in the catalogue. fade: log-odds lost per day of age.
        launched_before: share of the catalogue that is there when the log starts
            (used where items live for ever).
        click_offset: log-odds of a click on a mean item at position 1. eta: exponent of
            the position bias. repeat: log-odds added once the user has clicked the item.
        purchase_offset: log-odds of a purchase after a click on a mean item.
        rating_rate: share of clicks that are rated. stars: of a mean item; clicks choose better ones.
        activity_spread: standard deviation of log activity. visit_slates: mean slates a visit.

    Raises:
        ValueError: a field is outside its range.
    """

    name: str
    days: float
    slate_size: int
    top: Mix
    bottom: Mix
    click_offset: float
    purchase_offset: float
    n_periods: int = 60
    popularity_spread: float = 1.2
    rough: float = 0.7
    library_size: int = 15
    taste_weight: float = 1.2
    group_share: float = 0.25
    quality_spread: float = 0.5
    image_share: float = 0.3
    image_weight: float = 1.2
    audio_share: float = 0.0
    audio_weight: float = 1.2
    image_missing: float = 0.1
    audio_missing: float = 1.0
    price: float = 0.0
    price_weight: float = 0.0
    drift: float = 0.6
    life_days: float = inf
    fade: float = 0.0
    launched_before: float = 0.7
    eta: float = 0.7
    repeat: float = -1.0
    rating_rate: float = 0.1
    stars: float = 2.6
    activity_spread: float = 1.1
    visit_slates: float = 2.0

    def __post_init__(self) -> None:
        for label, mix in (("top", self.top), ("bottom", self.bottom)):
            if min(mix) < 0 or abs(sum(mix) - 1) > 1e-9:
                raise ValueError(f"{label}: {tuple(mix)}; expected four shares of 0 or more that add up to 1")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _SHARES and not 0 <= value <= 1:
                raise ValueError(f"{field.name}: {value}; expected a share in 0..1")
            if field.name in _POSITIVE and not value > 0:
                raise ValueError(f"{field.name}: {value}; expected more than 0")
            if field.name in _NOT_NEGATIVE and not value >= 0:
                raise ValueError(f"{field.name}: {value}; expected 0 or more")
        if self.visit_slates < 1:
            raise ValueError(f"visit_slates: {self.visit_slates}; expected a mean of at least 1")
        if self.life_days < inf and max(self.top.library, self.bottom.library) > 0:
            raise ValueError("library: items that leave the catalogue cannot be kept; expected a share of 0")


_SHARES = {
    "group_share", "image_share", "audio_share", "image_missing", "audio_missing", "launched_before",
    "rating_rate",
}  # fmt: skip
_POSITIVE = {"days", "slate_size", "n_periods", "library_size", "life_days"}
_NOT_NEGATIVE = {
    "popularity_spread", "rough", "taste_weight", "quality_spread", "image_weight", "audio_weight", "price",
    "price_weight", "drift", "fade", "eta", "activity_spread",
}  # fmt: skip

SCENARIOS: dict[str, Scenario] = {
    # a web shop: prices, images, purchases after clicks
    "shop": Scenario(
        "shop", days=180, slate_size=10, top=Mix(0.2, 0.7, 0.0, 0.1), bottom=Mix(0.3, 0.1, 0.0, 0.6),
        click_offset=-1.6, purchase_offset=-4.0, image_share=0.5, price=30.0, price_weight=0.4, repeat=-1.0,
    ),
    # a feed of posts: short lives, pictures and sound, very uneven activity
    "social": Scenario(
        "social", days=60, slate_size=10, top=Mix(0.3, 0.6, 0.0, 0.1), bottom=Mix(0.2, 0.4, 0.0, 0.4),
        click_offset=-1.0, purchase_offset=-4.5, n_periods=120, popularity_spread=1.5, image_share=0.7,
        audio_share=0.3, audio_missing=0.6, drift=1.0, life_days=10, fade=0.15, eta=0.4, repeat=-3.0,
        rating_rate=0.0, activity_spread=1.5, visit_slates=4.0,
    ),
    # music: what was liked is played again and again; sound matters, items live for ever
    "music": Scenario(
        "music", days=120, slate_size=10, top=Mix(0.1, 0.3, 0.5, 0.1), bottom=Mix(0.2, 0.3, 0.2, 0.3),
        click_offset=-0.8, purchase_offset=-6.0, popularity_spread=1.6, image_share=0.1, audio_share=0.8,
        image_missing=0.3, audio_missing=0.05, drift=0.4, eta=0.3, repeat=1.0, rating_rate=0.02,
        visit_slates=3.0, launched_before=0.9,
    ),
    # news: an article lives for two days and fades from its first hour; no repeats
    "news": Scenario(
        "news", days=28, slate_size=8, top=Mix(0.5, 0.4, 0.0, 0.1), bottom=Mix(0.4, 0.2, 0.0, 0.4),
        click_offset=-0.9, purchase_offset=-5.0, n_periods=224, image_share=0.2, image_missing=0.2,
        life_days=2, fade=1.0, drift=0.9, eta=0.9, repeat=-4.0, rating_rate=0.0, visit_slates=1.5,
    ),
    # advertisements: few positions, few clicks, prices of what is advertised
    "ads": Scenario(
        "ads", days=30, slate_size=4, top=Mix(0.3, 0.5, 0.0, 0.2), bottom=Mix(0.3, 0.2, 0.0, 0.5),
        click_offset=-5.0, purchase_offset=-4.5, taste_weight=0.9, image_share=0.6, image_missing=0.02,
        price=80.0, price_weight=0.3, life_days=20, fade=0.02, eta=1.0, repeat=-0.5, rating_rate=0.0,
        rough=1.2, visit_slates=3.0,
    ),
    # courses: a small choice, slow taste, most of what is taken is rated
    "courses": Scenario(
        "courses", days=365, slate_size=8, top=Mix(0.2, 0.7, 0.0, 0.1), bottom=Mix(0.3, 0.4, 0.0, 0.3),
        click_offset=-0.7, purchase_offset=-2.5, popularity_spread=0.9, taste_weight=1.5, group_share=0.4,
        image_share=0.1, audio_share=0.3, audio_missing=0.2, price=40.0, price_weight=0.6, drift=0.3, eta=0.5,
        repeat=-6.0, rating_rate=0.8, stars=2.3, activity_spread=0.8, visit_slates=1.3,
    ),
}  # fmt: skip


def scenario_named(scenario: str | Scenario) -> Scenario:
    """A scenario as given, or looked up by name.

    Raises:
        ValueError: no scenario has this name; the message names the nearest.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if scenario not in SCENARIOS:
        near = get_close_matches(str(scenario), SCENARIOS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"scenario: {scenario!r}; expected one of {', '.join(SCENARIOS)}{hint}")
    return SCENARIOS[scenario]
