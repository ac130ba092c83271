"""The bytes of an embedding table, for each way to keep it."""

from __future__ import annotations

from random import Random

from recsys_course.checks.engine import Case, Slip, check

METHODS = ("rows", "hash", "quotient-remainder", "low rank", "product")


def table(rng: Random) -> tuple[int, int, str, int]:
    """A table of up to two hundred rows, kept in one of the five ways."""
    return rng.randrange(20, 200), rng.randrange(3, 40), rng.choice(METHODS), rng.randrange(2, 9)


@check(
    by_hand=[
        Case(
            (1000, 64, "rows", 8),
            72_000,
            "a row has 64 codes of one byte, and 8 bytes of scale and zero point",
        ),
        Case(
            (1000, 5, "rows", 4),
            11_000,
            "5 codes of 4 bits are 20 bits, which take 3 bytes; 3 + 8 = 11 bytes a row",
        ),
        Case(
            (10, 3, "rows", 3),
            100,
            "3 codes of 3 bits are 9 bits: one more than a byte holds, so 2; 2 + 8 = 10",
        ),
        Case((1000, 64, "hash", 100), 25_600, "100 shared rows of 64 numbers of 4 bytes, however many items"),
        Case(
            (1000, 64, "quotient-remainder", 30),
            16_384,
            "30 remainders and 34 quotients (1000 / 30 rounded up): 64 rows of 64 numbers of 4 bytes",
        ),
        Case(
            (1000, 64, "quotient-remainder", 40),
            16_640,
            "40 remainders and exactly 25 quotients: 65 rows of 256 bytes",
        ),
        Case(
            (31, 1, "quotient-remainder", 10),
            56,
            "10 remainders, and 4 quotients although the last serves one item: 14 numbers",
        ),
        Case((1000, 64, "low rank", 8), 34_048, "(1000 x 8) and (8 x 64): 8 x 1064 numbers of 4 bytes"),
        Case(
            (1000, 64, "product", 8),
            73_536,
            "8 codes of one byte a row: 8,000; and 8 x 256 centroids of 8 numbers of 4 bytes: 65,536",
        ),
    ],
    at_random=table,
    slips=[
        Slip(
            "the scale and the zero point of each row are missing: 4 bytes each",
            ("(k * size + 7) // 8 + 8", "(k * size + 7) // 8"),
        ),
        Slip(
            "you counted bits as bytes: 8 bits are a byte",
            ("(k * size + 7) // 8 + 8", "k * size + 8"),
        ),
        Slip(
            "the last byte of a row is missing: 20 bits take 3 bytes, not 2",
            ("(k * size + 7) // 8", "k * size // 8"),
        ),
        Slip(
            "the centroids are missing: the codes mean nothing without them",
            ("n * size + 4 * 256 * k", "n * size"),
        ),
        Slip(
            "each part has its own 256 centroids, but they are only k / parts long: together 256 k numbers",
            ("4 * 256 * k", "4 * 256 * k * size"),
        ),
        Slip(
            "the last quotient is missing: 1000 items in groups of 30 are 34 groups",
            ("(n + size - 1) // size", "n // size"),
        ),
        Slip(
            "the quotient's table is missing: remainders alone are plain hashing",
            ("(size + (n + size - 1) // size)", "size"),
        ),
        Slip(
            "the second factor is missing: low rank keeps (n, rank) and (rank, k)",
            ("4 * size * (n + k)", "4 * size * n"),
        ),
        Slip(
            "a float32 has 4 bytes: you counted numbers",
            ('"hash": 4 * ', '"hash": '),
            ('remainder": 4 * ', 'remainder": '),
            ('rank": 4 * ', 'rank": '),
            ("+ 4 * 256", "+ 256"),
        ),
    ],
    then="ten million rows of 64: which of the five fits into 100 MB, and with which size?",
)
def table_bytes(n: int, k: int, method: str, size: int) -> int:
    """An (n, k) table kept by ``method``, see the table in the text -> bytes."""
    return {
        "rows": n * ((k * size + 7) // 8 + 8),
        "hash": 4 * k * size,
        "quotient-remainder": 4 * k * (size + (n + size - 1) // size),
        "low rank": 4 * size * (n + k),
        "product": n * size + 4 * 256 * k,
    }[method]
