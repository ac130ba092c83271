"""Mutants of the chapter architecture that change nothing."""

ORDER = "the function gives the same for its two arguments in either order"

SURVIVORS = {
    "psi": {
        "e, a = np.maximum(e, 0.0001), np.maximum(a, 0.0001) "
        "-> e, a = np.maximum(0.0001, e), np.maximum(a, 0.0001)": ORDER,
        "e, a = np.maximum(e, 0.0001), np.maximum(a, 0.0001) "
        "-> e, a = np.maximum(e, 0.0001), np.maximum(0.0001, a)": ORDER,
    },
}
