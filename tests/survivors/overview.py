"""Mutants of the chapter overview that change nothing."""

ONE_EACH = "every item has one chance of a click: strict has nothing to refuse"
COPY = "without a round the caller's own list comes back in place of a copy: the same values"
ORDER = "the function gives the same for its two arguments in either order"

SURVIVORS = {
    "decayed_popularity": {
        "last[user, item] = max(time, last.get((user, item), time)) "
        "-> last[user, item] = max(last.get((user, item), time), time)": ORDER,
    },
    "gini_of_exposure": {
        "counts[item] += 1 -> counts[item] += 2": "all counts twice as large: the coefficient has no unit",
        "counts[item] += 1 -> counts[item - 1] += 1": "each item's count under another item's name: "
        "the coefficient asks how unequal they are, not who has what",
    },
    "feedback_loop": {
        "clicks = [c + s * q for c, s, q in zip(clicks, share, quality, strict=True)] "
        "-> clicks = [c + s * q for c, s, q in zip(clicks, share, quality, strict=False)]": ONE_EACH,
        "clicks = [c + s * q for c, s, q in zip(clicks, share, quality, strict=True)] "
        "-> clicks = [c + s * q for c, s, q in zip(clicks, share, quality)]": ONE_EACH,
        "clicks = list(clicks) -> pass": COPY,
        "clicks = list(clicks) -> clicks = clicks": COPY,
    },
}
