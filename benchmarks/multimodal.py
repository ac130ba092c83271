"""What does each modality add, for new items and for old ones, and which fusion finds it?

Ten simulated shops (modal_worlds.py). All models learn before one moment and are judged after it, on items
without events before it (new) and on the others (old), by later clicks (nDCG@10) and by the truth that only
a simulation knows (correlation of scores with utilities). Settings are chosen once, on an eleventh shop, by
clicks that a platform would have: the last fifth of its training side.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from modal_worlds import CHANGES, SIZES, TEST, VALIDATION, K, Shop, correlations, ndcg
from record import circumstances
from tqdm import tqdm

from recsys_course import EASE, ImplicitALS, Popularity, Random, metrics
from recsys_course.base import Recommender
from recsys_course.content import ContentProfile
from recsys_course.data import Split
from recsys_course.multimodal import FusionRecommender, LateFusion, MultiTask, fuse

OUT = Path(__file__).parent / "results" / "multimodal.json"
SEEDS, CHOOSING = tuple(range(10)), 100
FUSIONS = ("early", "late", "gated", "attention")
GRID = {"n_epochs": (4, 8, 12), "reg": (0.3, 1.0, 3.0)}
EASE_GRID = {"reg": (20.0, 50.0, 100.0, 200.0, 500.0)}
ALS_GRID = {"n_factors": (8, 16), "reg": (3.0, 10.0, 30.0)}
DROPOUT = 0.3
EXAMPLES = """examples:
  python benchmarks/multimodal.py
  python benchmarks/multimodal.py --seeds 0 1     # these two only; what the file has stays"""

Options = dict[str, Any]


# ---- choosing


def tuned(make: Callable[..., Recommender], grid: dict[str, tuple[Any, ...]], split: Split) -> Options:
    """The setting of the grid with the best nDCG@10 on the later part, all old items competing."""
    settings = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    items = np.unique(split.train.items)
    return max(settings, key=lambda s: ndcg(make(**s).fit(split.train), split, items).mean())


def chosen() -> dict[str, Options]:
    """Settings for every model that has some, from one shop that is not used again."""
    shop = Shop(CHOOSING)
    makers: dict[str, tuple[Callable[..., Recommender], dict[str, tuple[Any, ...]]]] = {
        "EASE": (EASE, EASE_GRID), "ImplicitALS": (ImplicitALS, ALS_GRID),
    }  # fmt: skip
    for name in FUSIONS:
        makers[name] = (learned(shop.modalities, name), GRID)
    makers["vbpr"] = (learned({"all": fuse(shop.modalities, "concatenate")}, "late"), GRID)
    return {
        name: tuned(*maker, shop.inner) for name, maker in tqdm(makers.items(), "choosing", file=sys.stderr)
    }


def learned(modalities: dict[str, np.ndarray], fusion: str, **fixed: Any) -> Callable[..., FusionRecommender]:
    """What makes a model with ids and these modalities."""
    return lambda **options: FusionRecommender(modalities, fusion=fusion, **fixed, **options)


# ---- the models of one shop


def arms(shop: Shop, settings: dict[str, Options]) -> Iterator[tuple[str, Recommender]]:
    """Name -> model, not fitted."""
    X, seed = shop.modalities, {"seed": shop.seed}
    yield from {
        "random": Random(**seed),
        "popularity": Popularity(),
        "EASE": EASE(**settings["EASE"]),
    }.items()
    yield "ImplicitALS", ImplicitALS(**settings["ImplicitALS"], **seed)
    for name, vectors in X.items():
        yield f"profile: {name}", ContentProfile(np.nan_to_num(vectors))
    ways = {
        "average": {"n_factors": 32},
        "concatenate": {},
        "raw": {"how": "concatenate", "normalize": False},
    }
    for way, options in ways.items():
        yield (
            f"profile: {way}",
            ContentProfile(fuse(X, **({"how": way} | options), **seed if way == "average" else {})),
        )
    yield "scores: equal", LateFusion(X)
    for fusion in FUSIONS:
        yield f"{fusion}", learned(X, fusion, **settings[fusion], **seed)()
    everything = {"all": fuse(X, "concatenate")}
    yield "vbpr", learned(everything, "late", **settings["vbpr"], **seed)()
    for name in X:
        others = {n: x for n, x in X.items() if n != name}
        yield f"profile: average, without {name}", ContentProfile(fuse(others, n_factors=32, **seed))
        yield f"profile: concatenate, without {name}", ContentProfile(fuse(others, "concatenate"))
        yield f"scores: equal, without {name}", LateFusion(others)
        for fusion in FUSIONS:
            yield f"{fusion}, without {name}", learned(others, fusion, **settings[fusion], **seed)()
    noise = np.random.default_rng(shop.seed).normal(size=X["image"].shape)
    for fusion in ("late", "gated"):
        options = settings[fusion] | seed
        yield f"{fusion}, no ids", learned(X, fusion, id_embedding=False, **options)()
        yield f"{fusion}, with noise", learned(X | {"noise": noise}, fusion, **options)()
        for name in X:
            yield f"{fusion}, only {name}", learned({name: X[name]}, fusion, **options)()
        yield f"{fusion}, dropout", learned(X, fusion, modality_dropout=DROPOUT, **options)()


def run(seed: int, settings: dict[str, Options], have: dict[str, Any]) -> dict[str, Any]:
    """All models of one shop, judged; what the file has already is not made again."""
    shop = Shop(seed)
    train = shop.split.train
    values, groups = dict(have.get("values", {})), dict(have.get("groups", {}))
    todo = {name: model for name, model in arms(shop, settings) if name not in values}
    for name, model in tqdm(todo.items(), f"shop {seed}", file=sys.stderr):
        values[name] = shop.judge(model.fit(train))
        if name in ("late", "gated") or name.startswith(("late, without", "gated, without")):
            groups[name] = shop.by_group(model)
        if name in ("late", "gated", "late, dropout", "gated, dropout"):
            for gone in shop.modalities:
                values[f"{name}; no {gone} at serving"] = shop.judge(model.without(gone))
        if name == "gated, with noise":
            have["noise"] = float(model.weights_of()[:, -1].mean())
    if "weights" not in have:
        have["weights"] = tuned_weights(shop)
        values["scores: tuned"] = shop.judge(LateFusion(shop.modalities, weights=have["weights"]).fit(train))
    if "attention" not in have:
        have["attention"] = looked(shop, settings["attention"])
    if "tasks" not in have:
        have["tasks"] = tasks(shop)
    return have | {"values": values, "groups": groups, "sizes": shop.sizes()}


def tuned_weights(shop: Shop) -> dict[str, float]:
    """Shares of late fusion that do best on the later part of the training side."""
    model = LateFusion(shop.modalities, weights="tuned").fit(shop.inner.train).tune(shop.inner.test)
    return dict(zip(model.names_, map(float, model.weights_), strict=True))


def looked(shop: Shop, options: Options) -> dict[str, float]:
    """Attention over items that lack nothing: two seeds compared, and held against whom it matters to."""
    make = learned(shop.modalities, "attention", **options)
    one, other = (make(seed=seed).fit(shop.split.train) for seed in (shop.seed, shop.seed + 1000))
    has_all = ~np.isnan(np.hstack(list(shop.modalities.values()))).any(axis=1)
    users, items = np.unique(shop.split.train.users), np.intersect1d(np.flatnonzero(has_all), shop.old)
    looks = [
        np.concatenate([m.attention_of(part, items) for part in np.array_split(users, 8)])
        for m in (one, other)
    ]
    scores = [m.score(users)[:, items] for m in (one, other)]
    found = {"scores alike": float(correlations(*scores).mean())}
    for name, truth in (("image", shop.world.users.image_weight), ("audio", shop.world.users.audio_weight)):
        place = list(shop.modalities).index(name)
        mean = [look[:, :, place].mean(axis=1) for look in looks]  # of each user over the items
        found[f"{name} alike"] = float(np.corrcoef(*mean)[0, 1])
        found[f"{name} auc"] = float(metrics.auc((truth[users] > 0).astype(float), mean[0]))
        found[f"{name} weight"] = float(mean[0].mean())
    return found


# ---- several labels


def tasks(shop: Shop) -> dict[str, dict[str, float]]:
    """Click and purchase of later impressions: log loss and AUC, heads apart and on one body."""
    events = shop.world.events
    cut = float(shop.split.test.times.min())
    before, after = events[events["time"] < cut], events[events["time"] >= cut]
    found = {}
    for shared in ("none", "bottom", "mmoe"):
        model = MultiTask(shared=shared, seed=shop.seed).fit(before, shop.world.n_users, shop.world.n_items)
        chances = model.predict(after["user"].to_numpy(), after["item"].to_numpy())
        found[shared] = {
            f"{head} {name}": float(metric(after[head].to_numpy(dtype=float), chances[head]))
            for head in ("click", "purchase")
            for name, metric in (("auc", metrics.auc), ("log loss", metrics.log_loss))
        }
    rates = {f"{head} rate": float(before[head].mean()) for head in ("click", "purchase")}
    return found | {"log": rates | {"impressions": len(before)}}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="which shops")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")
    options = parser.parse_args(argv)
    file = json.loads(options.out.read_text()) if options.out.exists() else {"shops": {}}
    file |= {
        "command": "python benchmarks/multimodal.py",
        "made": circumstances(),
        "k": K,
        "dropout": DROPOUT,
    }
    file |= {"changes": CHANGES, "sizes": SIZES, "test": TEST, "validation": VALIDATION, "choosing": CHOOSING}
    file |= {"grid": GRID, "protocol": " ".join(__doc__.split())}
    if "settings" not in file:
        file["settings"] = chosen()
    for seed in options.seeds:
        file["shops"][str(seed)] = run(seed, file["settings"], file["shops"].get(str(seed), {}))
        options.out.write_text(json.dumps(file, indent=1) + "\n")


if __name__ == "__main__":
    main()
