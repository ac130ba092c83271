r"""Attention, and the network of SASRec that is made of it: one file, top to bottom.

.. math::
    \operatorname{attention}(Q, K, V) = \operatorname{softmax}\Bigl(\frac{Q K^\top}{\sqrt{d}} + M\Bigr) V,
    \qquad M_{ts} = 0 \text{ if } s \le t, \text{ else } -\infty                             \tag{7.1}
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


def attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    """Every query takes the mean of the values, weighted by how well the keys fit; equation (7.1).

    Args:
        Q: (..., L, d). K: (..., S, d). V: (..., S, e).
        mask: (L, S) bool, True where a query may look; None lets all look everywhere.

    Returns:
        (..., L, e). A query that may look nowhere gets NaN.

    Cost: O(L S (d + e)) time, O(L S) memory; torch's fused ``scaled_dot_product_attention`` says the same
        without holding the (L, S) weights.
    Book: equation (7.1); exercise causal_attention.
    Source: Vaswani et al. 2017.
    """
    logits = Q @ K.transpose(-2, -1) / Q.shape[-1] ** 0.5  # (..., L, S)
    if mask is not None:
        logits = logits.masked_fill(~mask, -torch.inf)
    return logits.softmax(-1) @ V


def causal_mask(length: int) -> Tensor:
    """(L, L) bool: position t may look at s where s <= t."""
    return torch.ones(length, length, dtype=torch.bool).tril()


class SelfAttention(nn.Module):
    """Every position asks those before it and itself; several heads side by side.

    Args:
        n_factors: K, divisible by ``n_heads``.
    """

    def __init__(self, n_factors: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(n_factors, 3 * n_factors)
        self.out = nn.Linear(n_factors, n_factors)

    def forward(self, x: Tensor) -> Tensor:
        """(b, L, K) -> (b, L, K)."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)  # (b, H, L, d) each
        met = scaled_dot_product_attention(q, k, v, is_causal=True)  # attention(q, k, v, causal_mask(L))
        return self.out(met.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then two layers at each position by itself; each adds to what came in."""

    def __init__(self, n_factors: int, n_heads: int, n_hidden: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(n_factors, n_heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(n_factors, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_factors)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(n_factors) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(b, L, K) -> (b, L, K)."""
        x = x + self.dropout(self.attention(self.norms[0](x)))
        return x + self.dropout(self.feed_forward(self.norms[1](x)))


class SASRecNet(nn.Module):
    """Histories in, a vector after each of their items out.

    Args:
        items: (codes) -> (..., K) vectors of the I items: an ``nn.Embedding`` or what takes its place.
        n_factors: K. max_length: items of a history. n_layers, n_heads: blocks, and heads in each.
        n_hidden: width inside a block's feed-forward layers. dropout: share of numbers set to 0 in training.
    """

    def __init__(
        self,
        items: nn.Module,
        n_factors: int,
        max_length: int,
        n_layers: int,
        n_heads: int,
        n_hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.items = items
        self.start = nn.Parameter(0.02 * torch.randn(n_factors))  # stands before the first item
        self.positions = nn.Parameter(0.02 * torch.randn(max_length + 1, n_factors))
        self.norm_in, self.norm_out = nn.LayerNorm(n_factors), nn.LayerNorm(n_factors)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(n_factors, n_heads, n_hidden, dropout) for _ in range(n_layers))

    def forward(self, histories: Tensor) -> Tensor:
        """(b, L) codes, L at most max_length -> (b, L + 1, K): row t has looked at the first t items.

        What stands behind the end of a history cannot change what comes before it: position t looks at
        s <= t alone, so histories of several lengths need no other mask.
        """
        start = self.start.expand(len(histories), 1, -1)
        x = torch.cat([start, self.items(histories)], dim=1) + self.positions[: histories.shape[1] + 1]
        x = self.dropout(self.norm_in(x))  # (b, L + 1, K)
        for block in self.blocks:
            x = block(x)
        return self.norm_out(x)

    def item_table(self) -> Tensor:
        """(I, K) what hidden vectors are multiplied with: the same vectors that come in."""
        return self.items.weight  # type: ignore[return-value]
