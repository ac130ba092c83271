r"""What a student is told by a teacher's answers: torch functions of logits, each its formula.

Logits are (m, I): a row for each question, a column for each item (or class). A logit of minus infinity
is an item that is not on offer. Losses are means over rows, and send no gradient to the teacher.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from recsys_course.base import check_range

Kind = Literal["ce", "kl", "reverse_kl"]
KINDS: tuple[Kind, ...] = ("ce", "kl", "reverse_kl")


def soften(logits: Tensor, T: float = 1.0) -> Tensor:
    r"""(m, I) logits -> (m, I) probabilities at temperature T.

    .. math:: p_i(T) = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}

    T = 1 is the softmax, a large T nears the uniform distribution, a small one the best item alone.

    Raises:
        ValueError: T is not more than 0.
    """
    check_temperature(T)
    return torch.softmax(logits / T, -1)  # (m, I)


def log_soften(logits: Tensor, T: float = 1.0) -> Tensor:
    """The logarithm of :func:`soften`, without the detour over numbers that round to 0."""
    check_temperature(T)
    return torch.log_softmax(logits / T, -1)  # (m, I)


def entropy(p: Tensor) -> Tensor:
    r"""(m, I) probabilities -> (m,) entropy in nats, :math:`H(p) = -\sum_i p_i \ln p_i`; 0 ln 0 is 0."""
    return torch.special.entr(p).sum(-1)  # (m,)


def cross_entropy_soft(teacher: Tensor, student: Tensor, T: float = 1.0) -> Tensor:
    r"""Mean over rows of :math:`-\sum_i p^t_i \ln p^s_i`, both (m, I) logits softened at T.

    It is the teacher's entropy plus :func:`kl`, so it does not reach 0 where the two agree.

    Raises:
        ValueError: shapes differ, or T is not more than 0.
    """
    check_alike(teacher, student)
    return -expected(soften(teacher, T), log_soften(student, T)).mean()


def kl(teacher: Tensor, student: Tensor, T: float = 1.0, reverse: bool = False) -> Tensor:
    r"""Mean over rows of :math:`KL(p^t \| p^s) = \sum_i p^t_i (\ln p^t_i - \ln p^s_i)`; 0 where they agree.

    Args:
        teacher, student: (m, I) logits. T: temperature of both.
        reverse: :math:`KL(p^s \| p^t)`, which punishes what the student likes and the teacher does not;
            forward punishes what the student misses.

    Raises:
        ValueError: shapes differ, or T is not more than 0.
    """
    check_alike(teacher, student)
    p, q = (student, teacher) if reverse else (teacher, student)
    return expected(soften(p, T), log_soften(p, T) - log_soften(q, T)).mean()


def kd_loss(
    teacher: Tensor, student: Tensor, T: float = 1.0, kind: Kind = "kl", scale: bool = True
) -> Tensor:
    r"""The soft part of distillation, :math:`T^2 D(p^t(T), p^s(T))` with D one of three.

    Args:
        teacher, student: (m, I) logits; the teacher's are constants here.
        T: temperature of both, more than 0.
        kind: "ce" (:func:`cross_entropy_soft`) and "kl" have the same gradient; "reverse_kl" another.
        scale: times T squared: the gradient by the student's logits shrinks as 1/T², and so keeps its size
            beside a loss on true labels. For T to infinity it nears
            :math:`(z^s_i - z^t_i) / I` for centred logits: then logits are matched.

    Raises:
        ValueError: an unknown kind, shapes that differ, or T that is not more than 0.

    Source: Hinton, Vinyals and Dean 2015, section 2.
    """
    check_name("kind", kind, KINDS)
    teacher = teacher.detach()
    if kind == "ce":
        loss = cross_entropy_soft(teacher, student, T)
    else:
        loss = kl(teacher, student, T, reverse=kind == "reverse_kl")
    return T**2 * loss if scale else loss


def hard_labels(teacher: Tensor) -> Tensor:
    """(m, I) logits -> (m,) the teacher's best item: a label without doubt in it, and not the true one."""
    return teacher.argmax(-1)  # (m,)


def sigmoid_kd(teacher: Tensor, student: Tensor, T: float = 1.0, scale: bool = True) -> Tensor:
    r"""Distillation of independent chances, such as clicks: logits of any one shape.

    .. math::
        T^2 \,\frac1N \sum_n \left[-\sigma(z^t_n/T) \ln \sigma(z^s_n/T)
            - (1 - \sigma(z^t_n/T)) \ln(1 - \sigma(z^s_n/T))\right]

    The gradient by one student logit is :math:`T (\sigma(z^s/T) - \sigma(z^t/T)) / N`, so calibrated
    teachers make calibrated students.

    Raises:
        ValueError: shapes differ, or T is not more than 0.
    """
    check_alike(teacher, student)
    check_temperature(T)
    loss = binary_cross_entropy_with_logits(student / T, torch.sigmoid(teacher.detach() / T))
    return T**2 * loss if scale else loss


def expected(p: Tensor, x: Tensor) -> Tensor:
    """(m, I) probabilities and values -> (m,) means; what has no chance counts 0, were it infinite."""
    return (p * x.masked_fill(p == 0, 0.0)).sum(-1)


def check_temperature(T: float) -> None:
    """Refuse a temperature that is not more than 0."""
    check_range("T", T, 0, "a temperature of", strict=True)


def check_name(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a name that is none of the known ones."""
    if value not in known:
        raise ValueError(f"{name}: {value!r}; expected one of {', '.join(known)}")


def check_alike(teacher: Tensor, student: Tensor) -> None:
    """Refuse answers to other questions, or about other items."""
    if teacher.shape != student.shape:
        raise ValueError(
            f"teacher: logits of shape {tuple(teacher.shape)}; expected {tuple(student.shape)}, the student's"
        )
