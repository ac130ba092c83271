"""Mutants of the chapter evaluation online that change nothing."""

PRODUCT = "the inner product of two vectors does not depend on their order"
SQUARED = "the difference is squared: its sign is gone"
_CHI2 = "chi2 = (n_a - e_a) ** 2 / e_a + (n_b - e_b) ** 2 / e_b"

SURVIVORS = {
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
        "theta = dx @ y / (dx @ dx) if varies else 0.0 "
        "-> theta = y @ dx / (dx @ dx) if varies else 0.0": PRODUCT,
    },
}
