"""Compressed recommenders in a file: the same scores, what is shared, refusals that name the trouble."""

import zipfile

import numpy as np
import pytest
import torch
from nets_to_compress import mlp, numbers
from torch import nn

from recsys_course.checkpoint import CheckpointError
from recsys_course.compression import (
    ProductQuantized,
    factorize,
    load,
    magnitude_prune,
    prepare_qat,
    quantize_module,
    replace_table,
    save,
    store_sparse,
    torch_dynamic,
)
from recsys_course.data.planted import two_tribes
from recsys_course.factorization import BPR
from recsys_course.linear import EASE
from recsys_course.neural import SASRec

CODES = torch.tensor([0, 5, 11])
MAKERS = {
    "whole": lambda net: net,
    "codes": lambda net: quantize_module(net, 4, symmetric=False),
    "calibrated": lambda net: quantize_module(net, calibrate=[CODES]),
    "sparse": lambda net: store_sparse(magnitude_prune(net, 0.7)),
    "product": lambda net: replace_table(net, "items", ProductQuantized(net.items, 2, 4)),
    "thin": lambda net: factorize(net, 2),
}


class Local(nn.Module):
    """A class that no file may make."""


@pytest.fixture(scope="module")
def fitted():
    log, _ = two_tribes()
    return SASRec(n_factors=8, n_layers=1, max_length=4, n_epochs=1, n_threads=1).fit(log)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_recommender_scores_as_before(make, fitted, tmp_path):
    net = fitted.module_
    if make is MAKERS["calibrated"]:
        batch = fitted._questions(torch.arange(4))
        compressed = quantize_module(net, calibrate=[batch], call=fitted.logits)
    else:
        compressed = make(net)
    model, users = fitted.with_module(compressed), np.arange(fitted.n_users_)
    save(model, tmp_path / "model.pt")
    again = load(tmp_path / "model.pt", like=fitted)
    np.testing.assert_array_equal(again.score(users), model.score(users))
    np.testing.assert_array_equal(again.recommend(users, 3), model.recommend(users, 3))
    histories = [np.array([0, 1]), np.array([], dtype=int)]
    np.testing.assert_array_equal(again.score_histories(histories), model.score_histories(histories))
    assert again.module_.training is False and type(again) is SASRec
    assert {n: type(m) for n, m in again.module_.named_modules()} == {
        n: type(m) for n, m in model.module_.named_modules()
    }


def test_what_is_shared_is_still_shared(tmp_path):
    net = nn.Sequential(nn.Embedding(12, 4), nn.Linear(4, 12))
    net[1].weight = net[0].weight
    net = quantize_module(net, only="0")
    save(net, tmp_path / "net.pt")
    again = load(tmp_path / "net.pt")
    assert again[1].table is again[0]
    torch.testing.assert_close(again(CODES), net(CODES), rtol=0, atol=0)


def test_shared_parameters_and_gradients(tmp_path):
    net = mlp(sizes=(4, 4, 4))
    net[2].weight = net[0].weight
    net[0].bias.requires_grad_(False)
    save(net, tmp_path / "net.pt")
    again = load(tmp_path / "net.pt")
    assert again[2].weight is again[0].weight
    assert [p.requires_grad for p in again.parameters()] == [p.requires_grad for p in net.parameters()]
    torch.testing.assert_close(again(numbers(3, 4)), net(numbers(3, 4)), rtol=0, atol=0)
    again.train()
    again(numbers(3, 4)).sum().backward()
    assert again[0].weight.grad is not None


@pytest.mark.parametrize("make", [lambda: EASE(), lambda: BPR(n_epochs=2)])
def test_other_recommenders_too(make, tmp_path):
    log, _ = two_tribes()
    model = make().fit(log)
    save(model, tmp_path / "model.pt")
    users = np.arange(log.n_users)
    np.testing.assert_array_equal(load(tmp_path / "model.pt", like=make()).score(users), model.score(users))


def test_the_file_holds_no_code(fitted, tmp_path):
    save(fitted, tmp_path / "model.pt")
    kept = torch.load(tmp_path / "model.pt", weights_only=True)
    assert set(kept) == {"made_of", "state"}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file(fitted, share, tmp_path):
    path = tmp_path / "model.pt"
    save(fitted, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match=r"path: .*model.pt is damaged or no file of save"):
        load(path)


def test_one_byte_of_a_weight_that_is_not_as_written(tmp_path):
    net, path = nn.Linear(50, 50), tmp_path / "net.pt"
    save(net, path)
    data = bytearray(path.read_bytes())
    place = data.find(net.weight.detach().numpy().tobytes()[:40])
    data[place + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"path: .* is damaged in its part"):
        load(path)


def test_other_files(tmp_path):
    path = tmp_path / "x.pt"
    with pytest.raises(CheckpointError, match=r"path: no file .*x.pt; expected one that save wrote"):
        load(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a", "b")
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        load(path)
    torch.save({"made_of": '{"format": 99}', "state": {}}, path)
    with pytest.raises(CheckpointError, match="format was 99, now 1"):
        load(path)
    torch.save({"made_of": '{"format": 1}', "state": {"model": {"is": "init__"}}}, path)
    with pytest.raises(CheckpointError, match=r"holds what this version cannot make .*kind 'init__'"):
        load(path)
    with pytest.raises(CheckpointError, match="cannot write"):
        save(nn.Linear(1, 1), path / "below a file")


@pytest.mark.parametrize(
    "name", ["os:system", "subprocess:Popen", "recsys_course.checkpoint:write", "nowhere:X"]
)
def test_no_file_makes_other_classes(name, tmp_path):
    tree = {"is": "object", "class": name, "of": {"is": "dict", "of": [], "number": 0}, "number": 1}
    torch.save({"made_of": '{"format": 1}', "state": {"model": tree}}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match=f"holds what this version cannot make .*{name}; expected"):
        load(tmp_path / "x.pt")


def test_another_configuration(fitted, tmp_path):
    save(fitted, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=r"was kept with n_factors=8; expected 64"):
        load(tmp_path / "model.pt", like=SASRec(n_layers=1, max_length=4, n_epochs=1, n_threads=1))
    with pytest.raises(CheckpointError, match="holds SASRec; expected EASE"):
        load(tmp_path / "model.pt", like=EASE())


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: nn.Sequential(Local()), "Sequential.0: Local; expected numbers"),
        (lambda: prepare_qat(mlp()), r"Sequential.0: ParametrizedLinear; .*has to be converted first"),
        (lambda: torch_dynamic(mlp()), "Sequential.0: Linear; expected numbers"),
        (lambda: nn.TransformerEncoderLayer(4, 1), "TransformerEncoderLayer.activation: "),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_written(make, place, tmp_path):
    with pytest.raises(TypeError, match=place):
        save(make(), tmp_path / "net.pt")
    assert not list(tmp_path.iterdir())


def test_the_old_file_stays_when_saving_fails(tmp_path):
    path = tmp_path / "net.pt"
    save(nn.Linear(2, 2), path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save(nn.Sequential(Local()), path)
    assert path.read_bytes() == before


def test_settings_that_are_numpys_numbers_come_back(tmp_path):
    log = two_tribes()[0]
    options = {"n_factors": np.int64(4), "n_layers": 1, "n_epochs": 1, "dropout": np.float64(0.1)}
    model = SASRec(**options, max_length=4).fit(log)
    save(model, tmp_path / "kept")
    loaded = load(tmp_path / "kept")
    np.testing.assert_array_equal(loaded.score([0, 1]), model.score([0, 1]))
    assert type(loaded.dropout) is float and loaded.dropout == 0.1
