"""Mutants of the chapter evaluation from logs that change nothing."""

NO_CLICKS = "the mean of nothing is nan as well: looking first only spares numpy the warning"
ORDER = "the function gives the same for its two arguments in either order"

SURVIVORS = {
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
