"""Mutants of the chapter content-based recommenders that change nothing."""

PRODUCT = "the inner product of two vectors does not depend on their order"
ORDER = "the function gives the same for its two arguments in either order"
_PROBED = "probed = sorted(range(len(centroids)), key=lambda j: -(centroids[j] @ query))[:n_probe]"
_BEST = "return sorted(candidates, key=lambda i: -(X[i] @ query))[:k]"
_LOSS = "loss = np.logaddexp(0, -v @ c_pos) + np.logaddexp(0, C_neg @ v).sum()"

SURVIVORS = {
    "ivf_search": {
        f"{_PROBED} -> {_PROBED.replace('centroids[j] @ query', 'query @ centroids[j]')}": PRODUCT,
        f"{_BEST} -> {_BEST.replace('X[i] @ query', 'query @ X[i]')}": PRODUCT,
        f"{_PROBED}; candidates = [i for i in range(len(X)) if cell[i] in probed] -> "
        f"{_PROBED.replace('[:n_probe]', '[n_probe:]')}; "
        "candidates = [i for i in range(len(X)) if cell[i] not in probed]": "not in a cell that is left "
        "out is in one that is probed",
    },
    "sgns_gradient": {
        f"{_LOSS} -> {_LOSS.replace('-v @ c_pos', 'c_pos @ -v')}": PRODUCT,
        f"{_LOSS} -> {_LOSS.replace('0, -v @ c_pos', '-v @ c_pos, 0')}": ORDER,
        f"{_LOSS} -> {_LOSS.replace('0, C_neg @ v', 'C_neg @ v, 0')}": ORDER,
        "pull = -1 / (1 + np.exp(v @ c_pos)) -> pull = -1 / (1 + np.exp(c_pos @ v))": PRODUCT,
    },
    "glove_gradient": {
        "error = w @ c + b_w + b_c - np.log(x) -> error = c @ w + b_w + b_c - np.log(x)": PRODUCT,
        "trust = min((x / x_max) ** alpha, 1) -> trust = min(1, (x / x_max) ** alpha)": ORDER,
    },
}
