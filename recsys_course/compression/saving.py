"""Recommenders and modules in a file, whatever their layers have become, read without running code.

A state alone does not say that a layer is now two thin ones, or a table of codes. So the file holds the tree
of objects as plain lists and dictionaries, with its tensors; only classes of this package and layers of
``torch.nn`` are made from it.
"""

from __future__ import annotations

import zipfile
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import nn

from recsys_course.checkpoint import CheckpointError, read, write

FORMAT = 1
PLAIN = (type(None), bool, int, float, str)
OF_ALL_MODULES = frozenset(nn.Module().__dict__) - {"training", "_non_persistent_buffers_set"}
KINDS = (
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "tensor",
    "parameter",
    "array",
    "csr",
    "named",
    "path",
    "object",
)
PARTS = ("_parameters", "_buffers", "_modules")


def save(model: Any, path: str | Path) -> None:
    """Keep a fitted recommender, or a module, compressed or not; a crash in between leaves the old file.

    Raises:
        TypeError: it holds what cannot be kept, named by its place.
        CheckpointError: the file cannot be written.
    """
    write(path, {"format": FORMAT}, {"model": _Writer().tree(model, type(model).__name__)})


def load(path: str | Path, like: Any = None) -> Any:
    """What :func:`save` kept; recommenders score as before.

    Args:
        like: a recommender whose class and plain options the file must agree with; None takes what is there.

    Raises:
        CheckpointError: no file, a damaged one, one of another kind, or another configuration than ``like``.
    """
    _check_sums(path)
    state: Any = read(path, {"format": FORMAT}, "cpu")
    try:
        model = _Reader().thing(state["model"])
    except (KeyError, TypeError, ValueError, AttributeError, ImportError) as error:
        raise CheckpointError(f"path: {path} holds what this version cannot make ({error})") from error
    if like is not None:
        _same(model, like, path)
    return model


def _check_sums(path: str | Path) -> None:
    """Refuse a file with a byte that is not as written; torch itself would take it for a weight."""
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except FileNotFoundError as error:
        raise CheckpointError(f"path: no file {path}; expected one that save wrote") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"path: {path} is damaged or no file of save ({error})") from error
    if damaged is not None:
        raise CheckpointError(f"path: {path} is damaged in its part {damaged}")


def _same(model: Any, like: Any, path: str | Path) -> None:
    """Refuse another class or another plain option."""
    if type(model) is not type(like):
        raise CheckpointError(f"path: {path} holds {type(model).__name__}; expected {type(like).__name__}")
    for f in fields(like) if is_dataclass(like) else ():
        kept, wanted = getattr(model, f.name), getattr(like, f.name)
        if isinstance(wanted, PLAIN) and kept != wanted:
            raise CheckpointError(f"path: {path} was kept with {f.name}={kept!r}; expected {wanted!r}")


class _Writer:
    """Objects -> plain trees; what stands in two places is written once."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}
        self.alive: list[Any] = []  # so that no id is used twice

    def tree(self, thing: Any, where: str) -> Any:
        if isinstance(thing, np.generic):  # before PLAIN: np.float64 is a float, which load would refuse
            return thing.item()
        if isinstance(thing, PLAIN):
            return thing
        if type(thing) in (list, tuple, set, frozenset):
            parts = [self.tree(part, f"{where}[{n}]") for n, part in enumerate(thing)]
            return {"is": type(thing).__name__, "of": parts}
        if id(thing) in self.known:
            return {"is": "known", "number": self.known[id(thing)]}
        made = self._new(thing, where)
        self.known[id(thing)] = made["number"] = len(self.alive)
        self.alive.append(thing)
        return made

    def _new(self, thing: Any, where: str) -> dict[str, Any]:
        if isinstance(thing, dict):
            pairs = [[self.tree(k, where), self.tree(v, _place(where, k))] for k, v in thing.items()]
            return {"is": "dict", "of": pairs}
        if isinstance(thing, torch.Tensor):
            kind = "parameter" if isinstance(thing, nn.Parameter) else "tensor"
            return {"is": kind, "of": thing.detach(), "gradient": thing.requires_grad}
        if isinstance(thing, np.ndarray):
            plain = thing.dtype.kind in "OUS"
            data = thing.tolist() if plain else torch.from_numpy(np.ascontiguousarray(thing))
            return {"is": "array", "of": self.tree(data, where) if plain else data, "dtype": thing.dtype.str}
        if isinstance(thing, sparse.csr_array):
            parts = {n: getattr(thing, n) for n in ("data", "indices", "indptr")}
            return {"is": "csr", "of": self.tree(parts, where), "shape": self.tree(thing.shape, where)}
        if isinstance(thing, tuple):  # one with names
            of = [self.tree(part, _place(where, str(n))) for n, part in enumerate(thing)]
            return {"is": "named", "class": _named(thing, where), "of": of}
        if isinstance(thing, Path):
            return {"is": "path", "of": str(thing)}
        return {"is": "object", "class": _named(thing, where), "of": self.tree(_state(thing), where)}


def _place(where: str, key: Any) -> str:
    """How a person would write it: SASRec.module_.blocks.0, not SASRec.module_._modules.blocks."""
    return where if key in PARTS else f"{where}.{key}"


def _state(thing: Any) -> dict[str, Any]:
    """The attributes of an object; of a module without hooks."""
    if not isinstance(thing, nn.Module):
        return dict(vars(thing))
    own = {name: value for name, value in vars(thing).items() if name not in OF_ALL_MODULES}
    return own | {name: dict(getattr(thing, name)) for name in PARTS}


def _named(thing: Any, where: str) -> str:
    name = f"{type(thing).__module__}:{type(thing).__qualname__}"
    try:
        if _class(name) is type(thing):
            return name
    except (AttributeError, ImportError, TypeError):
        pass
    raise TypeError(
        f"{where}: {type(thing).__name__}; expected numbers, texts, tensors, layers of torch.nn, or "
        "classes of recsys_course (a module from prepare_qat has to be converted first)"
    )


def _class(name: str) -> type:
    """A class by its name, if it may be made from a file."""
    module, _, path = name.partition(":")
    if not module.startswith(("recsys_course.", "torch.nn.modules.")):
        raise TypeError(f"class {name}; expected one of recsys_course or torch.nn")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    named = isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")
    if not isinstance(found, type) or not (issubclass(found, nn.Module) or is_dataclass(found) or named):
        raise TypeError(f"class {name}; expected a module, a dataclass or a tuple with names")
    return found


class _Reader:
    """Plain trees -> objects."""

    def __init__(self) -> None:
        self.known: dict[int, Any] = {}

    def thing(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            return tree
        if tree["is"] == "known":
            return self.known[tree["number"]]
        if tree["is"] not in KINDS:
            raise ValueError(f"a part of kind {tree['is']!r}; expected one of {', '.join(KINDS)}")
        made = getattr(self, f"_{tree['is']}")(tree)
        if "number" in tree:
            self.known[tree["number"]] = made
        return made

    def _list(self, tree: dict[str, Any]) -> Any:
        makers = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
        return makers[tree["is"]](self.thing(part) for part in tree["of"])

    _tuple = _set = _frozenset = _list

    def _dict(self, tree: dict[str, Any]) -> Any:
        return {self.thing(key): self.thing(value) for key, value in tree["of"]}

    def _tensor(self, tree: dict[str, Any]) -> Any:
        return tree["of"].requires_grad_(tree["gradient"])

    def _parameter(self, tree: dict[str, Any]) -> Any:
        return nn.Parameter(tree["of"], requires_grad=tree["gradient"])

    def _array(self, tree: dict[str, Any]) -> Any:
        if isinstance(tree["of"], torch.Tensor):
            return tree["of"].numpy()
        return np.array(self.thing(tree["of"]), dtype=np.dtype(tree["dtype"]))

    def _csr(self, tree: dict[str, Any]) -> Any:
        of = self.thing(tree["of"])
        return sparse.csr_array((of["data"], of["indices"], of["indptr"]), shape=self.thing(tree["shape"]))

    def _path(self, tree: dict[str, Any]) -> Any:
        return Path(tree["of"])

    def _named(self, tree: dict[str, Any]) -> Any:
        return _class(tree["class"])(*[self.thing(part) for part in tree["of"]])

    def _object(self, tree: dict[str, Any]) -> Any:
        cls: Any = _class(tree["class"])
        made, state = cls.__new__(cls), self.thing(tree["of"])
        if isinstance(made, nn.Module):
            nn.Module.__init__(made)
            for part in PARTS:
                getattr(made, part).update(state.pop(part))
        made.__dict__.update(state)
        return made
