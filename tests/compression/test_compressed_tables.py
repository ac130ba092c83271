"""Tables of fewer bytes: loops, distinct vectors, collisions counted, the best of a rank, bytes by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets_to_compress import Scorer, numbers, state_of, unchanged
from torch import nn

from recsys_course.compression import (
    FrequentRows,
    HashedEmbedding,
    Int8Embedding,
    LowRankEmbedding,
    ProductQuantized,
    QuotientRemainder,
    SparseTable,
    bytes_on_disk,
    expected_bytes,
    imitate,
    keep_frequent,
    replace_table,
)
from recsys_course.compression.hashing import PRIME
from recsys_course.training import seeded

N, K = 12, 4
CODES = torch.tensor([[0, 3, 3], [11, 7, 1]])
TABLE = numbers(N, K)
COUNTS = np.arange(N)[::-1] ** 2
MAKERS = {
    "hashed": lambda: HashedEmbedding(N, K, 5),
    "two hashes": lambda: HashedEmbedding(N, K, 5, n_hashes=2),
    "mult": lambda: QuotientRemainder(N, K, 5),
    "add": lambda: QuotientRemainder(N, K, 5, "add"),
    "concat": lambda: QuotientRemainder(N, K, 5, "concat"),
    "low rank": lambda: LowRankEmbedding.from_table(TABLE, 2),
    "frequent": lambda: keep_frequent(TABLE, COUNTS, 0.5),
    "int8": lambda: Int8Embedding(TABLE),
    "int3": lambda: Int8Embedding(TABLE, 3),
    "product": lambda: ProductQuantized(TABLE, 2, 4),
    "sparse": lambda: SparseTable(TABLE * (TABLE.abs() > 0.5)),
}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def made(make):
    with seeded(0):
        return make()


@each
def test_a_table_stands_in_for_an_embedding(make):
    table = made(make)
    assert table(CODES).shape == (2, 3, K) and table.table().shape == (N, K)
    torch.testing.assert_close(table.table()[CODES], table(CODES))
    torch.testing.assert_close(table.weight, table.table())
    assert table(torch.tensor(3)).shape == (K,) and table(torch.empty(0, 2, dtype=torch.long)).shape == (
        0,
        2,
        K,
    )
    for bad in (-1, N):
        with pytest.raises(IndexError, match=rf"codes: 0\.\.{N}|codes: -1\.\.0; expected 0\.\.11"):
            table(torch.tensor([0, bad]))


@each
def test_bytes_are_those_of_the_state(make):
    table = made(make)
    assert table.n_bytes == expected_bytes(table) <= bytes_on_disk(table)


@each
def test_it_takes_the_place_of_a_table_that_serves_twice(make):
    net, table = Scorer(), made(make)
    state = state_of(net)
    got = replace_table(net, "items", table)
    h = got.body(table(CODES))
    torch.testing.assert_close(got(CODES), 2 * h @ table.table().T + net.head.bias)
    assert unchanged(net, state) and type(net.items) is nn.Embedding


def test_hash_as_loops():
    table = made(lambda: HashedEmbedding(40, 3, 7, n_hashes=2, seed=5))
    for i in range(40):
        places = [(c[0] * i**3 + c[1] * i**2 + c[2] * i + c[3]) % PRIME % 7 for c in table.c.tolist()]
        assert table.places(torch.tensor(i)).tolist() == places
        torch.testing.assert_close(table(torch.tensor(i)), table.rows[places[0]] + table.rows[places[1]])


def test_hashing_does_not_overflow_at_the_largest_codes():
    table = made(lambda: HashedEmbedding(PRIME - 1, 2, 1000))
    code = PRIME - 2
    by_python = sum(c * code**power for c, power in zip(table.c[0].tolist(), (3, 2, 1, 0), strict=True))
    assert table.places(torch.tensor(code)).tolist() == [by_python % PRIME % 1000]


@pytest.mark.parametrize("n_hashes", [1, 2])
def test_collisions_are_counted(n_hashes):
    table = made(lambda: HashedEmbedding(60, 3, 25, n_hashes, seed=2))
    same = torch.cdist(table.table().double(), table.table().double()) < 1e-6
    by_loops = sum(1 for i in range(60) if same[i].sum() > 1)
    assert table.collisions() == by_loops > 0


def test_one_hash_collides_as_often_as_chance_says_and_two_far_less():
    n = m = 2000
    shares = {
        h: np.mean([HashedEmbedding(n, 1, m, h, seed).collisions() / n for seed in range(20)]) for h in (1, 2)
    }
    alone = (1 - 1 / m) ** (n - 1)  # of an id: none of the others in its row
    assert shares[1] == pytest.approx(1 - alone, abs=0.02)
    assert shares[2] < 0.005  # both rows the same: about 2 n / m^2


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from(["mult", "add", "concat"]))
def test_every_id_has_a_vector_of_its_own(n, n_rows, combine):
    with seeded(n):
        table = QuotientRemainder(n, 4, min(n, n_rows), combine)
    vectors = table.table().detach()
    apart = torch.cdist(vectors.double(), vectors.double()) + torch.eye(n)
    assert apart.min() > 1e-6


@pytest.mark.parametrize("combine", ["mult", "add", "concat"])
def test_quotient_and_remainder_as_loops(combine):
    table = made(lambda: QuotientRemainder(23, 4, 5, combine))
    for i in range(23):
        q, r = table.quotients[i // 5], table.remainders[i % 5]
        want = {"mult": q * r, "add": q + r, "concat": torch.cat([q, r])}[combine]
        assert torch.equal(table(torch.tensor(i)), want)
    assert len(table.quotients) == 5 and len(table.remainders) == 5


def test_bytes_by_hand():
    assert HashedEmbedding(1000, 8, 100).n_bytes == 4 * 100 * 8 + 4 * 8  # and c
    assert QuotientRemainder(1000, 8, 32).n_bytes == 4 * (32 + 32) * 8
    assert QuotientRemainder(1000, 8, 32, "concat").n_bytes == 4 * (32 + 32) * 4
    assert LowRankEmbedding(1000, 8, 3).n_bytes == 4 * (1000 * 3 + 3 * 8)
    assert FrequentRows(1000, 8, 100).n_bytes == 4 * 101 * 8 + 4 * 1000
    assert nn.Embedding(1000, 8).weight.numel() * 4 == 32000


@given(st.integers(1, 4), st.integers(0, 99))
def test_low_rank_is_the_truncated_svd(rank, seed):
    table = numbers(9, 4, seed=seed)
    got = LowRankEmbedding.from_table(table, rank)
    s = np.linalg.svd(table.numpy().astype(float), compute_uv=False)
    error = float(((got.table().detach() - table) ** 2).sum())
    assert error == pytest.approx(float((s[rank:] ** 2).sum()), abs=1e-4)
    assert np.linalg.matrix_rank(got.table().detach().numpy(), tol=1e-4) <= rank


def test_frequent_rows_keep_their_own_and_the_rest_its_mean():
    counts = [5, 0, 9, 1, 5, 3]
    table = numbers(6, 3)
    got = keep_frequent(table, counts, 0.5).table().detach()  # items 2, 0, 4: of equal ones the smaller first
    for i in (0, 2, 4):
        assert torch.equal(got[i], table[i])
    for i in (1, 3, 5):
        torch.testing.assert_close(got[i], (0 * table[1] + 1 * table[3] + 3 * table[5]) / 4)


def test_frequent_rows_at_the_ends():
    table = numbers(4, 2)
    assert torch.equal(keep_frequent(table, [1, 2, 3, 4], 1.0).table(), table)
    all_one = keep_frequent(table, [0, 0, 0, 0], 0.0).table().detach()
    torch.testing.assert_close(all_one, table.mean(0).expand(4, 2))


def test_imitation_comes_near_what_can_be_said():
    with seeded(0):
        source = QuotientRemainder(30, 4, 6)
        other = QuotientRemainder(30, 4, 6)
    before = float(((other.table() - source.table()) ** 2).mean().detach())
    got = imitate(other, source)
    assert got is other
    assert float(((other.table() - source.table()) ** 2).mean().detach()) < before / 20


def test_gradients_reach_the_rows_of_the_ids_alone():
    table = made(lambda: QuotientRemainder(20, 4, 5))
    table(torch.tensor([7])).sum().backward()
    assert table.quotients.grad.abs().sum(1).nonzero().flatten().tolist() == [1]
    assert table.remainders.grad.abs().sum(1).nonzero().flatten().tolist() == [2]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: HashedEmbedding(0, 4, 1), "n: 0; expected ids, at least 1"),
        (lambda: HashedEmbedding(5, 0, 1), "k: 0"),
        (lambda: HashedEmbedding(5, 4, 6), r"n_rows: 6; expected 1\.\.5"),
        (lambda: HashedEmbedding(5, 4, 2, 0), "n_hashes: 0"),
        (lambda: QuotientRemainder(5, 4, 0), r"n_rows: 0; expected 1\.\.5"),
        (lambda: QuotientRemainder(5, 4, 2, "sum"), "combine: 'sum'; expected 'mult', 'add' or 'concat'"),
        (lambda: QuotientRemainder(5, 3, 2, "concat"), "k: 3; expected an even length"),
        (lambda: LowRankEmbedding(5, 4, 0), r"rank: 0; expected 1\.\.4 for a table of \(5, 4\)"),
        (lambda: LowRankEmbedding.from_table(TABLE, 5), r"rank: 5; expected 1\.\.4"),
        (lambda: LowRankEmbedding.from_table(torch.empty(0, 4), 1), r"table: shape \(0, 4\)"),
        (lambda: LowRankEmbedding.from_table([[float("inf")]], 1), r"table: inf at \(0, 0\)"),
        (lambda: keep_frequent(TABLE, COUNTS[1:], 0.5), r"counts: shape \(11,\); expected 12 numbers"),
        (lambda: keep_frequent(TABLE, -COUNTS, 0.5), "expected 12 numbers of at least 0"),
        (lambda: keep_frequent(TABLE, COUNTS, 1.5), r"share: 1.5; expected a share in \[0, 1\]"),
        (lambda: imitate(QuotientRemainder(5, 4, 2), TABLE), r"table: \(12, 4\); expected \(5, 4\)"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_codes_that_would_be_taken_for_a_mask_are_refused(dtype):
    for table in (LowRankEmbedding(3, 4, 2), QuotientRemainder(3, 4, 2), HashedEmbedding(3, 4, 2)):
        with pytest.raises(TypeError, match=f"codes: dtype {dtype}; expected int64 or int32"):
            table(torch.tensor([1, 0, 1]).to(dtype))
