"""Mutants of the chapter evaluation offline that change nothing."""

LENGTHS = "there is one set of positives per row of scores: strict has nothing to refuse"
ORDER = "the function gives the same for its two arguments in either order"
NO_HIT = "without a hit precision and recall are both 0, with one neither is: one of the two tells"
UNDEFINED = "with fewer than two items this is 0 / 0, which numpy makes nan: the line only spares a warning"
PER_LABEL = "there is one prediction per label: strict has nothing to refuse"
_LISTS = {
    "for ranked, wanted in zip(lists, relevant, strict=True): "
    "-> for ranked, wanted in zip(lists, relevant):": LENGTHS,
    "for ranked, wanted in zip(lists, relevant, strict=True): "
    "-> for ranked, wanted in zip(lists, relevant, strict=False):": LENGTHS,
}

SURVIVORS = {
    "f1": {
        "values.append(2 * p * r / (p + r) if p + r > 0 else 0.0) "
        "-> values.append(2 * p * r / (p + r) if p > 0 else 0.0)": NO_HIT,
        "values.append(2 * p * r / (p + r) if p + r > 0 else 0.0) "
        "-> values.append(2 * p * r / (p + r) if r > 0 else 0.0)": NO_HIT,
    },
    "mrr": _LISTS,
    "mean_average_precision": {
        **_LISTS,
        "values.append(gain / min(k, len(wanted))) -> values.append(gain / min(len(wanted), k))": ORDER,
    },
    "gauc": {
        "rows[user].append(row) -> rows[user - 1].append(row)": "users are only told apart: any name will do",
    },
    "intra_list_diversity": {
        "if n < 2:; return np.nan -> pass": UNDEFINED,
        "if n < 2: -> if n < 1:": UNDEFINED,
        "V = V / np.where(length > 0, length, 1.0) "
        "-> V = V / np.where(length > 0, length, 2.0)": "a vector of length 0 is zero, and 0 / 2 is 0",
    },
    "novelty": {
        "bits = [math.log2(n_users / max(count[i], 1)) for i in ranked] "
        "-> bits = [math.log2(n_users / max(1, count[i])) for i in ranked]": ORDER,
    },
    "calibration_error": {
        "for y, p in zip(labels, probabilities, strict=True): "
        "-> for y, p in zip(labels, probabilities):": PER_LABEL,
        "for y, p in zip(labels, probabilities, strict=True): "
        "-> for y, p in zip(labels, probabilities, strict=False):": PER_LABEL,
        "bins[min(int(p * n_bins), n_bins - 1)].append(y - p) "
        "-> bins[min(int(p * n_bins), n_bins - 1)].append(p - y)": "the absolute value of their sum counts",
        "bins[min(int(p * n_bins), n_bins - 1)].append(y - p) "
        "-> bins[min(n_bins - 1, int(p * n_bins))].append(y - p)": ORDER,
    },
    "sampled_rank": {
        "chance = sum((comb(above, x) * comb(others - above, m - x) for x in range(min(k, m + 1)))) -> "
        "chance = sum((comb(above, x) * comb(others - above, m - x) for x in range(min(m + 1, k))))": ORDER,
    },
}
