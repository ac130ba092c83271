r"""Losses of recommenders in torch, apart from the models that use them; the lower, the better.

Every function takes scores or vectors of b training rows and returns the mean over them, a scalar with
gradient.

.. math::
    L_{bce} &= -\bigl[y \ln \sigma(s) + (1 - y) \ln (1 - \sigma(s))\bigr] \\
    L_{bpr} &= -\ln \sigma(s^+ - s^-) \\
    L_{softmax} &= -\ln \frac{e^{s_t}}{\sum_j e^{s_j}}
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, softplus

from recsys_course.base import check_range
from recsys_course.compiled import chunks

LOGITS_AT_ONCE = 2**19  # scores of one step held at a time: 2 MB, about what a cache holds


def bce(logits: Tensor, labels: Tensor) -> Tensor:
    """(...) scores and (...) labels in 0..1 -> mean binary cross-entropy."""
    return binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """(b,) scores of what was chosen, (b, n) of what was not -> mean over all pairs.

    Raises:
        ValueError: other shapes; (b,) and (b,) would broadcast to pairs of different rows.

    Source: Rendle et al. 2009.
    """
    if positive.dim() != 1 or negative.dim() != 2 or len(negative) != len(positive):
        shapes = f"{tuple(negative.shape)} beside positive {tuple(positive.shape)}"
        raise ValueError(f"negative: shape {shapes}; expected (b, n) beside (b,)")
    return softplus(negative - positive[:, None]).mean()


def full_softmax(scores: Tensor, targets: Tensor) -> Tensor:
    """(b, I) scores of all items, (b,) codes of the right ones -> mean cross-entropy."""
    return cross_entropy(scores, targets)


def sampled_softmax(
    positive: Tensor,
    negative: Tensor,
    log_q_positive: Tensor | None = None,
    log_q_negative: Tensor | None = None,
) -> Tensor:
    """The softmax over the right item and n drawn ones.

    Args:
        positive: (b,) scores of the right items. negative: (b, n) of the drawn ones.
        log_q_positive: (b,) ln of how likely each right item is to be drawn; None takes nothing off.
        log_q_negative: (b, n) likewise of the drawn ones. Subtracted, they make the sum over what was
            drawn an estimate of the sum over all items.

    Source: Bengio and Senécal 2008.
    """
    positive = positive if log_q_positive is None else positive - log_q_positive
    negative = negative if log_q_negative is None else negative - log_q_negative
    scores = torch.cat([positive[:, None], negative], dim=1)  # (b, 1 + n) the right one first
    return full_softmax(scores, torch.zeros(len(scores), dtype=torch.long, device=scores.device))


def in_batch_softmax(
    users: Tensor,
    items: Tensor,
    log_q: Tensor | None = None,
    item_codes: Tensor | None = None,
    temperature: float = 1.0,
) -> Tensor:
    r"""Each row's item against the items of the other rows.

    .. math::
        L = -\frac{1}{b} \sum_i \ln \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}, \qquad
        s_{ij} = u_i^\top v_j / \tau - \ln q_j             \tag{7.4}

    Args:
        users, items: (b, K); row i of one belongs to row i of the other.
        log_q: (b,) ln of the share of events that fall on each row's item: a popular item is a negative
            more often, and this takes it back. None corrects nothing.
        item_codes: (b,) code of each row's item; where another row has the same item it is no negative.
        temperature: tau, more than 0.

    Raises:
        ValueError: shapes that differ, log_q or item_codes of another shape than (b,), or temperature not
            above 0.

    Cost: O(b^2 K) time, O(b^2) memory.
    Book: equation (7.4); exercise in_batch_gradient.
    Source: Yi et al. 2019.
    """
    check_range("temperature", temperature, 0, "a number", strict=True)
    if users.dim() != 2 or users.shape != items.shape:
        raise ValueError(
            f"items: shape {tuple(items.shape)}; expected {tuple(users.shape)}, that of users (b, K)"
        )
    for name, given in (("log_q", log_q), ("item_codes", item_codes)):
        if given is not None and given.shape != users.shape[:1]:  # (b, 1) would correct rows: nothing
            raise ValueError(f"{name}: shape {tuple(given.shape)}; expected ({len(users)},), one a row")
    scores = users @ items.T / temperature  # (b, b)
    if log_q is not None:
        scores = scores - log_q
    own = torch.arange(len(users), device=users.device)
    if item_codes is not None:
        twin = item_codes[:, None] == item_codes
        scores = scores.masked_fill(twin & (own[:, None] != own), -torch.inf)
    return full_softmax(scores, own)


def softmax_over_table(vectors: Tensor, table: Tensor, targets: Tensor) -> Tensor:
    """``full_softmax(vectors @ table.T, targets)`` that never holds the (b, I) scores.

    Args:
        vectors: (b, K). table: (I, K), a row for each item. targets: (b,) codes of the right items.

    The gradient is at hand as soon as a few rows are scored: their probabilities less 1 at the target.
    So it is computed on the way forward, ``LOGITS_AT_ONCE`` scores at a time, and nothing is kept of them.

    Cost: O(b I K) time; O((b + I) K) memory beside the scores at hand.
    """
    return _SoftmaxOverTable.apply(vectors, table, targets)


class _SoftmaxOverTable(torch.autograd.Function):
    """The loss, and both gradients, in one pass over the rows."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, table: Tensor, targets: Tensor) -> Tensor:
        total = vectors.new_zeros(())
        d_vectors, d_table = torch.empty_like(vectors), torch.zeros_like(table)
        for a, b in chunks(len(vectors), max(1, LOGITS_AT_ONCE // len(table))):
            v, target = vectors[a:b], targets[a:b]  # (r, K), (r,)
            scores = v @ table.T  # (r, I)
            own, top = scores.gather(1, target[:, None]), scores.amax(1, keepdim=True)  # (r, 1) each
            e = scores.sub_(top).exp_()  # p = e / total_e; what is divided are vectors, which are shorter
            total_e = e.sum(1, keepdim=True)
            total += (total_e.log() + top - own).sum()
            d_vectors[a:b] = (e @ table) / total_e - table[target]
            d_table.addmm_(e.T, v / total_e).index_add_(0, target, v, alpha=-1)
        ctx.save_for_backward(d_vectors / len(vectors), d_table / len(vectors))
        return total / len(vectors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        d_vectors, d_table = ctx.saved_tensors
        return d_vectors * grad, d_table * grad, None
