"""Answers on disk: the same as live ones, found by their contents, made again where they are damaged."""

import copy
import math
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from chains import N_ITEMS, N_USERS, histories, small, transitions

from recsys_course.distillation import (
    Distiller,
    Hint,
    Kept,
    ListWise,
    RankDistillation,
    RankingTeacher,
    SoftLabels,
    Teachers,
    as_teacher,
    top_logits,
)
from recsys_course.distillation.cache import content_hash
from recsys_course.distillation.views import TeacherView
from recsys_course.linear import EASE
from recsys_course.neural import SASRec, TwoTowers


@pytest.fixture(scope="module")
def log():
    return histories(transitions(), np.arange(20))


@pytest.fixture(scope="module")
def teacher(log):
    return small(n_epochs=3).fit(log)


def taught(teacher, log, cache, **settings):
    objective = settings.pop("objective", SoftLabels())
    distiller = Distiller(teacher, small(n_epochs=2), objective, cache=cache, **{"keep": 6} | settings)
    return distiller.fit(log)


def scores(distiller):
    return distiller.student_.score_histories([[item] for item in range(N_ITEMS)])


def kept(teacher, log, folder, keep=6):
    student = small()
    examples = student._prepare(log)
    return Kept(as_teacher(teacher, student), examples, N_USERS, folder, keep), examples


class Watched(SASRec):
    """Counts the questions it is asked."""

    def logits(self, module, batch):
        self.sizes.append(len(batch))
        return super().logits(module, batch)


class Stopped(SASRec):
    """Somebody presses Ctrl-C while it is asked."""

    def logits(self, module, batch):
        raise KeyboardInterrupt


def as_a(kind, teacher):
    """The teacher, in another class."""
    other = copy.copy(teacher)
    other.__class__, other.sizes = kind, []
    return other


# ----------------------------------------------------------------- what is kept


@pytest.mark.parametrize("keep", [1, 5, 24, 30])
def test_kept_items_have_their_exact_chances_and_the_rest_shares_what_is_left(keep):
    logits = 3 * torch.randn(7, N_ITEMS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact, got = torch.softmax(logits, 1), torch.softmax(top_logits(logits, keep).dense(N_ITEMS), 1)
    best = logits.topk(min(keep, N_ITEMS)).indices
    torch.testing.assert_close(got.gather(1, best), exact.gather(1, best))
    rest = got.scatter(1, best, 0.0)
    spread = (1 - exact.gather(1, best).sum(1)) / max(1, N_ITEMS - keep)
    assert all(
        row[row > 0].numpy() == pytest.approx(s.item())
        for row, s in zip(rest, spread, strict=True)
        if keep < 24
    )


def test_by_hand():
    """Logits ln (8, 4, 2, 1, 1) with two kept: the rest has ln 4, so each of the three ln 4/3."""
    top = top_logits(torch.tensor([[8.0, 4.0, 2.0, 1.0, 1.0]]).log(), 2)
    assert top.items.tolist() == [[0, 1]] and top.rest.item() == pytest.approx(math.log(4))
    assert torch.softmax(top.dense(5), 1).tolist()[0] == pytest.approx([8 / 16, 4 / 16, *[4 / 3 / 16] * 3])


def test_minus_infinity_stays_off_offer():
    logits = torch.tensor([[1.0, -torch.inf, 0.0, -torch.inf]])
    for keep in (1, 2, 3, 4):
        p = torch.softmax(top_logits(logits, keep).dense(4), 1)[0]
        assert p.isfinite().all() and p[0].item() == pytest.approx(math.e / (math.e + 1))
    assert torch.equal(top_logits(logits, 2).dense(4), logits)


@pytest.mark.parametrize("kind", ["torch", "history", "user", "many"])
def test_all_kept_is_as_if_asked_live(log, teacher, tmp_path, kind):
    from recsys_course.baselines import Popularity

    who = {
        "torch": teacher, "history": EASE(reg=5).fit(log), "user": Popularity().fit(log),
        "many": Teachers([teacher, EASE(reg=5).fit(log)]),
    }[kind]  # fmt: skip
    live = scores(taught(who, log, None))
    for _ in range(2):  # written, then read
        np.testing.assert_allclose(scores(taught(who, log, tmp_path, keep=N_ITEMS)), live, atol=1e-5)
    assert len(list(tmp_path.iterdir())) == 1


def test_answers_belong_to_their_questions(log, teacher, tmp_path):
    """In any order of rows, and for each question its own."""
    store, examples = kept(teacher, log, tmp_path, keep=N_ITEMS)
    batch = examples.batch(torch.tensor([3, 0, 7]))
    torch.testing.assert_close(store.logits(batch), teacher.logits(teacher.module_, batch).detach())


def test_an_answer_for_each_user_is_kept_once(log, tmp_path):
    towers = TwoTowers(user="id", n_epochs=1)
    ease = EASE(reg=5).fit(log)
    Distiller(ease, towers, cache=tmp_path, keep=4).fit(log)
    (folder,) = tmp_path.iterdir()
    assert np.load(folder / "items.npy").shape == (N_USERS, 4)


def test_the_teacher_is_asked_once(log, teacher, tmp_path):
    asked = as_a(Watched, teacher)
    store, examples = kept(asked, log, tmp_path)
    assert sum(asked.sizes) == len(log)
    store.logits(examples.batch(torch.arange(5)))
    assert sum(asked.sizes) == len(log)


def test_memory_is_bounded_while_answers_are_made(log, teacher, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_course.distillation.teacher.LOGITS_AT_ONCE", 3 * 10 * N_ITEMS)
    asked = as_a(Watched, teacher)
    kept(asked, log, tmp_path)
    assert max(asked.sizes) <= 30 and len(asked.sizes) >= 6


def test_hidden_vectors_are_not_kept(log, teacher, tmp_path):
    np.testing.assert_array_equal(
        scores(taught(teacher, log, tmp_path, objective=Hint())),
        scores(taught(teacher, log, None, objective=Hint())),
    )
    assert not list(tmp_path.iterdir())


def test_with_patience_the_held_out_events_are_not_in_it(log, teacher, tmp_path):
    student = small(n_epochs=2, patience=2)
    a, b = (Distiller(teacher, student, cache=c, keep=N_ITEMS).fit(log) for c in (tmp_path, None))
    np.testing.assert_allclose(scores(a), scores(b), atol=1e-5)
    (folder,) = tmp_path.iterdir()
    assert len(np.load(folder / "rest.npy")) == len(log) - 20


# ----------------------------------------------------------------- the key


def test_another_teacher_data_or_keep_is_another_key(log, teacher, tmp_path):
    other = copy.deepcopy(teacher)
    with torch.no_grad():
        next(other.module_.parameters()).view(-1)[0] += 1e-3
    keys = [
        kept(teacher, log, tmp_path)[0].key,
        kept(other, log, tmp_path)[0].key,
        kept(teacher, log, tmp_path, keep=5)[0].key,
        kept(teacher, log.take(np.arange(len(log) - 1)), tmp_path)[0].key,
    ]
    assert len(set(keys)) == 4
    assert kept(copy.deepcopy(teacher), log, tmp_path)[0].key == keys[0]
    assert kept(small(n_epochs=3).fit(log), log, tmp_path)[0].key == keys[0]


def test_whether_scores_are_standardized_is_in_the_key(log, tmp_path):
    ease = EASE(reg=5).fit(log)
    a, b = (scores(taught(ease, log, tmp_path, standardize=flag, keep=N_ITEMS)) for flag in (True, False))
    np.testing.assert_allclose(b, scores(taught(ease, log, None, standardize=False)), atol=1e-5)
    assert np.abs(a - b).max() > 1e-3


@pytest.mark.slow
def test_another_process_finds_the_same_key(log, teacher, tmp_path):
    here = Path(__file__).parent
    code = (
        f"import sys; sys.path.insert(0, {str(here)!r})\n"
        "import numpy as np, torch\n"
        "from pathlib import Path\n"
        "from chains import *\n"
        "from recsys_course.distillation import Kept, as_teacher\n"
        "log = histories(transitions(), np.arange(20))\n"
        "t = small(n_epochs=3).fit(log)\n"
        f"print(Kept(as_teacher(t, small()), small()._prepare(log), N_USERS, Path({str(tmp_path)!r}), 6).key)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split()[-1] == kept(teacher, log, tmp_path)[0].key


def test_hash_of_contents():
    a = torch.arange(6.0)
    assert content_hash([a]) == content_hash([a.clone()]) != content_hash([a + 1])
    assert content_hash([a, 1]) != content_hash([a, 2])
    assert content_hash([a[::2]]) == content_hash([a[::2].clone()])
    assert content_hash([a.numpy()]) != content_hash([a.numpy().reshape(2, 3)])
    with pytest.raises(TypeError, match=r"cache: .*; expected a teacher that can be pickled, or cache=None"):
        content_hash([lambda: 0])


# ----------------------------------------------------------------- damage


def damage(folder, how):
    if how == "cut":
        (folder / "logits.npy").write_bytes((folder / "logits.npy").read_bytes()[:-8])
    elif how == "flipped":
        content = bytearray((folder / "items.npy").read_bytes())
        content[-1] ^= 1
        (folder / "items.npy").write_bytes(bytes(content))
    elif how == "gone":
        (folder / "rest.npy").unlink()
    else:
        (folder / "sums.json").write_text(how)


@pytest.mark.parametrize("how", ["cut", "flipped", "gone", "{", "[]", "{}"])
def test_what_is_damaged_is_made_again(log, teacher, tmp_path, how):
    right = scores(taught(teacher, log, tmp_path))
    (folder,) = tmp_path.iterdir()
    damage(folder, how)
    np.testing.assert_array_equal(scores(taught(teacher, log, tmp_path)), right)
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]  # whole again, and nothing beside it
    assert {p.name for p in folder.iterdir()} == {"items.npy", "logits.npy", "rest.npy", "sums.json"}


def test_a_crash_on_the_way_leaves_nothing(log, teacher, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        taught(as_a(Stopped, teacher), log, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_done_without(log, teacher, tmp_path):
    live = scores(taught(teacher, log, None))
    (tmp_path / "file").write_text("no folder")
    with pytest.warns(UserWarning, match=r"cache: cannot write .*; the teacher is asked at every batch"):
        got = taught(teacher, log, tmp_path / "file")
    np.testing.assert_array_equal(scores(got), live)


def test_a_read_only_folder_that_has_the_answers_is_read(log, teacher, tmp_path, monkeypatch, recwarn):
    right = scores(taught(teacher, log, tmp_path))

    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "mkdir", refuse)  # as root nothing is read-only
    np.testing.assert_array_equal(scores(taught(teacher, log, tmp_path)), right)
    assert not [w for w in recwarn if "cache:" in str(w.message)]
    with pytest.warns(UserWarning, match="cache: cannot write"):
        taught(teacher, log, tmp_path, keep=3)


@pytest.mark.parametrize("what", ["lock", "circle"])
def test_a_teacher_that_cannot_be_named_is_told(log, tmp_path, what):
    teacher = EASE(reg=10).fit(log)
    teacher.extra = threading.Lock() if what == "lock" else [teacher]
    with pytest.raises(TypeError, match=r"^cache: .*; expected a teacher that can be pickled, or cache=None"):
        taught(teacher, log, tmp_path)


@pytest.mark.parametrize("objective", [RankDistillation(10), ListWise(10), ListWise(10, kind="listmle")])
def test_what_was_not_kept_has_no_order(log, teacher, tmp_path, objective):
    """Ten are asked for, three are kept: the list is short, and not filled up with what comes first."""
    answers, examples = kept(teacher, log, tmp_path, keep=3)
    batch = examples.batch(torch.arange(4))
    view = TeacherView(answers, batch, None)
    whole = TeacherView(answers.teacher, batch, None)
    top = view.top(10)
    assert torch.equal(top[:, :3], whole.top(3)) and bool((top[:, 3:] == -1).all())
    without = torch.zeros_like(view.logits, dtype=torch.bool).scatter(1, top[:, :2], True)
    assert torch.equal(view.top(10, without)[:, 0], top[:, 2])
    assert bool((view.top(10, without)[:, 1:] == -1).all())
    short = replace(objective, k=3)
    a, b = (
        taught(teacher, log, tmp_path, keep=keep, objective=of) for keep, of in ((3, objective), (24, short))
    )
    if isinstance(objective, ListWise):
        np.testing.assert_allclose(a.loss_, b.loss_, rtol=1e-4)
    assert np.isfinite(a.loss_).all()


def test_a_weight_of_zero_asks_nobody(log, teacher, tmp_path):
    taught(teacher, log, tmp_path, weight=0.0)
    assert not list(tmp_path.iterdir())


def test_another_answer_of_the_log_is_another_key(log, tmp_path):
    """A list that counts for a target is asked about targets, so they belong to the key."""
    user = int(log.users[0])
    last = np.flatnonzero(log.users == user)[-1]
    lists = RankingTeacher([user], [[1, 2]], N_ITEMS, targets=[int(log.items[last])])
    moved = log.items.copy()
    moved[last] = (moved[last] + 1) % N_ITEMS
    other = replace(log, items=moved)
    both = Teachers([lists, EASE(reg=10).fit(log)])
    keys = [kept(both, some, tmp_path)[0].key for some in (log, other)]
    assert keys[0] != keys[1]
