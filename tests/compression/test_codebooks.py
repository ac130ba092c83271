"""Product quantisation against loops and faiss; shared weights; scores without rows."""

import numpy as np
import pytest
import torch
from nets_to_compress import numbers

from recsys_course.compression import ProductQuantized, share_weights
from recsys_course.compression.codebooks import codebook


def test_every_part_is_the_nearest_of_its_book():
    table = numbers(60, 6)
    got = ProductQuantized(table, 3, 5)
    for i in range(60):
        for m in range(3):
            part = table[i, 2 * m : 2 * m + 2]
            nearest = ((got.books[m] - part) ** 2).sum(1).argmin()
            assert int(got.codes[i, m]) == int(nearest)
            torch.testing.assert_close(got(torch.tensor(i))[2 * m : 2 * m + 2], got.books[m, nearest])


def test_bytes_by_hand():
    got = ProductQuantized(numbers(300, 8), 4, 16)
    assert got.n_bytes == 300 * 4 + 4 * 16 * 8
    assert got.codes.dtype == torch.uint8


def test_few_different_vectors_come_back_exactly():
    table = numbers(3, 4)[torch.tensor([0, 1, 2, 2, 0])]
    torch.testing.assert_close(ProductQuantized(table, 2, 8).table().detach(), table)


def test_256_codes_fit_a_byte():
    got = ProductQuantized(numbers(300, 1), 1, 256)
    assert int(got.codes.max()) == 255 and len(got.codes.unique()) == 256


def test_more_codes_and_more_parts_say_more():
    table = numbers(200, 8)

    def error(*size):
        return float(((ProductQuantized(table, *size).table() - table) ** 2).mean().detach())

    assert error(4, 4) > error(4, 16) > error(4, 64) > error(8, 64)
    assert error(2, 1) == pytest.approx(float(table.var(0, correction=0).mean()), rel=1e-3)  # the mean


def test_scores_without_rows():
    got, queries = ProductQuantized(numbers(50, 6), 3, 8), numbers(7, 6, seed=1)
    torch.testing.assert_close(got.scores(queries), queries @ got.table().T)


def test_about_as_good_as_faiss():
    faiss = pytest.importorskip("faiss")
    table = numbers(800, 8)
    theirs = faiss.ProductQuantizer(8, 4, 4)  # 4 parts of 2^4 codes
    theirs.train(table.numpy())
    back = theirs.decode(theirs.compute_codes(table.numpy()))
    ours = float(((ProductQuantized(table, 4, 16).table() - table) ** 2).mean().detach())
    assert ours == pytest.approx(float(((back - table.numpy()) ** 2).mean()), rel=0.03)


def test_faiss_decodes_our_codes_to_our_rows():
    faiss = pytest.importorskip("faiss")
    got = ProductQuantized(numbers(100, 6), 3, 256)
    theirs = faiss.ProductQuantizer(6, 3, 8)
    faiss.copy_array_to_vector(got.books.detach().numpy().ravel(), theirs.centroids)
    np.testing.assert_allclose(theirs.decode(got.codes.numpy()), got.table().detach().numpy())


def test_share_weights():
    x = torch.tensor([[1.0, 1.1, -2.0], [0.9, -2.2, -1.8]])
    centres, codes = share_weights(x, 2)
    new = centres[codes.long()]
    torch.testing.assert_close(new, torch.tensor([[1.0, 1.0, -2.0], [1.0, -2.0, -2.0]]))
    assert codes.dtype == torch.uint8 and codes.shape == x.shape
    same, which = share_weights(torch.tensor([3.0, 5.0, 3.0]), 7)
    assert len(same) == 7 and same[which.long()].tolist() == [3, 5, 3]


def test_same_seed_same_book():
    X = numbers(200, 2).numpy()
    a, b, c = (codebook(X, 9, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ProductQuantized(numbers(5, 6), 4), "n_parts: 4; expected a divisor of the 6 columns"),
        (lambda: ProductQuantized(numbers(5, 6), 0), "n_parts: 0"),
        (lambda: ProductQuantized(numbers(5, 6), 3, 257), r"n_codes: 257; expected 1\.\.256, what a byte"),
        (lambda: ProductQuantized(numbers(5, 6), 3, 0), r"n_codes: 0; expected 1\.\.256"),
        (lambda: ProductQuantized(torch.empty(0, 6), 3), r"table: shape \(0, 6\)"),
        (lambda: share_weights(torch.empty(0), 3), r"x: shape \(0,\)"),
        (lambda: share_weights([float("nan")], 3), r"x: nan at \(0,\)"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()
