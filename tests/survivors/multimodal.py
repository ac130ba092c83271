"""Mutants of the chapter on several modalities that change nothing."""

SHAPES = "all modalities have the shape (I, D)"
WHOLE = "a missing row is all nan, so any of its cells tells"
LENGTHS = "there is one weight per row of scores: strict has nothing to refuse"
PRODUCT = "the product of a vector and a matrix is the same from either side"
ORDER = "the function gives the same for its two arguments in either order"
ONE = "the kept axis has length 1: its last cell is its first"
SQUARE = "the matrix is square: the mean of its sums by row is the mean of its sums by column"
NO_SPREAD = "where the spread is 0, so is the distance from the mean, and 0 / 2 is 0"
NOTHING = "with no weight at all the sum above is 0, too, and 0 / 2 is 0"
LARGEST = "the largest logit gives e^0 = 1, so the sum is 0 or at least 1"

SURVIVORS = {
    "standardize_and_average": {
        "n_items, n_dims = modalities[0].shape -> n_items, n_dims = modalities[1].shape": SHAPES,
        "n_items, n_dims = modalities[0].shape -> n_items, n_dims = modalities[-1].shape": SHAPES,
        "known = ~np.isnan(X[:, 0]) -> known = ~np.isnan(X[:, -1])": WHOLE,
        "total[known] += (X[known] - mean) / np.where(std > 0, std, 1.0) "
        "-> total[known] += (X[known] - mean) / np.where(std > 0, std, 2.0)": NO_SPREAD,
        "return total / np.maximum(count, 1) -> return total / np.maximum(1, count)": ORDER,
    },
    "late_fusion": {
        "for s, w in zip(scores, weights, strict=True): "
        "-> for s, w in zip(scores, weights, strict=False):": LENGTHS,
        "for s, w in zip(scores, weights, strict=True): -> for s, w in zip(scores, weights):": LENGTHS,
        "fused[known] += w * ((s[known] - s[known].mean()) / (spread if spread > 0 else 1.0)) "
        "-> fused[known] += w * ((s[known] - s[known].mean()) / (spread if spread > 0 else 2.0))": NO_SPREAD,
        "return fused / np.where(total > 0, total, 1.0) "
        "-> return fused / np.where(total > 0, total, 2.0)": NOTHING,
    },
    "vbpr_score": {
        "return np.where(trained, b + Q @ p, 0.0) + F @ (E.T @ t + v) "
        "-> return np.where(trained, b + Q @ p, 0.0) + F @ (t @ E + v)": PRODUCT,
    },
    "gate": {
        "present = ~np.isnan(X[:, :, 0]) -> present = ~np.isnan(X[:, :, -1])": WHOLE,
        "weights = weights / np.where(total > 0, total, 1.0) "
        "-> weights = weights / np.where(total > 0, total, 2.0)": NOTHING,
        "weights = weights / np.where(total > 0, total, 1.0) "
        "-> weights = weights / np.where(total > 1, total, 1.0)": LARGEST,
    },
    "attention_fusion": {
        "present = ~np.isnan(K[:, 0]) -> present = ~np.isnan(K[:, -1])": WHOLE,
    },
    "info_nce": {
        "return float((np.log(total) + top[:, 0] - S.diagonal()).mean()) "
        "-> return float((np.log(total) + top[:, -1] - S.diagonal()).mean())": ONE,
    },
    "info_nce_gradient": {
        "return (loss, slope, (S.diagonal() - (share * S).sum(axis=1)).mean() / temperature ** 2) "
        "-> return (loss, slope, (S.diagonal() - (share * S).sum(axis=0)).mean() / temperature ** 2)": SQUARE,
        "loss = (np.log(total[:, 0]) - z.diagonal()).mean() "
        "-> loss = (np.log(total[:, -1]) - z.diagonal()).mean()": ONE,
    },
    "mmoe": {
        "answers = np.maximum(x @ experts, 0) -> answers = np.maximum(0, x @ experts)": ORDER,
    },
}
