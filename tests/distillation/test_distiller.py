"""The loop of distillation: what reaches the student, what stays as it is, what is refused."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from chains import N_ITEMS, N_USERS, histories, small, transitions

from recsys_course.base import NotFitted, Recommender
from recsys_course.checkpoint import CheckpointError
from recsys_course.distillation import (
    Distiller,
    EmbeddingHint,
    HardLabels,
    Hint,
    ListWise,
    RankDistillation,
    RankingTeacher,
    Relation,
    SelfDistillation,
    SigmoidLabels,
    SoftLabels,
    Sum,
    Teachers,
    as_teacher,
    kd_loss,
    self_distillation,
)
from recsys_course.linear import EASE
from recsys_course.losses import full_softmax
from recsys_course.neural import Batch, TwoTowers

USERS = np.arange(N_USERS)
VECTORS = np.random.default_rng(3).normal(size=(N_ITEMS, 5))


@pytest.fixture(scope="module")
def log():
    return histories(transitions(), USERS[:30])


@pytest.fixture(scope="module")
def teacher(log):
    return small(n_factors=12, n_epochs=6).fit(log)


def scores(model):
    return model.score_histories([[item] for item in range(N_ITEMS)])


def same_weights(a, b):
    return all(
        torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


# ----------------------------------------------------------------- the loss


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_one_step_is_the_formula(log, teacher, weight):
    """One batch, one epoch: the loss told is that of the first parameters, by the formula."""
    student = small(n_epochs=1, batch_size=1000, dropout=0.0)
    got = Distiller(teacher, student, SoftLabels(2.0), weight).fit(log).loss_[0]
    with torch.random.fork_rng():
        torch.manual_seed(student.seed)
        module = student._build(log)
    examples = student._prepare(log)
    batch = examples.batch(torch.arange(len(examples)))
    with torch.no_grad():
        own, others = student.logits(module, batch), teacher.logits(teacher.module_, batch)
        soft = kd_loss(others, own, 2.0)
        expected = (1 - weight) * full_softmax(own, batch.targets) + weight * soft
    assert got == pytest.approx(float(expected), rel=1e-5)


def test_without_weight_it_is_the_control(log, teacher):
    student = small()
    taught = Distiller(teacher, student, SoftLabels(), weight=0.0).fit(log)
    np.testing.assert_array_equal(scores(taught.student_), scores(small().fit(log)))


def test_cross_entropy_and_kl_train_the_same_student(log, teacher):
    """They differ by the teacher's entropy, a constant; so does any mix of the two."""
    by = {
        name: scores(Distiller(teacher, small(dropout=0.0), objective).fit(log).student_)
        for name, objective in {
            "kl": SoftLabels(2.0, "kl"),
            "ce": SoftLabels(2.0, "ce"),
            "mix": Sum([SoftLabels(2.0, "kl"), SoftLabels(2.0, "ce")], [0.3, 0.7]),
            "reverse": SoftLabels(2.0, "reverse_kl"),
        }.items()
    }
    np.testing.assert_allclose(by["ce"], by["kl"], atol=2e-3)
    np.testing.assert_allclose(by["mix"], by["kl"], atol=2e-3)
    assert np.abs(by["reverse"] - by["kl"]).max() > 0.02


@pytest.mark.parametrize(
    "objective",
    [
        SoftLabels(2.0), HardLabels(), SigmoidLabels(2.0), RankDistillation(4, "hybrid"), ListWise(5),
        ListWise(5, kind="listmle"), Hint(), Relation(), Relation("angle", 20), Relation("cosine"),
        EmbeddingHint(VECTORS), Sum([SoftLabels(), Hint(), EmbeddingHint(VECTORS)], [1, 0.5, 2]),
    ],
    ids=lambda objective: type(objective).__name__,
)  # fmt: skip
def test_every_objective_falls_and_leaves_the_teacher_alone(log, teacher, objective):
    teacher.module_.zero_grad()  # its own training may have left some
    before = copy.deepcopy(teacher.module_)
    student = small(n_epochs=4, dropout=0.0)
    taught = Distiller(teacher, student, objective, weight=1.0).fit(log)
    assert taught.loss_[-1] < taught.loss_[0]
    assert same_weights(teacher.module_, before)
    assert not teacher.module_.training
    assert all(parameter.grad is None for parameter in teacher.module_.parameters())
    assert not hasattr(student, "module_") and taught.student_ is not student
    assert type(taught.student_) is type(student)


def test_a_teacher_in_training_mode_is_asked_in_eval_mode(log, teacher):
    """Dropout of a teacher that was left in train mode must not reach the student."""
    noisy = copy.deepcopy(teacher)
    noisy.module_.train()
    taught = [Distiller(t, small(), SoftLabels()).fit(log).student_ for t in (teacher, noisy)]
    np.testing.assert_array_equal(*map(scores, taught))


def test_same_seed_same_student(log, teacher):
    a, b = (Distiller(teacher, small(seed=3), Relation(n_rows=10)).fit(log).student_ for _ in range(2))
    np.testing.assert_array_equal(scores(a), scores(b))


def test_it_answers_as_its_student(log, teacher):
    taught = Distiller(teacher, small(), SoftLabels()).fit(log)
    np.testing.assert_array_equal(taught.score([3, 1]), taught.student_.score([3, 1]))
    assert taught.recommend([0], 5).shape == (1, 5)
    again = pickle.loads(pickle.dumps(taught))
    np.testing.assert_array_equal(again.score([3]), taught.score([3]))


def test_rank_distillation_leaves_out_what_was_met(log, teacher):
    """Twice the same but for the seen items of the lists: other students."""
    with_, without = (
        Distiller(teacher, small(), RankDistillation(6, exclude_seen=flag), 1.0).fit(log).student_
        for flag in (False, True)
    )
    assert np.abs(scores(with_) - scores(without)).max() > 1e-3


# ----------------------------------------------------------------- unlabelled rows, generations, hints


def test_unlabelled_rows_teach_what_the_teacher_says_and_not_what_came_next(log, teacher):
    more = histories(transitions(), USERS[40:80], seed=5)
    taught = Distiller(teacher, small(), SoftLabels(), unlabelled=more).fit(log)
    assert (
        np.abs(scores(taught.student_) - scores(Distiller(teacher, small()).fit(log).student_)).max() > 1e-3
    )
    alone = Distiller(teacher, small(), SoftLabels(), weight=0.0, unlabelled=more).fit(log)
    np.testing.assert_array_equal(
        scores(alone.student_), scores(small().fit(log))
    )  # nothing but their answers


def test_generations_teach_each_other(log):
    taught = self_distillation(small(seed=4), SoftLabels(), generations=2).fit(log)
    assert isinstance(taught, SelfDistillation) and [m.seed for m in taught.generations_] == [4, 5, 6]
    np.testing.assert_array_equal(scores(taught.generations_[0]), scores(small(seed=4).fit(log)))
    second = Distiller(taught.generations_[0], small(seed=5), SoftLabels()).fit(log).student_
    np.testing.assert_array_equal(scores(taught.generations_[1]), scores(second))
    np.testing.assert_array_equal(taught.score([1]), taught.generations_[2].score([1]))
    with pytest.raises(ValueError, match="generations: 0; expected students, at least 1"):
        SelfDistillation(small(), generations=0).fit(log)


def test_embedding_hints_make_vectors_readable_from_the_item_table(log):
    """What the projection reads from the student's table follows the given vectors, with the hint alone."""

    def unexplained(model):
        table = model.items(model.module_).detach().numpy().astype(float)
        table = np.column_stack([table, np.ones(len(table))])
        rest = VECTORS - table @ np.linalg.lstsq(table, VECTORS, rcond=None)[0]
        return (rest**2).sum() / ((VECTORS - VECTORS.mean(0)) ** 2).sum()

    student = small(n_epochs=25, learning_rate=0.02)
    hinted = Distiller(None, student, EmbeddingHint(VECTORS), weight=0.9).fit(log).student_
    assert unexplained(hinted) < 0.5 * unexplained(student.fit(log))


# ----------------------------------------------------------------- who teaches


class Asked(Recommender):
    """Says what it is told to say, and remembers whom it was asked about."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def _fit(self, data):
        pass

    def _score(self, users):
        self.asked.append(users.tolist())
        return self.table[users]


def test_any_recommender_is_asked_by_user_in_bounded_batches(log, monkeypatch):
    monkeypatch.setattr("recsys_course.distillation.asked.CELLS_PER_BATCH", 4 * N_ITEMS)
    table = np.random.default_rng(0).normal(size=(N_USERS, N_ITEMS))
    asked = Asked(table).fit(log)
    taught = Distiller(asked, small(n_epochs=1), SoftLabels(), 1.0).fit(log)
    assert max(map(len, asked.asked)) <= 4
    assert {user for users in asked.asked for user in users} == set(range(30))
    assert np.isfinite(taught.loss_).all()


def test_scores_that_are_no_logits_are_standardized(log):
    table = np.random.default_rng(0).normal(size=(N_USERS, N_ITEMS))
    moved = 0.001 * table + 5
    a, b, c = (
        scores(Distiller(Asked(t).fit(log), small(n_epochs=1), standardize=flag).fit(log).student_)
        for t, flag in ((table, None), (moved, None), (moved, False))
    )
    np.testing.assert_allclose(a, b, atol=1e-3)
    assert np.abs(a - c).max() > 1e-2


def test_a_linear_teacher_is_asked_by_history(log):
    """EASE must not see the item that is asked for: its answer to a prefix is that of the prefix alone."""
    from recsys_course.distillation import as_teacher

    ease = EASE(reg=5).fit(log)
    student = small()
    batch = student._prepare(log).batch(torch.arange(3))
    got = as_teacher(ease, student, standardize=False).logits(batch).numpy()
    row = 0
    for history, asked in zip(batch.histories.numpy(), batch.asked.numpy(), strict=True):
        for place in np.flatnonzero(asked):
            prefix = np.unique(history[:place])
            np.testing.assert_allclose(got[row], ease.weights_[prefix].sum(0), atol=1e-5)
            row += 1
    assert row == len(batch)


@pytest.mark.parametrize(
    "make",
    [
        lambda: small(n_epochs=1),
        lambda: small(max_length=4, n_epochs=1),
        lambda: TwoTowers(user="history", n_epochs=1),
    ],
    ids=["on the batch", "of a shorter memory", "of one question a history"],
)
@pytest.mark.parametrize("student", [small(), TwoTowers(user="history")], ids=["windows", "events"])
def test_a_sequence_teacher_says_what_it_would_of_the_prefix(log, make, student):
    from recsys_course.distillation import as_teacher

    teacher = make().fit(log)
    batch = student._prepare(log).batch(torch.arange(12))
    got = as_teacher(teacher, student).logits(batch).numpy()
    prefixes = [
        history[:place]
        for history, asked in zip(batch.histories.numpy(), batch.asked.numpy(), strict=True)
        for place in np.flatnonzero(asked)
    ]
    np.testing.assert_allclose(got, teacher.score_histories(prefixes), atol=1e-5)


def test_several_teachers_say_the_mean_of_their_chances(log, teacher):
    from recsys_course.distillation import as_teacher

    other = small(seed=9, n_epochs=2).fit(log)
    student = small()
    batch = student._prepare(log).batch(torch.arange(3))
    both = as_teacher(Teachers([teacher, other], [3, 1]), student).logits(batch)
    one, two = (torch.softmax(t.logits(t.module_, batch).detach(), 1) for t in (teacher, other))
    torch.testing.assert_close(torch.softmax(both, 1), 0.75 * one + 0.25 * two)
    Distiller(Teachers([teacher, EASE(reg=5).fit(log)]), small(n_epochs=1)).fit(log)


# ----------------------------------------------------------------- lists as a teacher


def test_lists_teach_their_users_alone(log):
    lists = np.array([[3, 1, 2], [5, 4, -1]])
    ranked = RankingTeacher([7, 2], lists, N_ITEMS, decay=2.0)
    student = small()
    examples = student._prepare(log)
    batch = examples.batch(torch.arange(len(examples)))
    known = ranked.known(batch)
    assert set(batch.users[known].tolist()) == {2, 7}
    p = torch.softmax(ranked.logits(batch)[known], 1)
    weights = np.exp(-np.arange(1, 4) / 2.0)
    of_seven = np.zeros(N_ITEMS)
    of_seven[[3, 1, 2]] = weights / weights.sum()
    of_two = np.zeros(N_ITEMS)
    of_two[[5, 4]] = weights[:2] / weights[:2].sum()
    for row, user in zip(p.numpy(), batch.users[known].tolist(), strict=True):
        np.testing.assert_allclose(row, {7: of_seven, 2: of_two}[user], atol=1e-6)


@pytest.mark.parametrize("objective", [SoftLabels(), RankDistillation(3), ListWise(3), HardLabels()])
def test_a_student_learns_a_list(log, objective):
    """Every user has the same list: the student comes to put it first."""
    ranked = RankingTeacher(USERS, np.tile([3, 11], (N_USERS, 1)), N_ITEMS)
    student = small(n_epochs=12, learning_rate=0.02)
    if isinstance(objective, RankDistillation | ListWise):
        weight = 0.8  # the own loss pushes others down, or says at all where the list stands
    else:
        weight = 1.0
    taught = Distiller(ranked, student, objective, weight).fit(log)
    place = (-scores(taught.student_)).argsort(1).argsort(1)
    control = (-scores(small(n_epochs=12, learning_rate=0.02).fit(log))).argsort(1).argsort(1)
    if isinstance(objective, ListWise):
        assert (place[:, 3] < place[:, 11]).mean() > (control[:, 3] < control[:, 11]).mean()
    else:
        assert place[:, 3].mean() < 0.5 * control[:, 3].mean()


def test_a_list_for_one_question(log):
    """With targets, only the question after which this item came."""
    student = small()
    batch = student._prepare(log).batch(torch.arange(4))
    user, target = int(batch.users[5]), int(batch.targets[5])
    ranked = RankingTeacher([user], [[1, 2]], N_ITEMS, targets=[target])
    expected = (batch.users == user) & (batch.targets == target)
    assert torch.equal(ranked.known(batch), expected) and 0 < int(expected.sum()) < len(batch)


def test_nobody_with_a_list_in_the_batch_is_no_loss(log):
    ranked = RankingTeacher([N_USERS - 1], [[1, 2]], N_ITEMS)
    taught = Distiller(ranked, small(dropout=0.0), SoftLabels(), 0.5).fit(log)
    assert np.isfinite(taught.loss_).all()


@pytest.mark.parametrize(
    "users, lists, message",
    [
        ([0, 0], [[1], [2]], "users: two lists for one question"),
        ([0], [[1, 1]], "lists: an empty list, or an item twice"),
        ([0], [[-1, -1]], "lists: an empty list, or an item twice"),
        ([0], [[1, N_ITEMS]], f"lists: codes 1..{N_ITEMS}; expected 0..{N_ITEMS - 1}"),
        ([0, 1], [[1, 2]], r"lists: shape \(1, 2\) for 2 users"),
    ],
)
def test_refuses_lists(users, lists, message):
    with pytest.raises(ValueError, match=message):
        RankingTeacher(users, lists, N_ITEMS)


# ----------------------------------------------------------------- refusals


def test_refuses_a_teacher_of_other_items(log):
    from recsys_course.interactions import Interactions

    fewer = Interactions(log.users, log.items % 20, N_USERS, 20, times=log.times)
    for other in (small(n_epochs=1).fit(fewer), EASE().fit(fewer)):
        with pytest.raises(ValueError, match=r"teacher: \w+ was fitted on 20 items; expected 24, as in data"):
            Distiller(other, small()).fit(log)
    with pytest.raises(ValueError, match="teacher: RankingTeacher was fitted on 20 items; expected 24"):
        Distiller(RankingTeacher([0], [[1]], 20), small()).fit(log)
    with pytest.raises(ValueError, match="unlabelled: 20 items; expected 24"):
        Distiller(small(n_epochs=1).fit(log), small(), unlabelled=fewer).fit(log)


def test_refuses_a_teacher_of_other_users(log):
    from recsys_course.interactions import Interactions

    fewer = Interactions(log.users, log.items, 30, N_ITEMS, times=log.times)
    asked = Asked(np.zeros((30, N_ITEMS))).fit(fewer)
    with pytest.raises(ValueError, match="teacher: Asked was fitted on 30 users; expected 150, as in data"):
        Distiller(asked, small()).fit(log)
    Distiller(EASE().fit(fewer), small(n_epochs=1)).fit(log)  # by history: who asks does not matter


def test_refuses_a_teacher_that_says_nan(log, teacher):
    broken = copy.deepcopy(teacher)
    with torch.no_grad():
        next(broken.module_.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match="teacher: SASRec says nan in column 0; expected finite numbers"):
        Distiller(broken, small()).fit(log)
    with pytest.raises(ValueError, match="teacher: SASRec says nan"):
        Distiller(broken, small(), Hint()).fit(log)


def test_refuses_wrong_settings(log, teacher):
    for weight in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=rf"weight: {weight}; expected a share in 0..1"):
            Distiller(teacher, small(), weight=weight).fit(log)
    with pytest.raises(ValueError, match="keep: 0; expected logits, at least 1"):
        Distiller(teacher, small(), keep=0).fit(log)
    with pytest.raises(TypeError, match="student: EASE; expected a TorchRecommender"):
        Distiller(teacher, EASE()).fit(log)
    with pytest.raises(TypeError, match="teacher: dict; expected a fitted Recommender"):
        Distiller({}, small()).fit(log)
    with pytest.raises(NotFitted, match="teacher: SASRec is not fitted"):
        Distiller(small(), small()).fit(log)
    with pytest.raises(TypeError, match="teacher: None; expected one, as SoftLabels asks"):
        Distiller(None, small()).fit(log)
    with pytest.raises(TypeError, match="teacher: EASE has no hidden vectors"):
        Distiller(EASE().fit(log), small(), Hint()).fit(log)
    with pytest.raises(NotFitted):
        Distiller(teacher, small()).score([0])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SoftLabels(0), "T: 0; expected a temperature of more than 0"),
        (lambda: SigmoidLabels(-2), "T: -2; expected a temperature"),
        (lambda: SoftLabels(1, "jeffreys"), "kind: 'jeffreys'; expected one of ce, kl, reverse_kl"),
        (lambda: RankDistillation(0), "k: 0; expected a list of at least 1"),
        (lambda: RankDistillation(5, "all"), "weights: 'all'; expected one of"),
        (lambda: ListWise(1), "k: 1; expected candidates, at least 2"),
        (lambda: Relation("shape"), "kind: 'shape'"),
        (lambda: Relation(n_rows=2), "n_rows: 2; expected questions, at least 3"),
        (
            lambda: EmbeddingHint(np.full((3, 2), np.nan)),
            r"vectors: shape \(3, 2\); expected \(I, D\) finite",
        ),
        (lambda: Sum([SoftLabels()], [1, 2]), "weights: 2 for 1 objectives; expected one for each"),
        (lambda: Sum([SoftLabels()], [-1]), "weights: -1; expected weights of at least 0"),
        (lambda: Teachers([EASE()], [0]), "expected numbers of at least 0, not all 0"),
        (lambda: Teachers([]), "weights: 0 for 0 models"),
    ],
)
def test_refuses_settings_of_objectives(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_refuses_vectors_of_other_items(log):
    with pytest.raises(ValueError, match="vectors: 23 rows; expected one for each of 24 items"):
        Distiller(None, small(), EmbeddingHint(VECTORS[:-1])).fit(log)


# ----------------------------------------------------------------- checkpoints


def test_checkpoints_of_other_lessons_are_not_taken_up(log, teacher, tmp_path):
    """Every teacher, objective and weight has a file of its own, beside the plain run's."""
    path = tmp_path / "student.pt"
    small(n_epochs=1, checkpoint=path).fit(log)
    plain = path.read_bytes()
    taught = Distiller(teacher, small(n_epochs=2, checkpoint=path), SoftLabels()).fit(log)
    uninterrupted = Distiller(teacher, small(n_epochs=2), SoftLabels()).fit(log)
    np.testing.assert_array_equal(scores(taught.student_), scores(uninterrupted.student_))
    assert path.read_bytes() == plain and len(list(tmp_path.glob("student.distilled-*.pt"))) == 1
    Distiller(teacher, small(n_epochs=1, checkpoint=path), SoftLabels(2.0)).fit(log)
    assert len(list(tmp_path.glob("student.distilled-*.pt"))) == 2
    first = Distiller(teacher, small(n_epochs=1, checkpoint=tmp_path / "other.pt"), SoftLabels()).fit(log)
    rest = Distiller(teacher, small(n_epochs=2, checkpoint=tmp_path / "other.pt"), SoftLabels()).fit(log)
    assert len(first.loss_) == 1
    np.testing.assert_array_equal(scores(rest.student_), scores(uninterrupted.student_))


def test_a_truncated_checkpoint_is_refused(log, teacher, tmp_path):
    make = lambda: Distiller(teacher, small(n_epochs=1, checkpoint=tmp_path / "s.pt"), SoftLabels())  # noqa: E731
    make().fit(log)
    (kept,) = tmp_path.glob("*.pt")
    kept.write_bytes(kept.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="is damaged or no checkpoint"):
        make().fit(log)


def test_a_checkpoint_of_another_student_is_refused(log, teacher, tmp_path):
    Distiller(teacher, small(n_epochs=1, checkpoint=tmp_path / "s.pt")).fit(log)
    with pytest.raises(CheckpointError, match="belongs to another training"):
        Distiller(teacher, small(n_epochs=1, n_factors=6, checkpoint=tmp_path / "s.pt")).fit(log)


# ----------------------------------------------------------------- teachers that say little


@pytest.mark.parametrize("objective", [SoftLabels(), Sum([SoftLabels()]), ListWise(2)])
def test_a_batch_without_an_answer_stops_nothing(log, objective):
    ranked = RankingTeacher([3], [[1, 2]], N_ITEMS)
    student = small(n_epochs=1, batch_size=2)
    told = Distiller(ranked, student, objective, weight=1.0).fit(log)
    assert np.isfinite(told.loss_).all()
    assert not same_weights(told.student_.module_, student._build(log))


def test_what_asks_no_teacher_is_heard_where_the_teacher_is_silent(log):
    silent = RankingTeacher([N_USERS - 1], [[1, 2]], N_ITEMS)  # a user without events
    hint = EmbeddingHint(VECTORS)
    alone = Distiller(None, small(n_epochs=1), hint, weight=1.0).fit(log)
    both = Distiller(silent, small(n_epochs=1), Sum([hint, SoftLabels()]), weight=1.0).fit(log)
    np.testing.assert_allclose(both.loss_, alone.loss_, rtol=1e-5)


def test_a_reverse_divergence_from_a_list_is_refused(log):
    ranked = RankingTeacher(USERS, np.tile([3, 11], (N_USERS, 1)), N_ITEMS)
    with pytest.raises(
        ValueError, match="kind: 'reverse_kl', but the teacher has items that are not on offer"
    ):
        Distiller(ranked, small(), SoftLabels(kind="reverse_kl")).fit(log)


def test_a_list_of_two_users_questions_is_not_mixed_up():
    for wrong in (-1, N_ITEMS):  # the key of another user's question
        with pytest.raises(ValueError, match=rf"targets: codes {wrong}..{wrong}; expected 0..{N_ITEMS - 1}"):
            RankingTeacher([1], [[1, 2]], N_ITEMS, targets=[wrong])
    with pytest.raises(ValueError, match=r"targets: shape \(1,\); expected \(2,\)"):
        RankingTeacher([1, 2], [[1, 2], [2, 3]], N_ITEMS, targets=[3])
    with pytest.raises(TypeError, match="users: float64 values; expected integer codes"):
        RankingTeacher([1.7], [[1, 2]], N_ITEMS)
    with pytest.raises(TypeError, match="lists: float64 values; expected integer codes"):
        RankingTeacher([1], [[1.0, 2.5]], N_ITEMS)


def test_scores_are_standardized_over_what_is_on_offer(log):
    class Refusing(EASE):
        def _score(self, users):
            scores = super()._score(users)
            scores[:, 5] = -np.inf
            return scores

    teacher = as_teacher(Refusing(reg=10).fit(log), TwoTowers())
    logits = teacher.logits(Batch(torch.arange(3), torch.full((3,), -1)))
    assert bool((logits[:, 5] == -torch.inf).all())
    rest = logits[:, torch.arange(N_ITEMS) != 5]
    torch.testing.assert_close(rest.mean(1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(rest.std(1, unbiased=False), torch.ones(3))


@pytest.mark.parametrize("weights", ["discrepancy", "hybrid"])
def test_what_a_user_has_met_does_not_push_the_list_down(weights):
    """The student ranks what is unmet as the teacher does; what was met stands above it."""
    student, teacher = SimpleNamespace(known=None), SimpleNamespace()
    student.logits = torch.tensor([[9.0, 8.0, 3.0, 2.0, 1.0]], requires_grad=True)
    student.seen = torch.tensor([[True, True, False, False, False]])
    teacher.top = lambda k, without=None: torch.tensor([[2, 3, -1]])
    loss = RankDistillation(3, weights)(student, teacher)
    loss.backward()
    assert loss.item() == 0 and not student.logits.grad.any()
    student.logits = torch.tensor([[9.0, 8.0, 2.0, 3.0, 1.0]], requires_grad=True)
    loss = RankDistillation(3, weights)(student, teacher)
    assert loss.item() == pytest.approx(np.log1p(np.exp(-2.0)))  # the first alone is too low
