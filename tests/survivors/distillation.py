"""Mutants of the chapter Knowledge distillation that change nothing."""

NO_SHARE = "the term is multiplied by p, which is 0 there"
EITHER = "the function gives the same for its two arguments in either order"
SQUARED = "the sign of a difference is lost in its square, and in its absolute value"
NOTHING = "what is divided is 0 there, and 0 / 2 is 0"
MEETS = "the two pieces of the Huber loss meet at 1"

SURVIVORS = {
    "kl_divergence": {
        "log_p = np.log(np.where(possible, p, 1.0)) -> log_p = np.log(np.where(possible, p, 2.0))": NO_SHARE,
        "log_q = np.log(np.where(possible, q, 1.0)) -> log_q = np.log(np.where(possible, q, 2.0))": NO_SHARE,
    },
    "sigmoid_distillation": {
        "return float((np.logaddexp(0, z) - y * z).mean()) "
        "-> return float((np.logaddexp(z, 0) - y * z).mean())": EITHER,
        "label = np.exp(-np.logaddexp(0, -teacher_logits / temperature)) "
        "-> label = np.exp(-np.logaddexp(-teacher_logits / temperature, 0))": EITHER,
    },
    "rank_weights": {
        "return weights / (total if total > 0 else 1.0) "
        "-> return weights / (total if total > 0 else 2.0)": NOTHING,
        "weights = np.exp(-rank / scale) * np.tanh(sharpness * np.maximum(student_rank - rank, 0)) "
        "-> weights = np.exp(-rank / scale) "
        "* np.tanh(sharpness * np.maximum(0, student_rank - rank))": EITHER,
    },
    "relation_loss": {
        "return pairs / (pairs.mean() if pairs.mean() > 0 else 1.0) "
        "-> return pairs / (pairs.mean() if pairs.mean() > 0 else 2.0)": NOTHING,
        "return float(np.where(off <= 1, off ** 2 / 2, off - 0.5).mean()) "
        "-> return float(np.where(off < 1, off ** 2 / 2, off - 0.5).mean())": MEETS,
        "pairs = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))[np.triu_indices(len(X), 1)] "
        "-> pairs = np.sqrt(((X - X[:, None]) ** 2).sum(axis=2))[np.triu_indices(len(X), 1)]": SQUARED,
        "off = np.abs(distances(student) - distances(teacher)) "
        "-> off = np.abs(distances(teacher) - distances(student))": SQUARED,
    },
}
