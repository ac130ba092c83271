"""Numbers or vectors replaced by the nearest of a few: codebooks from k-means."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recsys_course.base import check_range
from recsys_course.compression.layers import check_between, finite
from recsys_course.compression.tables import Table, table_of

MOST_CODES = 256  # what a byte can tell apart


def codebook(X: np.ndarray, n_codes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) vectors -> (n_codes, d) centres and the (n,) number of the nearest; by k-means of scikit-learn.

    Fewer different vectors than codes: each is its own centre, and the rest of the centres are zeros.

    Raises:
        ValueError: n_codes outside 1..256.
    """
    check_between("n_codes", n_codes, 1, MOST_CODES, ", what a byte can tell apart")
    different, which = np.unique(X, axis=0, return_inverse=True)
    if len(different) <= n_codes:
        centres = np.zeros((n_codes, X.shape[1]), dtype=X.dtype)
        centres[: len(different)] = different
        return centres, which.reshape(-1)
    from sklearn.cluster import KMeans  # not before it is needed: a second of import

    found = KMeans(n_codes, n_init=1, random_state=seed).fit(X)
    return found.cluster_centers_.astype(X.dtype), found.labels_


class ProductQuantized(Table):
    r"""Each vector cut in parts, each part replaced by the nearest of its own codebook.

    .. math:: v_i \approx [\,C^{(1)}_{c_{i1}},\; \dots,\; C^{(M)}_{c_{iM}}\,]                   \tag{10.6}

    Args:
        table: (n, k) array or embedding. n_parts: M, a divisor of k. n_codes: entries of a codebook, 1..256.
        seed: of k-means.

    Attributes:
        codes: (n, M) uint8, a byte a part. books: (M, n_codes, k / M).

    Raises:
        ValueError: see :func:`.table_of`; parts that do not divide k, or n_codes outside its range.

    n M bytes and 4 n_codes k, for 4 n k. Cost to make: M times k-means of n points.
    Source: Jégou et al. 2011.
    """

    def __init__(self, table: Any, n_parts: int, n_codes: int = 256, seed: int = 0) -> None:
        x = table_of(table)
        super().__init__(*x.shape)
        check_range("n_parts", n_parts, 1, "parts,")
        if self.embedding_dim % n_parts:
            raise ValueError(f"n_parts: {n_parts}; expected a divisor of the {self.embedding_dim} columns")
        parts = [codebook(part.numpy(), n_codes, seed) for part in x.cpu().chunk(n_parts, dim=1)]
        self.books = nn.Parameter(torch.as_tensor(np.stack([centres for centres, _ in parts])))
        codes = np.stack([nearest for _, nearest in parts], axis=1).astype(np.uint8)
        self.register_buffer("codes", torch.as_tensor(codes))

    codes: Tensor

    def vectors(self, codes: Tensor) -> Tensor:
        """(...) -> (..., k)."""
        mine = self.codes[codes].long()  # (..., M)
        return self.books[torch.arange(len(self.books), device=mine.device), mine].flatten(-2)

    def scores(self, queries: Tensor) -> Tensor:
        """(B, k) vectors -> (B, n) dot products with all rows, without making the rows.

        Each part is multiplied with its codebook once, and every row adds up M of those B M n_codes products.
        """
        parts = queries.unflatten(-1, (len(self.books), -1))  # (B, M, k / M)
        products = torch.einsum("bmd,mcd->mbc", parts, self.books)  # (M, B, n_codes)
        total = queries.new_zeros(len(queries), self.num_embeddings)
        for product, column in zip(products, self.codes.T, strict=True):
            total += product[:, column.long()]  # (B, n)
        return total


def share_weights(x: Any, n_codes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Each number replaced by the nearest of a few: centres (n_codes,) and codes shaped like ``x``, uint8.

    ``centres[codes.long()]`` are the new numbers; log2(n_codes) bits each if packed.

    Raises:
        ValueError: n_codes outside 1..256, or x empty or not finite.

    Source: Han et al. 2016. Differs: centres start by k-means++, not evenly, and are not trained on.
    """
    x = finite(torch.as_tensor(x).detach().float().cpu(), "x")
    centres, codes = codebook(x.reshape(-1, 1).numpy(), n_codes, seed)
    return torch.as_tensor(centres[:, 0]), torch.as_tensor(codes.astype(np.uint8)).view(x.shape)
