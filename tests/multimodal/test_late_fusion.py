"""A content score for each modality, standardised and weighed: by hand, against loops, tuned."""

import numpy as np
import pytest

from recsys_course import metrics
from recsys_course.base import NotFitted
from recsys_course.data import split_by_time
from recsys_course.data.planted import two_tribes
from recsys_course.interactions import Interactions
from recsys_course.multimodal import LateFusion
from recsys_course.multimodal.late import simplex

NAN = np.nan
# one user met item 0; of its picture and text the others have more or less
IMAGE = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [NAN, NAN]])
TEXT = np.array([[0.0, 2.0], [3.0, 0.0], [0.0, 1.0], [0.0, 5.0]])
LOG = Interactions([0], [0], 1, 4)


def slow(modalities, weights, history, values=None):
    """(I,) scores of (5.5), in loops."""
    n_items = len(next(iter(modalities.values())))
    values = np.ones(len(history)) if values is None else values
    z = {}
    for name, x in modalities.items():
        met = [
            (v, x[i] / np.linalg.norm(x[i]))
            for i, v in zip(history, values, strict=True)
            if not np.isnan(x[i, 0])
        ]
        profile = sum(v * row for v, row in met) if met else np.zeros(x.shape[1])
        c = {}
        for i in range(n_items):
            if not np.isnan(x[i, 0]) and np.linalg.norm(profile) > 0:
                c[i] = profile @ x[i] / np.linalg.norm(profile) / np.linalg.norm(x[i])
        spread = np.std(list(c.values())) if c else 0
        z[name] = {
            i: (value - np.mean(list(c.values()))) / spread if spread > 1e-9 else 0 for i, value in c.items()
        }
    scores = np.zeros(n_items)
    for i in range(n_items):
        total = sum(weights[m] for m in modalities if i in z[m])
        if total > 0:
            scores[i] = sum(weights[m] * z[m][i] for m in modalities if i in z[m]) / total
    return scores


def test_by_hand():
    # image: cosines 1, 1, 0, none: mean 2/3, deviation sqrt(2)/3: z = 1/sqrt 2, 1/sqrt 2, -sqrt 2
    # text: cosines 1, 0, 1, 1: mean 3/4, deviation sqrt(3)/4: z = 1/sqrt 3, -sqrt 3, 1/sqrt 3, 1/sqrt 3
    model = LateFusion({"image": IMAGE, "text": TEXT}, {"image": 0.6, "text": 0.4}).fit(LOG)
    a, b = 2**-0.5, 3**-0.5
    expected = [0.6 * a + 0.4 * b, 0.6 * a - 0.4 * 3 * b, -0.6 * 2 * a + 0.4 * b, b]
    np.testing.assert_allclose(model.score([0])[0], expected)
    assert model.recommend([0], n=3).tolist() == [[3, 1, 2]]


@pytest.mark.parametrize("profile", ["mean", "weighted"])
def test_equals_slow_loops(profile):
    rng = np.random.default_rng(4)
    parts = {m: rng.normal(size=(9, d)) for m, d in (("a", 3), ("b", 5), ("c", 2))}
    for x in parts.values():
        x[rng.random(9) < 0.3] = NAN
    pairs = rng.permutation(7 * 9)[:30]
    log = Interactions(pairs // 9, pairs % 9, 7, 9, rng.integers(1, 6, 30).astype(float))
    weights = {"a": 0.5, "b": 0.2, "c": 0.3}
    got = LateFusion(parts, weights, profile).fit(log).score(np.arange(7))
    for u, row in enumerate(log.to_csr().toarray()):
        history = np.flatnonzero(row)
        values = None if profile == "mean" else row[history] - row[history].mean()
        if values is not None and not values.any():
            values = None  # all alike: the plain mean
        np.testing.assert_allclose(got[u], slow(parts, weights, history, values), atol=1e-9)


def test_scale_and_cold_items_do_not_matter_and_unknown_users_are_served():
    log, tribe = two_tribes()
    rng = np.random.default_rng(0)
    x = np.eye(2)[np.arange(12) // 6] + 0.1 * rng.normal(size=(12, 2))
    warm = log.take(~np.isin(log.items, [5, 11]))  # nobody met items 5 and 11 in training
    plain = LateFusion({"a": x, "b": x[:, ::-1].copy()}).fit(warm)
    long = LateFusion({"a": 100 * x, "b": x[:, ::-1].copy()}).fit(warm)
    np.testing.assert_allclose(plain.score(np.arange(20)), long.score(np.arange(20)), atol=1e-9)
    cold = plain.score(np.arange(20))[:, [5, 11]]
    assert (cold.argmax(axis=1) == tribe).all()
    np.testing.assert_allclose(plain.score_histories(plain.seen_[[3, 4]]), plain.score([3, 4]))
    with pytest.raises(ValueError, match="histories: 3 columns; expected 12 items"):
        plain.score_histories(np.zeros((1, 3)))


def test_a_user_whose_items_have_no_picture_is_served_by_text():
    image, text = np.array([[NAN], [1.0], [-1.0]]), np.array([[1.0, 0], [0, 1], [1, 1]])
    both = LateFusion({"image": image, "text": text}).fit(Interactions([0], [0], 1, 3))
    alone = LateFusion({"text": text}).fit(Interactions([0], [0], 1, 3))
    np.testing.assert_allclose(both.score([0]), alone.score([0]))


def test_equal_cosines_say_nothing_and_no_history_scores_zero():
    same = np.random.default_rng(0).normal(size=(1, 40)).astype(np.float32)
    for alike in (np.ones((3, 2)), same * np.array([[1], [3], [7]], dtype=np.float32)):  # but for rounding
        model = LateFusion({"a": alike}).fit(Interactions([0], [0], 2, 3))
        np.testing.assert_array_equal(model.score([0, 1]), np.zeros((2, 3)))


def test_likes_and_dislikes_of_the_same_kind_cancel_out():
    x = np.array([[0.1, 0.7], [0.3, 2.1], [1.0, 0.0], [0.0, 1.0]])  # items 0 and 1 show the same
    log = Interactions([0, 0], [0, 1], 1, 4, [5.0, 1.0])
    np.testing.assert_array_equal(
        LateFusion({"a": x}, profile="weighted").fit(log).score([0]), np.zeros((1, 4))
    )


def planted(seed=0):
    """Users of two tastes, which pictures tell and texts do not; with the log's last fifth held out."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, 80)
    users = np.repeat(np.arange(60), 10)
    items = np.concatenate([rng.choice(np.flatnonzero(kind == u % 4), 10, replace=False) for u in range(60)])
    log = Interactions(users, items, 60, 80, times=rng.permutation(600))
    image = np.eye(4)[kind] + 0.3 * rng.normal(size=(80, 4))
    return {"image": image, "text": rng.normal(size=(80, 4))}, split_by_time(log)


@pytest.mark.parametrize("seed", range(3))
def test_tuning_finds_the_modality_that_matters_and_does_best_among_what_it_tries(seed):
    modalities, split = planted(seed)
    model = LateFusion(modalities, "tuned").fit(split.train)
    with pytest.raises(ValueError, match=r"weights: 'tuned'; expected tune\(validation\) before scoring"):
        model.score([0])
    assert model.tune(split.test) is model
    assert model.weights_[0] >= 0.8
    users = np.unique(split.test.users)
    relevant = split.test.to_csr()[users]

    def ndcg(weights):
        given = LateFusion(modalities, dict(zip(("image", "text"), weights, strict=True))).fit(split.train)
        return metrics.ndcg(given.recommend(users), relevant)

    best = ndcg(model.weights_)
    tried = [ndcg(weights) for weights in simplex(2)]
    assert best == pytest.approx(max(tried))
    assert min(tried) < best / 2


def test_what_was_met_in_training_is_no_target_of_tuning():
    modalities, split = planted()
    model = LateFusion(modalities).fit(split.train)
    with pytest.raises(ValueError, match="validation: nothing that was not met in training"):
        model.tune(split.train)


def test_shares_tried_are_a_grid_on_the_simplex():
    for n, count in ((1, 1), (2, 11), (3, 66), (4, 286)):
        tried = np.array(list(simplex(n)))
        assert tried.shape == (count, n)
        np.testing.assert_allclose(tried.sum(axis=1), 1)
        assert (tried >= 0).all()
        assert len(np.unique(tried.round(6), axis=0)) == count
    assert 10 <= len(list(simplex(9))) <= 300  # coarser, never millions


@pytest.mark.parametrize(
    "options, message",
    [
        ({"modalities": None}, "modalities: none; expected at least one"),
        ({"weights": {"image": 1.0}}, "weights: none for 'text'"),
        ({"weights": {"image": 0.7, "text": 0.7}}, r"weights: they add up to 1.4; expected 1 \(divide"),
        ({"weights": "equal"}, "weights: 'equal'; expected a dict of shares, None, or 'tuned'"),
        ({"profile": "rocchio"}, "profile: 'rocchio'; expected 'mean' or 'weighted'"),
        ({"modalities": {"image": IMAGE[:2]}}, r"modalities\['image'\]: 2 rows; expected 4"),
    ],
)
def test_wrong_options_are_refused_and_half_a_fit_is_none(options, message):
    model = LateFusion(**{"modalities": {"image": IMAGE, "text": TEXT}} | options)
    with pytest.raises(ValueError, match=message):
        model.fit(LOG)
    with pytest.raises(NotFitted):
        model.score([0])


def test_tune_refuses_what_it_cannot_use():
    modalities, split = planted()
    model = LateFusion(modalities)
    with pytest.raises(NotFitted):
        model.tune(split.test)
    model.fit(split.train)
    with pytest.raises(ValueError, match="metric: 'auc'; expected a metric of lists"):
        model.tune(split.test, metric="auc")
    with pytest.raises(TypeError, match="validation: ndarray; expected Interactions"):
        model.tune(np.eye(3))
    with pytest.raises(ValueError, match=r"validation: .* expected the users and items of training"):
        model.tune(LOG)
    with pytest.raises(ValueError, match="0; expected"):
        model.tune(split.test, n=0)
