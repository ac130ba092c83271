"""Mutants of the chapter collaborative filtering that change nothing."""

SYMMETRIC = "similarities are symmetric, the exercise says so: S[a, b] is S[b, a]"
PRODUCT = "the inner product of two vectors does not depend on their order"
LENGTHS = "there is one set of positives per row of scores: strict has nothing to refuse"
ORDER = "the function gives the same for its two arguments in either order"
_PREDICTION = "error = r - (mean + b_u + b_i + p @ q) -> error = r - (mean + b_u + b_i + q @ p)"

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
}
