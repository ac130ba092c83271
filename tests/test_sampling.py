"""Samplers against the distribution that they promise (chi-square), and the two corrections."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import chisquare

from recsys_course.interactions import Interactions
from recsys_course.sampling import (
    NegativeSampler,
    corrected_probability,
    false_negative_share,
    logq_correction,
)

ALL = Interactions(np.array([0, 0, 1]), np.array([0, 1, 0]), 2, 2)  # user 0 has met everything
SURE = 1e-4  # a right sampler falls below this once in ten thousand tries


def log(seed: int = 0) -> Interactions:
    """6 users, 9 items of very uneven popularity; item 8 has no event; user 5 has none."""
    rng = np.random.default_rng(seed)
    items = rng.choice(8, size=40, p=np.arange(1, 9) / 36)
    data = Interactions(rng.integers(5, size=40), items, 6, 9)
    return data.take((data.users != 4) | (data.items < 3))  # user 4 knows 0, 1, 2 at most


def fits(drawn: np.ndarray, q: np.ndarray) -> bool:
    """Do the drawn items follow q, as far as chi-square can tell?"""
    observed = np.bincount(drawn.ravel(), minlength=len(q))
    assert not observed[q == 0].any()
    return chisquare(observed[q > 0], drawn.size * q[q > 0]).pvalue > SURE


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.75, 1.0])
def test_items_are_drawn_by_popularity_to_the_power_beta(beta, seed):
    data = log(seed)
    counts = [(data.items == i).sum() for i in range(9)]
    q = np.array([float(c) ** beta for c in counts])
    sampler = NegativeSampler(data, beta, reject=False)
    np.testing.assert_allclose(sampler.probabilities, q / q.sum())
    assert fits(sampler.draw(np.zeros(200, dtype=int), 100, np.random.default_rng(seed)), q / q.sum())


def test_by_hand():
    data = Interactions(np.zeros(25, dtype=int), np.repeat([0, 1], [16, 9]), 1, 3)
    q = {beta: NegativeSampler(data, beta).probabilities.tolist() for beta in (0.0, 0.5, 1.0)}
    assert q == {
        0.0: pytest.approx([1 / 3, 1 / 3, 1 / 3]), 0.5: pytest.approx([4 / 7, 3 / 7, 0]),
        1.0: pytest.approx([0.64, 0.36, 0]),
    }  # fmt: skip


@pytest.mark.parametrize("beta", [0.0, 0.75])
@pytest.mark.parametrize("rounds", [20, 0])
def test_rejection_draws_by_q_among_what_is_new_to_the_user(beta, rounds, monkeypatch):
    """Whether by drawing again or, in round 0, from the user's own distribution."""
    monkeypatch.setattr("recsys_course.sampling.ROUNDS", rounds)
    data = log()
    sampler = NegativeSampler(data, beta)
    for user in (4, 5):
        met = set(data.items[data.users == user].tolist())
        q = np.where([i in met for i in range(9)], 0, sampler.probabilities)
        drawn = sampler.draw(np.full(300, user), 50, np.random.default_rng(user))
        assert not met & set(drawn.ravel().tolist())
        assert fits(drawn, q / q.sum())


def test_a_user_who_has_met_nearly_everything_gets_the_one_item_left():
    n = 2000
    data = Interactions(np.zeros(n - 1, dtype=int), np.delete(np.arange(n), 77), 1, n)
    assert (NegativeSampler(data).draw([0, 0], 3, np.random.default_rng(0)) == 77).all()


def test_same_seed_same_draw_and_the_generator_moves_on():
    sampler = NegativeSampler(log())
    rng = np.random.default_rng(3)
    one, two = sampler.draw([0, 5], 40, rng), sampler.draw([0, 5], 40, rng)
    assert (one == sampler.draw([0, 5], 40, np.random.default_rng(3))).all() and (one != two).any()


def test_without_rejection_the_false_negatives_are_as_many_as_their_probability():
    data = log()
    users = np.repeat(np.arange(6), 500)
    sampler = NegativeSampler(data, 1.0, reject=False)
    share = false_negative_share(users, sampler.draw(users, 40, np.random.default_rng(0)), data)
    met = data.to_csr().toarray() > 0
    assert share == pytest.approx((met @ sampler.probabilities).mean(), abs=0.01)
    rejecting = NegativeSampler(data).draw(users, 4, np.random.default_rng(0))
    assert false_negative_share(users, rejecting, data) == 0


def test_false_negatives_by_hand():
    wanted = Interactions(np.array([0, 1]), np.array([2, 0]), 2, 3)
    assert false_negative_share([0, 1], [[2, 0], [1, 0]], wanted) == 0.5
    assert false_negative_share([0, 1], [[2, 0]] * 2, wanted.take(np.zeros(2, dtype=bool))) == 0


# ---- in the batch


def test_in_batch_leaves_out_the_own_item_and_what_is_known():
    data = Interactions(np.array([0, 0, 1, 2]), np.array([0, 1, 0, 2]), 3, 3)
    users, items = [0, 1, 2], [0, 0, 2]
    assert NegativeSampler(data, reject=False).in_batch(users, items).tolist() == [
        [False, False, True], [False, False, True], [True, True, False]
    ]  # fmt: skip
    users, items = [0, 2, 0], [0, 2, 1]  # user 0 has met item 1, in the third row
    assert NegativeSampler(data).in_batch(users, items).tolist() == [
        [False, True, False], [True, False, True], [False, True, False]
    ]  # fmt: skip
    assert not NegativeSampler(ALL).in_batch([0, 1], [1, 0])[0].any()  # a row without a negative is allowed


def test_in_a_batch_an_item_is_met_as_often_as_in_the_log():
    data = log()
    rng = np.random.default_rng(0)
    batches = data.items[rng.integers(len(data), size=(400, 32))]
    assert fits(batches, NegativeSampler(data, 1.0).probabilities)


# ---- hard negatives


def test_hard_negatives_are_the_best_scored_of_the_pool():
    data = log()
    taste = np.random.default_rng(1).normal(size=(6, 9))
    sampler = NegativeSampler(data)
    hard = sampler.hard(np.arange(6), 2, np.random.default_rng(0), lambda u, i: taste[u[:, None], i], 500)
    met = data.to_csr().toarray() > 0
    expected = [sorted(np.flatnonzero(~met[u]), key=lambda i, u=u: -taste[u, i])[:2] for u in range(6)]
    assert hard.tolist() == [[*map(int, row)] for row in expected]  # a pool of 500 holds every item


def test_hard_in_batches_is_hard_at_once(monkeypatch):
    sampler, users = NegativeSampler(log()), np.arange(6).repeat(3)
    sizes = []

    def score(u, i):
        sizes.append(i.size)
        return np.sin(i + 7 * u[:, None])

    whole = sampler.hard(users, 2, np.random.default_rng(0), score, 300)
    monkeypatch.setattr("recsys_course.sampling.CELLS_AT_ONCE", 1000)
    sizes.clear()
    assert (sampler.hard(users, 2, np.random.default_rng(5), score, 300) == whole).all()
    assert max(sizes) <= 1000


def test_an_item_drawn_twice_is_listed_once_unless_nothing_else_is_left():
    data = Interactions(np.zeros(4, dtype=int), np.arange(4), 1, 6)  # items 4 and 5 are new
    sampler = NegativeSampler(data)
    hard = sampler.hard([0], 2, np.random.default_rng(0), lambda u, i: -i.astype(float), pool=50)
    assert hard.tolist() == [[4, 5]]
    three = sampler.hard([0], 3, np.random.default_rng(0), lambda u, i: -i.astype(float), pool=50)
    assert three[0, :2].tolist() == [4, 5]


# ---- the corrections


def test_logq_makes_the_expected_sum_that_over_all_items():
    """The sum over one drawn item, in expectation, is the sum of the full softmax: exactly."""
    rng = np.random.default_rng(0)
    scores, q = rng.normal(size=12), rng.dirichlet(np.ones(12))
    expected = logsumexp(logq_correction(scores, q), b=q)  # ln of sum_i q_i e^{s_i - ln q_i}
    assert expected == pytest.approx(logsumexp(scores))
    assert logsumexp(scores, b=q) != pytest.approx(logsumexp(scores), abs=0.1)


def test_logq_in_a_sampled_softmax_gives_the_full_gradient():
    rng = np.random.default_rng(1)
    data = log()
    q = NegativeSampler(data, 1.0, reject=False).probabilities[:8]
    scores = rng.normal(size=8)
    full = np.exp(scores - logsumexp(scores))  # gradient of ln sum e^s
    drawn = NegativeSampler(data, 1.0, reject=False).draw(np.zeros(400, dtype=int), 2000, rng)
    gradients = {}
    for name, s in (("corrected", logq_correction(scores, q)), ("plain", scores)):
        weight = np.exp(s[drawn] - logsumexp(s[drawn], axis=1, keepdims=True))
        gradients[name] = np.bincount(drawn.ravel(), weight.ravel(), minlength=8) / len(drawn)
    np.testing.assert_allclose(gradients["corrected"], full, atol=0.01)
    assert np.abs(gradients["plain"] - full).max() > 0.05


def test_dropped_negatives_are_undone_exactly():
    clicks, shows, kept = 30.0, 1000.0, 0.1
    after = clicks / (clicks + kept * (shows - clicks))  # what a model sees on what was kept
    assert corrected_probability(after, kept) == pytest.approx(clicks / shows)
    assert corrected_probability([0, 0.3, 1], 1.0).tolist() == [0, 0.3, 1]
    grid = np.linspace(0, 1, 50)
    assert (np.diff(corrected_probability(grid, 0.05)) > 0).all()  # the order stays


# ---- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: NegativeSampler(ALL, -0.5), "beta: -0.5; expected 0 or more"),
        (lambda rng: NegativeSampler(ALL, float("nan")), "beta: nan"),
        (lambda rng: NegativeSampler(ALL.take(np.zeros(3, dtype=bool))), "data: no events"),
        (lambda rng: NegativeSampler(ALL).draw([1, 0], 3, rng), "users: user 0 has met every item that can"),
        (lambda rng: NegativeSampler(ALL).draw([1], 0, rng), "n: 0; expected at least 1 negative"),
        (lambda rng: NegativeSampler(ALL).draw([2], 1, rng), "users: codes 2..2; expected 0..1"),
        (lambda rng: NegativeSampler(ALL).draw([0.5], 1, rng), "users: float64 of shape (1,)"),
        (lambda rng: NegativeSampler(ALL).in_batch([1, 1], [1]), "items: shape (1,); expected (2,)"),
        (
            lambda rng: NegativeSampler(ALL).hard([1], 3, rng, lambda u, i: i, 2),
            "pool: 2; expected at least n",
        ),
        (lambda rng: NegativeSampler(ALL).hard([1], 1, rng, lambda u, i: u), "score: gave shape (1,)"),
        (lambda rng: false_negative_share([0], [1], ALL), "negatives: shape (1,); expected (1, n)"),
        (lambda rng: logq_correction([1.0], [0.0]), "probabilities: 0.0; expected more than 0"),
        (lambda rng: logq_correction([1.0, 2.0], [0.5, np.nan]), "probabilities: nan"),
        (lambda rng: corrected_probability([0.5], 0), "kept: 0; expected a share"),
        (lambda rng: corrected_probability([1.5], 0.5), "predicted: 1.5; expected probabilities in 0..1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError) as error:
        call(np.random.default_rng(0))
    assert message in str(error.value)


def test_popularity_leaves_nothing_to_a_user_who_has_met_all_that_occurs():
    """Item 2 has no event: drawn evenly it is left, drawn by popularity it cannot be."""
    data = Interactions(np.array([0, 0, 1]), np.array([0, 1, 0]), 2, 3)
    assert (NegativeSampler(data, 0.0).draw([0], 5, np.random.default_rng(0)) == 2).all()
    with pytest.raises(ValueError, match="user 0 has met every item that can be drawn"):
        NegativeSampler(data, 0.75).draw([0], 5, np.random.default_rng(0))


def test_an_item_of_no_probability_is_not_drawn_at_the_ends_either():
    class Ends:
        def random(self, size):
            return np.resize([0.0, 1.0], size)  # 1.0 stands for what rounding can do

    data = Interactions(np.zeros(3, dtype=int), np.array([1, 1, 2]), 1, 4)
    assert NegativeSampler(data, 0.75, reject=False).draw([0], 2, Ends()).tolist() == [[1, 2]]


def test_a_beta_so_large_that_rare_items_have_no_chance_leaves_nothing():
    data = Interactions(np.zeros(25, dtype=int), np.repeat([0, 1], [16, 9]), 1, 2)
    with pytest.raises(ValueError, match="no negative is left"):
        NegativeSampler(data, 5000.0).draw([0], 1, np.random.default_rng(0))


def test_padding_is_no_item():
    log = Interactions([0, 0, 1], [0, 4, 1], 2, 5)
    with pytest.raises(ValueError, match=r"negatives: codes -1\.\.-1; expected 0\.\.4"):
        false_negative_share([1], [[-1]], log)
    with pytest.raises(ValueError, match=r"items: codes 5\.\.9; expected 0\.\.4"):
        NegativeSampler(log).in_batch([0, 1], [5, 9])
