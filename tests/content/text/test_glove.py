"""GloVe: the matrix by slow loops, the loss and its gradient by torch, and that it falls."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from logs import plain
from scipy import sparse

from recsys_course.base import Diverged
from recsys_course.content.text import GloVe, glove, glove_loss, tokenize
from recsys_course.content.text.glove import cooccurrence
from recsys_course.content.text.vocabulary import code_words


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=7), min_size=1, max_size=4), st.integers(1, 4))
def test_cooccurrence_is_that_of_slow_loops(texts, window):
    known = {word: code for code, word in enumerate("abcd")}
    coded = code_words([" ".join(text) for text in texts], "words", known)
    want = np.zeros((4, 4))
    for text in texts:
        for p, word in enumerate(text):
            for q, other in enumerate(text):
                if p != q and abs(p - q) <= window:
                    want[known[word], known[other]] += 1 / abs(p - q)
    np.testing.assert_allclose(cooccurrence(coded, 4, window).toarray(), want)


def test_cooccurrence_by_hand():
    """tent rope tent lamp: rope twice beside tent, tent 2 from itself both ways."""
    model = GloVe(window=2, min_count=1, n_epochs=1).fit(["tent rope tent lamp", ""])
    assert model.vocabulary_ == ("lamp", "rope", "tent")
    np.testing.assert_allclose(model.cooccurrence_.toarray(), [[0, 0.5, 1], [0.5, 0, 2], [1, 2, 1]])


def some_parameters(seed=0, V=5, K=3):
    rng = np.random.default_rng(seed)
    X = rng.gamma(1.0, 20, (V, V)) * (rng.random((V, V)) < 0.6)
    return X, rng.normal(size=(V, K)), rng.normal(size=(V, K)), rng.normal(size=V), rng.normal(size=V)


def test_the_loss_is_the_formula_written_as_loops():
    X, W, C, b, b_context = some_parameters()
    for x_max, alpha in ((100, 0.75), (10, 0.5), (1e-9, 1)):
        want = sum(
            min(1, (X[i, j] / x_max) ** alpha) * (W[i] @ C[j] + b[i] + b_context[j] - np.log(X[i, j])) ** 2
            for i in range(5) for j in range(5) if X[i, j] > 0
        )  # fmt: skip
        for matrix in (X, sparse.csr_array(X)):
            assert glove_loss(matrix, W, C, b, b_context, x_max, alpha) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("step", [glove._epoch, plain(glove._epoch)], ids=["compiled", "plain"])
def test_a_step_follows_torchs_gradient_of_the_loss(step):
    """With sums of squares at 1, AdaGrad's first step is the rate times the gradient; then it is shorter."""
    X, *start = some_parameters()
    i, j, rate, x_max = 1, 3, 0.01, 50.0
    X[i, j] = 7.0
    W, C, b, b_context = (torch.tensor(x, requires_grad=True) for x in start)
    weight = min(1, (7.0 / x_max) ** 0.75)
    loss = weight * (W[i] @ C[j] + b[i] + b_context[j] - np.log(7.0)) ** 2
    loss.backward()
    now, squares = tuple(x.copy() for x in start), tuple(np.ones_like(x) for x in start)
    cell = np.array([0]), np.array([i]), np.array([j]), np.array([weight]), np.array([np.log(7.0)])
    assert step(*cell, now, squares, rate) == pytest.approx(loss.item(), rel=1e-12)
    for before, after, square, x in zip(start, now, squares, (W, C, b, b_context), strict=True):
        np.testing.assert_allclose(before - after, rate * x.grad.numpy(), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(square, 1 + x.grad.numpy() ** 2, rtol=1e-12)
    second = tuple(x.copy() for x in now)
    step(*cell, second, squares, rate)
    short = (now[2] - second[2])[i] / np.sqrt(1 + b.grad[i].item() ** 2) ** -1
    residual = W[i] @ C[j]  # torch again, at the new point
    W2, C2, b2, c2 = (torch.tensor(x) for x in now)
    residual = (W2[i] @ C2[j] + b2[i] + c2[j]).item() - np.log(7.0)
    assert short == pytest.approx(rate * 2 * weight * residual, rel=1e-9)


def test_the_gradient_of_the_whole_loss_is_the_sum_over_cells():
    """glove_loss and the step speak of one function: torch's gradient of all cells, cell by cell."""
    X, *start = some_parameters(1)
    W, C, b, b_context = (torch.tensor(x, requires_grad=True) for x in start)
    f = torch.clamp((torch.tensor(X) / 100) ** 0.75, max=1)
    error = W @ C.T + b[:, None] + b_context - torch.log(torch.tensor(np.where(X > 0, X, 1)))
    loss = (f * error**2)[torch.tensor(X > 0)].sum()
    loss.backward()
    assert glove_loss(X, *start) == pytest.approx(loss.item(), rel=1e-12)
    total = [np.zeros_like(x) for x in start]
    for i, j in zip(*np.nonzero(X), strict=True):
        now, squares = tuple(x.copy() for x in start), tuple(np.ones_like(x) for x in start)
        weight, target = np.array([f[i, j].item()]), np.array([np.log(X[i, j])])
        glove._epoch(np.array([0]), np.array([i]), np.array([j]), weight, target, now, squares, 1.0)
        for sum_, before, after in zip(total, start, now, strict=True):
            sum_ += before - after
    for got, x in zip(total, (W, C, b, b_context), strict=True):
        np.testing.assert_allclose(got, x.grad.numpy(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_falls(texts, seed):
    model = GloVe(n_factors=8, n_epochs=40, seed=seed).fit(texts)
    parameters = model.W_, model.C_, model.b_, model.b_context_
    assert model.loss_[-1] < model.loss_[0] / 2
    assert (np.diff(model.loss_) < 0).mean() > 0.9
    end = glove_loss(model.cooccurrence_, *parameters) / model.cooccurrence_.nnz
    assert end == pytest.approx(model.loss_[-1], rel=0.2)  # met on the way, just before each step
    np.testing.assert_array_equal(model.V_, model.W_ + model.C_)


def test_counts_that_vectors_can_explain_are_explained():
    """Texts from two groups of words: inside a group the fitted logarithm is right to a tenth."""
    rng = np.random.default_rng(0)
    groups = [[f"{g}{n}" for n in "abcdef"] for g in "xy"]
    texts = [" ".join(rng.choice(groups[n % 2], size=8)) for n in range(300)]
    model = GloVe(n_factors=8, n_epochs=100, x_max=10).fit(texts)
    X = model.cooccurrence_.tocoo()
    fitted = (model.W_[X.row] * model.C_[X.col]).sum(axis=1) + model.b_[X.row] + model.b_context_[X.col]
    assert np.abs(fitted - np.log(X.data)).mean() < 0.1
    assert set(zip(X.row // 6, X.col // 6, strict=True)) == {(0, 0), (1, 1)}


def test_encoding_is_the_mean_of_word_vectors(texts):
    model = GloVe(n_factors=4).fit(texts)
    V = dict(zip(model.vocabulary_, model.V_.astype(float), strict=True))
    text = "A rope for the tent"
    mean = sum(V[word] for word in tokenize(text) if word in V)
    np.testing.assert_allclose(model.encode([text])[0], mean / np.linalg.norm(mean))
    assert model.most_similar("tent", 3)[0][1] >= model.most_similar("tent", 3)[1][1]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_factors": 0}, "n_factors: 0"), ({"window": 0}, "window: 0; expected words, at least 1"),
        ({"x_max": 0}, "x_max: 0; expected a count of more than 0"), ({"alpha": -1}, "alpha: -1"),
        ({"n_epochs": 0}, "n_epochs: 0"), ({"learning_rate": -1}, "learning_rate: -1"),
        ({"min_count": 0}, "min_count: 0; expected occurrences, at least 1"),
    ],
)  # fmt: skip
def test_settings_of_glove_are_checked(texts, options, message):
    with pytest.raises(ValueError, match=message):
        GloVe(**options).fit(texts)


def test_glove_notices_too_long_steps(texts):
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="GloVe diverged in epoch"):
        GloVe(learning_rate=1e30).fit(texts)
