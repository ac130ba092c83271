"""Mutants of the chapter on deep recommenders that change nothing."""

LAST = "-2 + 1 is -1"
LOWER = "without the type the triangle holds 1 and 0, which choose as True and False do"
ORDER = "the function gives the same for its two arguments in either order"

SURVIVORS = {
    "sequence_targets": {
        "inputs, targets = (recent[:-1], recent[1:]) "
        "-> inputs, targets = (recent[:-2 + 1], recent[1:])": LAST,
    },
    "causal_attention": {
        "logits = np.where(np.tri(L, dtype=bool), logits, -np.inf) "
        "-> logits = np.where(np.tri(L), logits, -np.inf)": LOWER,
    },
    "next_item_loss": {
        "n = max(real.sum(), 1) -> n = max(1, real.sum())": ORDER,
        "pair = np.logaddexp(0, -hit) + np.logaddexp(0, miss) "
        "-> pair = np.logaddexp(-hit, 0) + np.logaddexp(0, miss)": ORDER,
        "pair = np.logaddexp(0, -hit) + np.logaddexp(0, miss) "
        "-> pair = np.logaddexp(0, -hit) + np.logaddexp(miss, 0)": ORDER,
    },
}
