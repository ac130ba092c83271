r"""Distillation of what lies inside: vectors (hints), and how vectors lie to each other (relations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import mse_loss, smooth_l1_loss

from recsys_course.distillation.objectives import check_name

Relations = Literal["distance", "angle", "cosine"]
RELATIONS: tuple[Relations, ...] = ("distance", "angle", "cosine")


def hint_loss(
    student: Tensor, teacher: Tensor, projection: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    r"""Mean of :math:`(W h^s - h^t)^2` over rows and coordinates.

    Args:
        student: (m, K) vectors. teacher: (m, D), constants here.
        projection: (m, K) -> (m, D), learned along with the student and thrown away after; None only
            where K = D. Without it the student has to copy the teacher's axes, which nobody needs.

    Raises:
        ValueError: the projected vectors have another shape than the teacher's.

    Source: Romero et al. 2015 (FitNets). Differs: mean instead of half the sum.
    """
    seen = student if projection is None else projection(student)
    if seen.shape != teacher.shape:
        wanted = f"{tuple(teacher.shape)}, the teacher's; a projection changes {seen.shape[-1]} factors"
        raise ValueError(f"student: vectors of shape {tuple(seen.shape)}; expected {wanted}")
    return mse_loss(seen, teacher.detach())


def relation_loss(student: Tensor, teacher: Tensor, kind: Relations = "distance") -> Tensor:
    """How far the rows of two models lie differently to each other; turning either model changes nothing.

    Args:
        student: (m, K) vectors. teacher: (m, D) of the same m things, constants here; K and D may differ.
        kind: "distance" between pairs, divided by their mean (m squared numbers, scale does not matter);
            "angle" at the second of three (m cubed); "cosine" of pairs (m squared).

    Raises:
        ValueError: an unknown kind, other numbers of rows, or fewer than 2 (for "angle" 3).

    Source: Park et al. 2019 (distance and angle, Huber's loss).
    """
    check_name("kind", kind, RELATIONS)
    least = 3 if kind == "angle" else 2
    if len(student) != len(teacher) or len(student) < least:
        raise ValueError(
            f"student: {len(student)} rows beside the teacher's {len(teacher)}; "
            f"expected as many, and at least {least}"
        )
    of = {"distance": distances, "angle": angles, "cosine": cosines}[kind]
    return smooth_l1_loss(of(student), of(teacher.detach()))


def distances(x: Tensor) -> Tensor:
    """(m, K) -> (m (m-1)/2,) Euclidean distances of the pairs, divided by their mean."""
    d = torch.pdist(x)
    return d / d.mean().clamp_min(torch.finfo(d.dtype).eps)


def angles(x: Tensor) -> Tensor:
    """(m, K) -> (m, m, m) cosine of the angle at j between the ways to i and to k; 0 where a way is none."""
    ways = directions(x[None, :, :] - x[:, None, :])  # (m, m, K) from j to i
    return ways @ ways.transpose(1, 2)  # (m, m, m)


def cosines(x: Tensor) -> Tensor:
    """(m, K) -> (m, m) cosines of all pairs."""
    x = directions(x)
    return x @ x.T


def directions(x: Tensor) -> Tensor:
    """(..., K) -> (..., K) vectors of length 1; what has no length stays 0, and is not pulled anywhere."""
    length = x.norm(dim=-1, keepdim=True)
    return x / length.masked_fill(length == 0, torch.inf)
