r"""Distillation of an order: the student learns a teacher's lists, whatever the scale of its scores."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from recsys_course.base import check_range
from recsys_course.distillation.objectives import check_name, cross_entropy_soft

Weights = Literal["uniform", "position", "discrepancy", "hybrid"]
WEIGHTS: tuple[Weights, ...] = ("uniform", "position", "discrepancy", "hybrid")


def rank_distillation(
    student: Tensor,
    top: Tensor,
    weights: Weights = "position",
    decay: float = 10.0,
    mu: float = 0.1,
    negatives: Tensor | None = None,
) -> Tensor:
    r"""The teacher's first k items are positives, the first of them most of all.

    .. math:: L = -\frac1m \sum_m \sum_{r=1}^k w_r \ln \sigma(s_{\pi_r}), \qquad \sum_r w_r = 1

    Args:
        student: (m, I) scores. top: (m, k) the teacher's items, best first; -1 fills up a short list.
        weights: "uniform"; "position" (:func:`position_weights`); "discrepancy"
            (:func:`discrepancy_weights`, of the student as it is now); "hybrid", their product.
        decay: lambda of the position. mu: sharpness of the discrepancy.
        negatives: (m, n) sampled items from which the student's ranks are estimated; None counts exactly.

    Raises:
        ValueError: an unknown weights, decay or mu not more than 0, top without a list for every row.

    Nothing here pushes an item down: it belongs beside a loss that does.

    Source: Tang and Wang 2018. Differs: a row of which the student already ranks every item as the teacher
        does weighs 0 under "discrepancy" and "hybrid", where the paper divides 0 by 0.
    """
    check_name("weights", weights, WEIGHTS)
    _check_lists("top", top, student)
    listed = top >= 0  # (m, k)
    w = listed.to(student.dtype)
    if weights in ("position", "hybrid"):
        w = w * position_weights(top.shape[1], decay).to(student)
    if weights in ("discrepancy", "hybrid"):
        w = w * discrepancy_weights(student_ranks(student, top, negatives), mu)
    w = w / w.sum(1, keepdim=True).clamp_min(torch.finfo(w.dtype).tiny)  # (m, k) adds up to 1
    return -(w * logsigmoid(_picked(student, top).masked_fill(~listed, 0.0))).sum(1).mean()


def position_weights(k: int, decay: float = 10.0) -> Tensor:
    r"""(k,) :math:`e^{-r/\lambda}` for r = 1..k, divided by their sum: the first place weighs most."""
    check_range("k", k, 1, "a list of")
    check_range("decay", decay, 0, "places,", strict=True)
    return torch.softmax(-torch.arange(1, k + 1) / decay, 0)


def discrepancy_weights(ranks: Tensor, mu: float = 0.1) -> Tensor:
    r"""(m, k) the student's ranks of the teacher's list -> (m, k) :math:`\tanh(\max(\mu(\hat r - r), 0))`.

    An item that the student ranks as high as the teacher, or higher, needs no more of it.
    """
    check_range("mu", mu, 0, "a sharpness of", strict=True)
    place = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    return torch.tanh((mu * (ranks - place)).clamp_min(0))


def student_ranks(student: Tensor, top: Tensor, negatives: Tensor | None = None) -> Tensor:
    r"""(m, I) scores -> (m, k) rank, from 1, that the student gives each item of ``top``; no gradient.

    With ``negatives`` (m, n), :math:`1 + \lfloor (I - 1)\, n_{above} / n \rfloor` of those sampled.

    Cost: O(m I log I) exactly, O(m k n) from negatives.
    """
    with torch.no_grad():
        own = _picked(student, top)  # (m, k)
        if negatives is None:
            ordered = student.sort(1).values
            above = student.shape[1] - torch.searchsorted(ordered, own.contiguous(), right=True)
            return (above + 1).to(student.dtype)
        above = (student.gather(1, negatives)[:, None, :] > own[:, :, None]).sum(2)
        return torch.floor((student.shape[1] - 1) * above / negatives.shape[1]) + 1


def listnet(teacher: Tensor, student: Tensor, T: float = 1.0) -> Tensor:
    r"""ListNet: cross-entropy of the chances to stand first, over (m, C) scores of the same candidates.

    :func:`.cross_entropy_soft` on a short list: what matters is that both are softened over the same items.

    Source: Cao et al. 2007, with the top-one probability.
    """
    return cross_entropy_soft(teacher.detach(), student, T)


def listmle(student: Tensor, order: Tensor) -> Tensor:
    r"""ListMLE: how likely the student's scores make the teacher's order, item after item.

    .. math:: L = -\frac1m \sum_m \sum_{r=1}^{k} \Big[ s_{\pi_r} - \ln \sum_{j \notin \pi_{<r}} e^{s_j} \Big]

    Args:
        student: (m, C) scores. order: (m, k) the candidates, best first; -1 fills up a short list. With
            k < C the rest is unordered, below the list.

    Raises:
        ValueError: order without a list for every row, or an item that is no candidate.

    Source: Xia et al. 2008; Plackett 1975 and Luce 1959 for the probability of an order.
    """
    _check_lists("order", order, student)
    listed = order >= 0
    s = _picked(student, order).masked_fill(~listed, -torch.inf)  # (m, k)
    at = torch.where(listed, order, order.clamp_min(0)[:, :1])  # a filler stands where the first item is
    rest = student.scatter(1, at, -torch.inf).logsumexp(1, keepdim=True)  # (m, 1) all that is not listed
    left = torch.logaddexp(s.flip(1).logcumsumexp(1).flip(1), rest)  # (m, k) what is left at each place
    return -(s - left).masked_fill(~listed, 0.0).sum(1).mean()


def _picked(student: Tensor, items: Tensor) -> Tensor:
    """(m, k) scores of the listed items; a filler gets that of item 0, and must be weighed 0."""
    return student.gather(1, items.clamp_min(0))


def _check_lists(name: str, lists: Tensor, student: Tensor) -> None:
    if lists.ndim != 2 or lists.shape[0] != student.shape[0] or lists.shape[1] < 1:
        raise ValueError(
            f"{name}: shape {tuple(lists.shape)}; expected ({student.shape[0]}, k), a list for every row"
        )
    if lists.numel() and int(lists.max()) >= student.shape[1]:
        raise ValueError(f"{name}: item {int(lists.max())}; expected codes in 0..{student.shape[1] - 1}")
