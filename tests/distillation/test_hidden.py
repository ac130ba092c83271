"""Hints and relations: what they see, and to what they are blind."""

import math

import numpy as np
import pytest
import torch

from recsys_course.distillation import angles, cosines, distances, hint_loss, relation_loss
from recsys_course.distillation.hidden import RELATIONS

each_kind = pytest.mark.parametrize("kind", RELATIONS)


def vectors(m=7, k=4, seed=0):
    return torch.randn(m, k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(k, seed=5):
    return torch.linalg.qr(vectors(k, k, seed))[0]


@each_kind
def test_relations_do_not_change_when_a_model_is_turned(kind):
    s, t = vectors(), vectors(k=6, seed=1)
    plain = relation_loss(s, t, kind)
    assert plain > 1e-3
    torch.testing.assert_close(relation_loss(s @ rotation(4), t, kind), plain)
    torch.testing.assert_close(relation_loss(s, t @ rotation(6), kind), plain)
    assert relation_loss(t @ rotation(6), t, kind) < 1e-20


@each_kind
def test_relations_do_not_depend_on_the_scale(kind):
    s, t = vectors(), vectors(k=6, seed=1)
    torch.testing.assert_close(relation_loss(3 * s, t / 7, kind), relation_loss(s, t, kind))


def test_moving_a_model_changes_cosines_alone():
    s, t = vectors(), vectors(seed=1)
    for kind in ("distance", "angle"):
        torch.testing.assert_close(relation_loss(s + 5, t, kind), relation_loss(s, t, kind))
    assert abs(relation_loss(s + 5, t, "cosine") - relation_loss(s, t, "cosine")) > 1e-2


def test_relations_are_their_formulas_as_loops():
    x = vectors().numpy()
    m = len(x)
    d = [np.linalg.norm(x[i] - x[j]) for i in range(m) for j in range(i + 1, m)]
    np.testing.assert_allclose(distances(torch.tensor(x)), np.array(d) / np.mean(d))
    cosine = [[x[i] @ x[j] / np.linalg.norm(x[i]) / np.linalg.norm(x[j]) for j in range(m)] for i in range(m)]
    np.testing.assert_allclose(cosines(torch.tensor(x)), cosine)
    got = angles(torch.tensor(x))
    for j in range(m):
        for i in range(m):
            for k in range(m):
                a, b = x[i] - x[j], x[k] - x[j]
                size = np.linalg.norm(a) * np.linalg.norm(b)
                assert got[j, i, k] == pytest.approx(a @ b / size if size else 0.0, abs=1e-12)


def test_relations_by_hand():
    """A right angle with legs 3 and 4 and a hypotenuse of 5, whose mean is 4."""
    x = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert distances(x).tolist() == [0.75, 1.0, 1.25]
    assert angles(x)[0, 1, 2] == 0 and angles(x)[1, 0, 2].item() == pytest.approx(3 / 5)


@each_kind
def test_relations_have_finite_gradients_where_two_rows_are_the_same(kind):
    s = vectors()
    s[1] = s[0]
    s.requires_grad_()
    relation_loss(s, vectors(seed=1), kind).backward()
    assert s.grad.isfinite().all() and s.grad.abs().sum() > 0


def test_a_hint_with_the_right_projection_is_0():
    s, W = vectors(), vectors(6, 4, seed=2)
    project = torch.nn.Linear(4, 6, bias=False, dtype=torch.float64)
    with torch.no_grad():
        project.weight.copy_(W)
    assert hint_loss(s, s @ W.T, project) < 1e-20
    assert hint_loss(s, s @ W.T + 0.5, project).item() == pytest.approx(0.25)
    assert hint_loss(s, s @ rotation(4)) > 0.1  # without a projection the axes matter


def test_a_hint_teaches_student_and_projection_but_not_the_teacher():
    s, t = vectors().requires_grad_(), vectors(k=6, seed=1).requires_grad_()
    project = torch.nn.Linear(4, 6, dtype=torch.float64)
    hint_loss(s, t, project).backward()
    assert t.grad is None and s.grad.abs().sum() > 0 and project.weight.grad.abs().sum() > 0
    s2, t2 = vectors().requires_grad_(), vectors(seed=1).requires_grad_()
    relation_loss(s2, t2).backward()
    assert t2.grad is None and math.isfinite(s2.grad.sum())


def test_refusals():
    with pytest.raises(
        ValueError, match=r"student: vectors of shape \(7, 4\); expected \(7, 6\), the teacher's"
    ):
        hint_loss(vectors(), vectors(k=6))
    with pytest.raises(ValueError, match="kind: 'shape'; expected one of distance, angle, cosine"):
        relation_loss(vectors(), vectors(), "shape")
    with pytest.raises(ValueError, match="student: 7 rows beside the teacher's 6; expected as many"):
        relation_loss(vectors(), vectors(6))
    with pytest.raises(ValueError, match="at least 3"):
        relation_loss(vectors(2), vectors(2), "angle")


@pytest.mark.parametrize("kind", ["angle", "cosine"])
def test_vectors_without_a_direction_pull_nowhere(kind):
    """Two rows that are one, as two questions after the same item: no way between them, so no slope of it."""
    s, t = vectors().float(), vectors(k=6, seed=1).float()
    s[1] = s[0] if kind == "angle" else 0
    s.requires_grad_()
    relation_loss(s, t, kind).backward()
    assert s.grad.isfinite().all() and s.grad.abs().max() < 10
