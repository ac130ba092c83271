r"""The catalogue: topics, appeal, quality, pictures, sound, prices, launches, words.

Item i has topic shares :math:`\theta_i \sim \mathrm{Dirichlet}(0.3)` over D topics. Its
appeal is the direction of their difference from the mean,

.. math::
    v_i = (\theta_i - \tfrac1D) / \lVert \theta_i - \tfrac1D \rVert                     \tag{W.1}

and its popularity and quality are two views of one normal draw :math:`z_i`, so that
what is shown often is a little better, not much better:

.. math::
    w_i = e^{s_{pop} z_i}, \qquad
    q_i = s_q (0.7\, z_i + \sqrt{0.51}\, \varepsilon_i)                                 \tag{W.2}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_course.data.world.scenarios import N_TOPICS, Scenario
from recsys_course.data.world.words import SYLLABLES, VOCABULARY

DAY = 86_400  # seconds
START = int(pd.Timestamp("2024-01-01").timestamp())  # every log starts here, in seconds since 1970
N_STYLES = 4  # dimensions of pictures and of sound that a taste can depend on
N_EMBEDDING = 16  # dimensions of the vectors that are given to the reader
TOPIC_CONCENTRATION = 0.3


@dataclass
class Items:
    """I items. What the platform knows comes first, the truth behind it after.

    Attributes:
        category: (I,) main topic, 0..D-1. price: (I,) 0 where nothing has a price.
        launch, leave: (I,) seconds since 1970; leave is inf for an item that stays.
        image, audio: (I, 16) vectors as an encoder would give them; NaN rows are missing.
        topics: (I, D) shares. appeal: (I, D) unit vectors v_i (W.1).
        z: (I,) the normal draw behind popularity: (I,) weights w_i, and quality: (I,) q_i (W.2).
        price_level: (I,) log price in standard deviations from its mean.
        image_style, audio_style: (I, 4) with variance 1; 0 where the vector is missing,
            for nobody can like a picture that is not there.
        words_seed: where :func:`item_table` starts when it writes.
    """

    category: np.ndarray
    price: np.ndarray
    launch: np.ndarray
    leave: np.ndarray
    image: np.ndarray
    audio: np.ndarray
    topics: np.ndarray
    appeal: np.ndarray
    z: np.ndarray
    popularity: np.ndarray
    quality: np.ndarray
    price_level: np.ndarray
    image_style: np.ndarray
    audio_style: np.ndarray
    words_seed: int

    def __len__(self) -> int:
        return len(self.category)


def make_items(scenario: Scenario, n_items: int, rng: np.random.Generator) -> Items:
    """Draw a catalogue; equations (W.1) and (W.2). Cost: O(I)."""
    topics = rng.dirichlet(np.full(N_TOPICS, TOPIC_CONCENTRATION), size=n_items)  # (I, D)
    z, noise, price_level = rng.standard_normal((3, n_items))
    launch = START + scenario.days * DAY * launch_fractions(scenario, n_items, rng)
    image, image_style = _modality(scenario.image_missing, n_items, rng)
    audio, audio_style = _modality(scenario.audio_missing, n_items, rng)
    return Items(
        category=topics.argmax(axis=1),
        price=np.round(scenario.price * np.exp(0.6 * price_level), 2),
        launch=launch,
        leave=launch + scenario.life_days * DAY,
        image=image,
        audio=audio,
        topics=topics,
        appeal=unit(topics - 1 / N_TOPICS),
        z=z,
        popularity=np.exp(scenario.popularity_spread * z),
        quality=scenario.quality_spread * (0.7 * z + np.sqrt(0.51) * noise),
        price_level=price_level if scenario.price else np.zeros(n_items),
        image_style=image_style,
        audio_style=audio_style,
        words_seed=int(rng.integers(2**63)),
    )


def launch_fractions(scenario: Scenario, n_items: int, rng: np.random.Generator) -> np.ndarray:
    """(I,) launch as a fraction of the log; below 0 means before it started.

    Launches are evenly spaced in shuffled order, so that the catalogue never runs dry.
    """
    place = (rng.permutation(n_items) + 0.5) / n_items  # (I,) evenly in (0, 1)
    if np.isfinite(scenario.life_days):
        life = scenario.life_days / scenario.days
        return place * (1 + life) - life
    old = scenario.launched_before
    return np.where(place < old, place - 1, (place - old) / max(1 - old, 1e-9))  # at most one log old


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., D) vectors scaled to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _modality(missing: float, n_items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(I, 16) vectors with NaN rows where missing, and the (I, 4) styles inside them."""
    style = rng.standard_normal((n_items, N_STYLES))
    mixing = rng.standard_normal((N_STYLES, N_EMBEDDING)) / 2
    vectors = style @ mixing + 0.1 * rng.standard_normal((n_items, N_EMBEDDING))
    gone = rng.random(n_items) < missing
    vectors[gone], style[gone] = np.nan, 0.0
    return vectors.astype(np.float32), style


def item_table(scenario: Scenario, items: Items) -> pd.DataFrame:
    """One row per item: title, description, category, price, launch, has_image, has_audio.

    Each topic word of a text is drawn by first drawing its topic from the item's own
    shares, so the words tell of the taste that the item meets. Cost: O(I).
    """
    vocabulary, rng = VOCABULARY[scenario.name], np.random.default_rng(items.words_seed)
    words = np.array(list(vocabulary.topics.values()))  # (D, 12)
    n = len(items)
    topic = (rng.random((n, 5, 1)) > items.topics.cumsum(axis=1)[:, None, :-1]).sum(axis=2)  # (I, 5)
    drawn = words[topic, rng.integers(words.shape[1], size=topic.shape)]  # (I, 5)
    drawn[:, 0] = words[items.category, rng.integers(words.shape[1], size=n)]  # the first names the category
    common = rng.choice(vocabulary.common.split(), size=n)
    names = rng.choice(SYLLABLES.split(), size=(n, 3))
    form = rng.integers(len(vocabulary.title), size=n)
    titles, texts = [], []
    for row, adjective, parts, f in zip(
        drawn.tolist(), common.tolist(), names.tolist(), form.tolist(), strict=True
    ):
        slots = {"common": adjective, "name": "".join(parts).capitalize()}
        titles.append(_sentence(vocabulary.title[f].format(*row, **slots)))
        texts.append(" ".join(s.format(*row, **slots) for s in vocabulary.sentences))
    return pd.DataFrame(
        {
            "title": titles,
            "description": texts,
            "category": np.array(list(vocabulary.topics))[items.category],
            "price": items.price,
            "launch": pd.to_datetime(items.launch.astype(np.int64), unit="s"),
            "has_image": ~np.isnan(items.image[:, 0]),
            "has_audio": ~np.isnan(items.audio[:, 0]),
        }
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
