"""Mutants of the chapter hybrid that change nothing."""

LENGTHS = "the arguments have one entry per item, line or member each: strict has nothing to refuse"
ORDER = "the function gives the same for its two arguments in either order"
NO_SPREAD = "where there is no spread all are at the mean, and 0 / 2 is 0"
NO_WEIGHT = "0 / 0 is nan as well: looking first only spares numpy the warning"
CANCELS = (
    "all rows have the same number of items: what multiplies all spreads alike goes when the shares are made"
)
UNKNOWN = "what stands at an unknown score is multiplied by a weight of 0"
SYMMETRIC = "A is symmetric, and so is its inverse"
ONE_COLUMN = "the last axis has one entry: the first is the last"


def _unstrict(line: str) -> dict[str, str]:
    """The line without its strict, and with the strict turned round."""
    return {
        f"{line} -> {line.replace(', strict=True', '')}": LENGTHS,
        f"{line} -> {line.replace('strict=True', 'strict=False')}": LENGTHS,
    }


_SPREAD = "spread = math.sqrt(sum(((s - mean) ** 2 for s in row)) / len(row))"
_FUSED = "return (share * np.where(known, z, 0)).sum(axis=0) / np.where(total > 0, total, NAN)"
_WEIGHT = "w = min(max((bb - ab) / below, 0.0), 1.0) if below > 0 else 0.5"
_BOUND = "bound = (inverse @ b[..., None])[..., 0] @ x + alpha * np.sqrt(x @ inverse @ x)"

SURVIVORS = {
    "normalize_scores": {
        "return above / np.where(span > 0, span, 1) -> return above / np.where(span > 0, span, 2)": NO_SPREAD,
        "ties = (scores[:, :, None] == scores[:, None, :]).sum(axis=2) - 1 "
        "-> ties = (scores[:, :, None] == scores[:, None, :]).sum(axis=1) - 1": "a tie is mutual",
    },
    "effective_weights": {
        **_unstrict("for w, row in zip(weights, scores, strict=True):"),
        f"{_SPREAD} -> {_SPREAD.replace('/ len(row)', '* len(row)')}": CANCELS,
        f"{_SPREAD} -> {_SPREAD.replace(' / len(row)', '')}": CANCELS,
        f"{_SPREAD} -> {_SPREAD.replace('s - mean', 'mean - s')}": "squares have no sign",
    },
    "weighted_hybrid": {
        "z = (scores - mean) / np.where(spread > 0, spread, 1) "
        "-> z = (scores - mean) / np.where(spread > 0, spread, 2)": NO_SPREAD,
        f"{_FUSED} -> {_FUSED.replace('total > 0', 'total >= 0')}": NO_WEIGHT,
        f"{_FUSED} -> {_FUSED.replace('total > 0', 'total > -1')}": NO_WEIGHT,
        f"{_FUSED} -> {_FUSED.replace('z, 0', 'z, 1')}": UNKNOWN,
        f"{_FUSED} -> {_FUSED.replace('z, 0', 'z, -1')}": UNKNOWN,
    },
    "adaptive_blend": _unstrict("for c, f, clicks in zip(content, collaborative, n_clicks, strict=True):"),
    "blend_weight": {
        f"{_WEIGHT} -> w = min(1.0, max((bb - ab) / below, 0.0)) if below > 0 else 0.5": ORDER,
        f"{_WEIGHT} -> w = min(max(0.0, (bb - ab) / below), 1.0) if below > 0 else 0.5": ORDER,
        "ab = sum((x * y for x, y in zip(a, b, strict=True))) "
        "-> ab = sum((x * y for x, y in zip(b, a, strict=True)))": ORDER,
        **_unstrict("ab = sum((x * y for x, y in zip(a, b, strict=True)))"),
        **_unstrict("square = sum(((w * x + (1 - w) * y) ** 2 for x, y in zip(a, b, strict=True)))"),
    },
    "out_of_fold": {
        **_unstrict("for item, fold in zip(items, folds, strict=True):"),
        **_unstrict("others = [(i, c) for i, c, f in zip(items, clicks, folds, strict=True) if f != fold]"),
    },
    "linucb": {
        **_unstrict("for x, reward in zip(contexts, rewards, strict=True):"),
        "arm = int(bound.argmax()) -> arm = bound.argmax()": "numpy's own integers index as well as others",
        "return (np.array(arms), np.linalg.solve(A, b[..., None])[..., 0]) "
        "-> return (arms, np.linalg.solve(A, b[..., None])[..., 0])": "a list of arms is as good as an array",
        "return (np.array(arms), np.linalg.solve(A, b[..., None])[..., 0]) "
        "-> return (np.array(arms), np.linalg.solve(A, b[..., None])[..., -1])": ONE_COLUMN,
        f"{_BOUND} -> {_BOUND.replace('None])[..., 0]', 'None])[..., -1]')}": ONE_COLUMN,
        f"{_BOUND} -> {_BOUND.replace('x @ inverse @ x', 'inverse @ x @ x')}": SYMMETRIC,
    },
}
