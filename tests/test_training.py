"""The training loop: what it computes, when it stops, and how it goes on after a stop."""

import os
from itertools import chain

import numpy as np
import pytest
import torch

from recsys_course.base import Diverged
from recsys_course.checkpoint import CheckpointError
from recsys_course.training import Training, seeded, train

X = torch.arange(40, dtype=torch.float32).reshape(20, 2) / 40
Y = X @ torch.tensor([1.0, -2.0]) + 0.5


def squared(module, rows, rng):
    return ((module(X[rows]).squeeze(1) - Y[rows]) ** 2).mean()


def line(seed=0):
    with seeded(seed):
        return torch.nn.Linear(2, 1)


def drops(seed=0):
    """A module with dropout, and a loss that draws: both kinds of chance."""
    with seeded(seed):
        return torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))


def noisy(module, rows, rng):
    return ((module(X[rows]).squeeze(1) - Y[rows] - 0.1 * torch.randn(len(rows), generator=rng)) ** 2).mean()


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()]).numpy()


def test_it_equals_adam_written_out():
    module, by_hand = line(), line()
    train(module, squared, 20, Training(n_epochs=3, batch_size=7, learning_rate=0.05))
    p = [q.detach().clone() for q in by_hand.parameters()]
    first, second, step = [torch.zeros_like(q) for q in p], [torch.zeros_like(q) for q in p], 0
    rng = torch.Generator().manual_seed(0)
    for _ in range(3):
        for rows in torch.randperm(20, generator=rng).split(7):
            leaves = [q.requires_grad_() for q in p]
            loss = ((X[rows] @ leaves[0].T + leaves[1]).squeeze(1) - Y[rows]).square().mean()
            step += 1
            for i, g in enumerate(torch.autograd.grad(loss, leaves)):
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g * g
                a, b = first[i] / (1 - 0.9**step), second[i] / (1 - 0.999**step)
                p[i] = (p[i] - 0.05 * a / (b.sqrt() + 1e-8)).detach()
    assert np.allclose(weights(module), torch.cat([q.flatten() for q in p]).numpy(), atol=1e-6)


def test_every_row_is_met_once_an_epoch_and_the_loss_is_the_mean_over_rows():
    met = []

    def loss(module, rows, rng):
        met.append(rows.tolist())
        return 0 * module(X[rows]).sum() + rows.float().mean()

    told = train(line(), loss, 20, Training(n_epochs=2, batch_size=8))
    assert [len(rows) for rows in met] == [8, 8, 4] * 2
    assert sorted(chain(*met[:3])) == sorted(chain(*met[3:])) == list(range(20))
    assert met[:3] != met[3:]
    assert told.loss == pytest.approx([9.5, 9.5])
    assert told.n_epochs == 2
    assert told.validation == []


def test_the_module_learns_and_is_left_in_eval_mode():
    module = drops()
    told = train(module, noisy, 20, Training(n_epochs=200, batch_size=20, learning_rate=0.02))
    assert told.loss[-1] < 0.3 * told.loss[0]
    assert not module.training


def test_weight_decay_pulls_to_zero():
    module = line()
    norm = np.linalg.norm(weights(module))
    nothing = lambda m, rows, rng: 0 * m(X[rows]).sum()  # noqa: E731
    train(module, nothing, 20, Training(n_epochs=5, batch_size=20, learning_rate=0.1, weight_decay=1.0))
    assert np.linalg.norm(weights(module)) == pytest.approx(norm * 0.9**5, rel=1e-5)


def test_same_seed_same_weights_whatever_was_drawn_before():
    ends = []
    for seed, noise in ((0, 1), (0, 5), (1, 1)):
        torch.rand(noise)
        module = drops()
        train(module, noisy, 20, Training(n_epochs=3, batch_size=7, seed=seed))
        ends.append(weights(module))
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])


def test_random_numbers_and_threads_outside_are_left_alone():
    torch.manual_seed(5)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(5)
    seen = []
    spying = lambda m, rows, rng: seen.append(torch.get_num_threads()) or squared(m, rows, rng)  # noqa: E731
    train(drops(), spying, 20, Training(n_epochs=1, n_threads=1))
    assert torch.equal(torch.rand(3), expected)
    assert seen == [1]
    assert torch.get_num_threads() == threads


def values(*given):
    """A validation that says these values in turn."""
    rest = list(given)
    return lambda module: rest.pop(0)


def test_it_stops_after_patience_and_keeps_the_best_weights():
    module, kept = line(), []

    def validate(m):
        kept.append((weights(m).copy(), m.training, torch.is_grad_enabled()))
        return [0.1, 0.5, 0.5, 0.4, 0.9][len(kept) - 1]

    told = train(module, squared, 20, Training(n_epochs=9, batch_size=5, patience=2), validate)
    assert told.validation == [0.1, 0.5, 0.5, 0.4]  # an equal value is no gain; the 0.9 is never met
    assert told.best_epoch == 1
    assert np.array_equal(weights(module), kept[1][0])
    assert not np.array_equal(kept[1][0], kept[2][0])
    assert not any(training or gradient for _, training, gradient in kept)


def test_without_patience_all_epochs_run_and_the_best_is_kept():
    told = train(line(), squared, 20, Training(n_epochs=4), values(1, 3, 2, 1))
    assert (told.n_epochs, told.best_epoch) == (4, 1)
    assert train(line(), squared, 20, Training(n_epochs=4)).best_epoch == 3


class Stop(Exception):
    pass


def stopping(loss, after):
    """The loss, with a Ctrl-C after so many batches."""
    count = [0]

    def stops(module, rows, rng):
        count[0] += 1
        if count[0] > after:
            raise KeyboardInterrupt
        return loss(module, rows, rng)

    return stops


@pytest.mark.parametrize("after", [0, 1, 4, 8, 11])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, after):
    options = {"n_epochs": 4, "batch_size": 7, "patience": 3}
    whole, parts = drops(), drops()
    expected = train(whole, noisy, 20, Training(**options), values(1, 2, 0, 1))
    training = Training(**options, checkpoint=tmp_path / "deep" / "run.pt")
    with pytest.raises(KeyboardInterrupt):
        train(parts, stopping(noisy, after), 20, training, values(1, 2, 0, 1))
    done = after // 3  # three batches an epoch
    fresh = drops(seed=9)  # the weights come from the file, those of the start, too
    told = train(fresh, noisy, 20, training, values(*[1, 2, 0, 1][done:]))
    assert told == expected
    assert np.array_equal(weights(fresh), weights(whole))


def test_a_finished_run_is_read_not_run_and_more_epochs_go_on(tmp_path):
    file = tmp_path / "run.pt"
    first, again, longer, whole = drops(), drops(1), drops(2), drops()
    train(first, noisy, 20, Training(n_epochs=3, checkpoint=file))
    told = train(again, stopping(noisy, 0), 20, Training(n_epochs=3, checkpoint=file))
    assert told.n_epochs == 3
    assert np.array_equal(weights(again), weights(first))
    train(longer, noisy, 20, Training(n_epochs=5, checkpoint=file))
    train(whole, noisy, 20, Training(n_epochs=5))
    assert np.array_equal(weights(longer), weights(whole))
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    file = tmp_path / "run.pt"
    train(line(), squared, 20, Training(n_epochs=1, checkpoint=file))
    for n_rows, options, what in ((20, {"seed": 1}, "seed was 0, now 1"), (19, {}, "n_rows was 20, now 19")):
        with pytest.raises(CheckpointError, match=what):
            train(line(), squared, n_rows, Training(n_epochs=1, checkpoint=file, **options))
    with pytest.raises(CheckpointError, match="shapes was"):
        train(drops(), noisy, 20, Training(n_epochs=1, checkpoint=file))
    with pytest.raises(CheckpointError, match="validated was false, now true"):
        train(line(), squared, 20, Training(n_epochs=2, checkpoint=file), values(1, 2))


def test_a_validated_checkpoint_does_not_go_on_without_validation(tmp_path):
    file = tmp_path / "run.pt"  # its best weights would be taken for the last ones
    train(line(), squared, 20, Training(n_epochs=2, checkpoint=file), values(2, 1))
    with pytest.raises(CheckpointError, match="validated was true, now false"):
        train(line(), squared, 20, Training(n_epochs=3, checkpoint=file))


def test_a_checkpoint_that_is_further_than_asked_is_refused(tmp_path):
    file = tmp_path / "run.pt"
    train(line(), squared, 20, Training(n_epochs=3, checkpoint=file))
    with pytest.raises(CheckpointError, match=r"run\.pt holds 3 epochs; expected at most n_epochs=2"):
        train(line(), squared, 20, Training(n_epochs=2, checkpoint=file))


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 half a zip"])
def test_a_damaged_checkpoint_names_the_file(tmp_path, content):
    file = tmp_path / "run.pt"
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"run\.pt is damaged .* remove it"):
        train(line(), squared, 20, Training(checkpoint=file))
    assert file.read_bytes() == content


def test_a_half_written_checkpoint_is_damaged(tmp_path):
    file = tmp_path / "run.pt"
    train(line(), squared, 20, Training(n_epochs=1, checkpoint=file))
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CheckpointError, match="damaged"):
        train(line(), squared, 20, Training(n_epochs=1, checkpoint=file))


class Trap:
    def __reduce__(self):
        return os.system, ("true",)


def test_a_checkpoint_runs_no_code(tmp_path):
    file = tmp_path / "run.pt"
    torch.save({"made_of": "{}", "state": Trap()}, file)
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        train(line(), squared, 20, Training(checkpoint=file))


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot write"):  # before anything is trained
        train(line(), stopping(squared, 0), 20, Training(n_epochs=1, checkpoint=tmp_path / "file" / "run.pt"))


def test_a_failed_writing_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    file = tmp_path / "run.pt"
    train(line(), squared, 20, Training(n_epochs=1, checkpoint=file))
    before, save = file.read_bytes(), torch.save

    def full_disk(state, path):
        save(state, path)
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(CheckpointError, match="no space left"):
        train(line(), squared, 20, Training(n_epochs=2, checkpoint=file))
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]
    assert file.read_bytes() == before


def test_it_says_so_when_it_diverges():
    wild = lambda module, rows, rng: squared(module, rows, rng) * float("inf")  # noqa: E731
    with pytest.raises(Diverged, match=r"the loss is inf in epoch 1; lower learning_rate \(now 0\.01\)"):
        train(line(), wild, 20, Training(learning_rate=0.01))
    with pytest.raises(Diverged, match="the validation value is nan in epoch 2"):
        train(line(), squared, 20, Training(), values(1.0, float("nan")))
    met = []
    third = lambda module, rows, rng: squared(module, rows, rng) / (met.append(1) or len(met) < 3)  # noqa: E731
    with pytest.raises(Diverged, match="the loss is inf in epoch 3"):
        train(line(), third, 20, Training())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"n_epochs": 0}, "n_epochs: 0"),
        ({"batch_size": 0}, "batch_size: 0"),
        ({"learning_rate": 0}, "learning_rate: 0"),
        ({"learning_rate": float("nan")}, "learning_rate: nan"),
        ({"weight_decay": -1}, "weight_decay: -1"),
        ({"patience": 0}, "patience: 0"),
        ({"n_threads": 0}, "n_threads: 0"),
        ({"device": "abacus"}, "device: 'abacus'"),
    ],
)
def test_settings_out_of_range_are_named(options, what):
    with pytest.raises(ValueError, match=what):
        Training(**options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device that the test misses")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="device: 'cuda'"):
        Training(device="cuda")


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="n_rows: 0"):
        train(line(), squared, 0)
    with pytest.raises(ValueError, match="no parameters"):
        train(torch.nn.ReLU(), squared, 20)
    with pytest.raises(ValueError, match="patience: 3 without validate"):
        train(line(), squared, 20, Training(patience=3))


def test_the_bar_shows_loss_and_validation(monkeypatch, capsys):
    monkeypatch.setenv("RECSYS_COURSE_PROGRESS", "1")
    train(line(), squared, 20, Training(n_epochs=2), values(0.25, 0.5), what="towers")
    told = capsys.readouterr().err
    assert "towers" in told
    assert "loss " in told
    assert "validation 0.5" in told


def test_frozen_parameters_stay():
    module = line()
    module.bias.requires_grad_(False)
    before = module.bias.clone()
    train(module, squared, 20, Training(n_epochs=2))
    assert torch.equal(module.bias, before)


def test_mixed_precision_changes_nothing_without_the_device():
    ends = []
    for mixed in (False, True):
        module = line()
        train(module, squared, 20, Training(n_epochs=2, mixed_precision=mixed))
        ends.append(weights(module))
    assert np.array_equal(*ends)


def test_counts_are_whole_numbers_numpys_too(tmp_path):
    with pytest.raises(TypeError, match=r"n_epochs: 2\.5; expected a whole number"):
        Training(n_epochs=2.5)
    n = np.int64(1)
    training = Training(n_epochs=n, batch_size=np.int32(7), seed=n, checkpoint=tmp_path / "run.pt")
    assert train(line(), squared, 20, training).n_epochs == 1
