"""Mutants of the chapter on distilling a language model that change nothing."""

LENGTHS = "there is one answer for each order: strict has nothing to refuse"
SAME = "every order shows the same candidates, so all have one length"
ORDER = "the function gives the same for its two arguments in either order"

SURVIVORS = {
    "average_orders": {
        "total = [0] * len(shown[0]) -> total = [0] * len(shown[-1])": SAME,
        "for places, answer in zip(shown, answers, strict=True): "
        "-> for places, answer in zip(shown, answers, strict=False):": LENGTHS,
        "for places, answer in zip(shown, answers, strict=True): "
        "-> for places, answer in zip(shown, answers):": LENGTHS,
    },
    "place_effect": {
        "n = len(shown[0]) -> n = len(shown[-1])": SAME,
        "for places, ranks in zip(shown, by_place, strict=True): "
        "-> for places, ranks in zip(shown, by_place, strict=False):": LENGTHS,
        "for places, ranks in zip(shown, by_place, strict=True): "
        "-> for places, ranks in zip(shown, by_place):": LENGTHS,
    },
    "rankings_to_targets": {
        "targets = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0) "
        "-> targets = weights / np.maximum(1.0, weights.sum(axis=1, keepdims=True))": ORDER,
    },
}
