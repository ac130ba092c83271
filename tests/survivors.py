"""Mutants that pass every case because they change nothing: each with the reason why.

A mutant that passes and does not stand here fails the test, and so does one that stands here
and fails. The text is what ``mutants.described`` says of it: the old line and the new one.
"""

from __future__ import annotations

SYMMETRIC = "similarities are symmetric, the exercise says so: S[a, b] is S[b, a]"
PRODUCT = "the inner product of two vectors does not depend on their order"
LENGTHS = "there is one set of positives per row of scores: strict has nothing to refuse"
ONE_EACH = "every item has one chance of a click: strict has nothing to refuse"
NO_CLICKS = "the mean of nothing is nan as well: looking first only spares numpy the warning"
ORDER = "the function gives the same for its two arguments in either order"
SQUARED = "the difference is squared: its sign is gone"

_PREDICTION = "error = r - (mean + b_u + b_i + p @ q) -> error = r - (mean + b_u + b_i + q @ p)"
_CHI2 = "chi2 = (n_a - e_a) ** 2 / e_a + (n_b - e_b) ** 2 / e_b"

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
    "pearson": {
        "if both.sum() < 2:; return 0.0 -> pass": "centred ratings of one item are 0, and the mean of none "
        "is nan: either way `below > 0` is false and the last line answers 0; the line only spares numpy "
        "the mean of nothing",
        "if both.sum() < 2: -> if both.sum() < 1:": "one co-rated item, centred, is 0: the last line answers",
        "return float(a @ b / below) if below > 0 else 0.0 "
        "-> return float(b @ a / below) if below > 0 else 0.0": PRODUCT,
    },
    "similarity": {
        "S = dots / np.where(below > 0, below, 1.0) "
        "-> S = dots / np.where(below > 0, below, 2.0)": "where below is 0, so is dots, and 0 / 2 is 0",
        "S = dots / np.where(below > 0, below, 1.0) "
        "-> S = dots / np.where(below > 1, below, 1.0)": "R holds counts, whole numbers: norms of items that "
        "somebody met are at least 1, so nothing lies between 0 and 1",
    },
    "user_knn": {
        "weight = np.abs(S[u, near]).sum() -> weight = np.abs(S[near, u]).sum()": SYMMETRIC,
        "near = raters[np.argsort(-np.abs(S[u, raters]))[:k]] "
        "-> near = raters[np.argsort(-np.abs(S[raters, u]))[:k]]": SYMMETRIC,
        "return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight) "
        "-> return float(means[u] + S[near, u] @ (R[near, i] - means[near]) / weight)": SYMMETRIC,
        "return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight) "
        "-> return float(means[u] + (R[near, i] - means[near]) @ S[u, near] / weight)": PRODUCT,
        "return float(means[u] + S[u, near] @ (R[near, i] - means[near]) / weight) "
        "-> return float(means[u] - S[u, near] @ (means[near] - R[near, i]) / weight)": "minus twice is plus",
    },
    "item_knn": {
        "weight = S[i, near].sum() -> weight = S[near, i].sum()": SYMMETRIC,
        "near = rated[np.argsort(-S[i, rated])[:k]] -> near = rated[np.argsort(-S[rated, i])[:k]]": SYMMETRIC,
        "return float(S[i, near] @ R[u, near] / weight) "
        "-> return float(S[near, i] @ R[u, near] / weight)": SYMMETRIC,
        "return float(S[i, near] @ R[u, near] / weight) "
        "-> return float(R[u, near] @ S[i, near] / weight)": PRODUCT,
    },
    "item_cf": {
        "return dict(scores) -> return scores": "a defaultdict is a dict, and equals the one made of it"
    },
    "ndcg": {
        "for row, wanted in zip(scores, positives, strict=True): "
        "-> for row, wanted in zip(scores, positives):": LENGTHS,
        "for row, wanted in zip(scores, positives, strict=True): "
        "-> for row, wanted in zip(scores, positives, strict=False):": LENGTHS,
        "best = sum((1 / math.log2(rank + 2) for rank in range(min(k, len(wanted))))) "
        "-> best = sum((1 / math.log2(rank + 2) for rank in range(min(len(wanted), k))))": ORDER,
    },
    "mf_gradient": {_PREDICTION: PRODUCT},
    "sgd_step": {_PREDICTION: PRODUCT},
    "bpr_gradient": {
        "x = p @ (q_i - q_j) -> x = (q_i - q_j) @ p": PRODUCT,
        "loss = np.logaddexp(0, -x) + reg / 2 * (p @ p + q_i @ q_i + q_j @ q_j) "
        "-> loss = np.logaddexp(-x, 0) + reg / 2 * (p @ p + q_i @ q_i + q_j @ q_j)": ORDER,
    },
    "psi": {
        "e, a = np.maximum(e, 0.0001), np.maximum(a, 0.0001) "
        "-> e, a = np.maximum(0.0001, e), np.maximum(a, 0.0001)": ORDER,
        "e, a = np.maximum(e, 0.0001), np.maximum(a, 0.0001) "
        "-> e, a = np.maximum(e, 0.0001), np.maximum(0.0001, a)": ORDER,
    },
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
    },
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
    "sample_size": {
        "return math.ceil((spread / (q - p)) ** 2) -> return math.ceil((spread / (p - q)) ** 2)": SQUARED,
    },
    "srm": {
        f"{_CHI2} -> chi2 = (e_a - n_a) ** 2 / e_a + (n_b - e_b) ** 2 / e_b": SQUARED,
        f"{_CHI2} -> chi2 = (n_a - e_a) ** 2 / e_a + (e_b - n_b) ** 2 / e_b": SQUARED,
    },
    "delta_method": {
        "rest = clicks - ratio * views -> rest = ratio * views - clicks": "numbers spread as much as "
        "their negatives",
    },
    "cuped": {
        "theta = dx @ y / (dx @ dx) if dx.any() else 0.0 "
        "-> theta = y @ dx / (dx @ dx) if dx.any() else 0.0": PRODUCT,
    "clipped_ips": {
        "capped = np.minimum(weights, clip) -> capped = np.minimum(clip, weights)": ORDER,
    },
    "position_bias": {
        "for k in range(1, n_positions): -> for k in range(0, n_positions):": "pairs are counted from 1: "
        "no line has pair 0, so nothing is done for it",
        "if above.any() and len(below) > 0: -> if above.any():": NO_CLICKS,
        "if above.any() and len(below) > 0: -> if above.any() and len(below) >= 0:": NO_CLICKS,
        "if above.any() and len(below) > 0: -> if above.any() and len(below) > -1:": NO_CLICKS,
    },
}
