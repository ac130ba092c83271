"""Whole modules in 8 bits or fewer: after training, with or without a look at the inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from recsys_course.compression.int8 import Int8Embedding, Int8Linear
from recsys_course.compression.layers import copy_of, layers_of, replaced
from recsys_course.compression.quantization import Grid, Observer, Per, Span

Call = Callable[[nn.Module, Any], Any]


def quantize_module(
    module: nn.Module,
    n_bits: int = 8,
    per: Per = "channel",
    symmetric: bool = True,
    calibrate: Iterable[Any] | None = None,
    call: Call | None = None,
    observer: Observer | None = None,
    only: Iterable[str] | str | None = None,
) -> nn.Module:
    """A copy with :class:`Int8Linear` and :class:`Int8Embedding` for its linear layers and embeddings.

    Args:
        module: a trained module. n_bits, per, symmetric: see :class:`.Grid`.
        calibrate: batches that are run through the module to learn the range of each linear layer's inputs;
            None rounds weights alone.
        call: (module, batch) -> anything, how a batch is run, such as ``model.logits``; None calls the module
            with the batch, or with its parts if it is a tuple.
        observer: what a range is taken from; None takes the least and the largest.
        only: names of layers; None takes all.

    Raises:
        ValueError: a setting, see :class:`.Grid`; no such layer; weights that are not finite; no batch, or a
            linear layer that no batch went through.

    What is not a linear layer or an embedding, such as layer norm, stays in float32: it is few numbers.
    """
    grid, found = Grid(n_bits, per, symmetric), layers_of(copy_of(module), only=only)
    spans = {} if calibrate is None else spans_of(module, calibrate, call, observer or Observer(), only)
    return replaced(copy_of(module), {n: in_codes(found[n], grid, spans.get(n)) for n in found})


def in_codes(layer: nn.Module, grid: Grid, span: Span | None = None) -> nn.Module:
    """A linear layer or an embedding in codes, in the mode (training or not) of the old one."""
    if isinstance(layer, nn.Linear):
        return Int8Linear(layer, grid, span).train(layer.training)
    return Int8Embedding(layer, grid.n_bits, grid.per, grid.symmetric).train(layer.training)


def spans_of(
    module: nn.Module,
    batches: Iterable[Any],
    call: Call | None = None,
    observer: Observer | None = None,
    only: Iterable[str] | str | None = None,
) -> dict[str, Span]:
    """Linear layer -> least and largest input over the batches; see :func:`quantize_module`."""
    watched = copy_of(module).eval()
    linears = {n: layer for n, layer in layers_of(watched, only=only).items() if isinstance(layer, nn.Linear)}
    seen = {name: replace(observer or Observer()) for name in linears}  # an observer each
    for name, layer in linears.items():
        layer.register_forward_pre_hook(lambda _, inputs, mine=seen[name]: mine.see(inputs[0]))
    n_batches = 0
    with torch.no_grad():
        for n_batches, batch in enumerate(batches, 1):  # noqa: B007
            _run(watched, batch, call)
    if not n_batches:
        raise ValueError("calibrate: no batches; expected at least one")
    for name, mine in seen.items():
        if not mine.n_seen:
            raise ValueError(f"calibrate: no batch went through {name!r}; expected inputs for all in only")
    return {name: mine.span() for name, mine in seen.items()}


def _run(module: nn.Module, batch: Any, call: Call | None) -> None:
    if call is not None:
        call(module, batch)
    elif isinstance(batch, tuple):
        module(*batch)
    else:
        module(batch)


def torch_dynamic(module: nn.Module) -> nn.Module:
    """A copy whose linear layers are torch's own int8 kernels, to measure time with.

    Weights by tensor, inputs rounded anew at each call by their own range. Embeddings stay float32.

    Raises:
        RuntimeError: this torch has no such kernels. torch calls ``torch.ao.quantization`` deprecated in
            favour of the package torchao; 2.13 still has it, with a warning that is silenced here.
    """
    dynamic: Any = getattr(getattr(torch, "ao", None), "quantization", None)
    if not hasattr(dynamic, "quantize_dynamic"):
        raise RuntimeError(f"torch {torch.__version__} has no quantize_dynamic; torchao took its place")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dynamic.quantize_dynamic(copy_of(module), {nn.Linear}, dtype=torch.qint8)
