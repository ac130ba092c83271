"""Mutants of the chapter on compression that change nothing."""

ORDER = "the function gives the same for its two arguments in either order"
WHOLE = "codes are whole numbers: above -1 is from 0 on"
NO_SPREAD = "a row of zeros has the scale 0, and 0 / 2 times 2 is 0"
FIRST = "only the first columns of U and rows of Vt are used, and those are the same"
SQUARES = "a difference and its opposite have the same square"
MIRROR = "the lowest code is round(low / scale) + round(-low / scale), which is 0: np.round is odd"

SURVIVORS = {
    "quotient_remainder": {
        "return np.where(codes[:, None] >= 0, vectors, 0.0) "
        "-> return np.where(codes[:, None] > -1, vectors, 0.0)": WHOLE,
    },
    "sparsity_schedule": {
        "done = min(max((step - start) / (end - start), 0.0), 1.0) "
        "-> done = min(1.0, max((step - start) / (end - start), 0.0))": ORDER,
        "done = min(max((step - start) / (end - start), 0.0), 1.0) "
        "-> done = min(max(0.0, (step - start) / (end - start)), 1.0)": ORDER,
    },
    "quantize": {
        "low, high = (min(x.min(), 0.0), max(x.max(), 0.0)) "
        "-> low, high = (min(0.0, x.min()), max(x.max(), 0.0))": ORDER,
        "low, high = (min(x.min(), 0.0), max(x.max(), 0.0)) "
        "-> low, high = (min(x.min(), 0.0), max(0.0, x.max()))": ORDER,
        "codes = np.clip(np.round(x / scale) + zero, 0, steps).astype(int) "
        "-> codes = np.clip(np.round(x / scale) + zero, -1, steps).astype(int)": MIRROR,
    },
    "round_trip_per_channel": {
        "scale = np.where(scale > 0, scale, 1.0) -> scale = np.where(scale > 0, scale, 2.0)": NO_SPREAD,
    },
    "low_rank_layer": {
        "U, s, Vt = np.linalg.svd(W, full_matrices=False) -> U, s, Vt = np.linalg.svd(W)": FIRST,
        "U, s, Vt = np.linalg.svd(W, full_matrices=False) "
        "-> U, s, Vt = np.linalg.svd(W, full_matrices=True)": FIRST,
    },
    "product_codes": {
        "distance = ((parts - codebooks) ** 2).sum(axis=3) "
        "-> distance = ((codebooks - parts) ** 2).sum(axis=3)": SQUARES,
    },
}
