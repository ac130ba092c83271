"""Checkpoints of a training: written whole or not at all, read without running code, tied to their run."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import torch


class CheckpointError(RuntimeError):
    """The file is damaged, is no checkpoint, or belongs to another training."""


def write(path: str | Path, made_of: dict[str, Any], state: dict[str, Any]) -> None:
    """Keep ``state`` under the terms ``made_of``; a crash in between leaves the file as it was.

    Raises:
        CheckpointError: the folder cannot be written to.
    """
    path = Path(path)
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"made_of": json.dumps(made_of, sort_keys=True), "state": state}, half)
        os.replace(half, path)
    except (OSError, RuntimeError) as error:  # torch tells of a folder it cannot write to by the latter
        raise CheckpointError(f"checkpoint: cannot write {path} ({error}); name another file") from error
    finally:
        with contextlib.suppress(OSError):
            half.unlink()


def read(path: str | Path, made_of: dict[str, Any], device: torch.device | str) -> dict[str, Any] | None:
    """The state kept under these terms, its tensors on ``device``; None where there is no file.

    Raises:
        CheckpointError: the file is damaged, or was kept under other terms; the message names the first.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        kept = torch.load(path, map_location=device, weights_only=True)
        terms, state = json.loads(kept["made_of"]), kept["state"]
    except Exception as error:  # whatever torch, pickle or zip say of a file that is none of ours
        raise CheckpointError(
            f"checkpoint: {path} is damaged or no checkpoint ({type(error).__name__}); "
            "remove it or name another"
        ) from error
    for name, value in json.loads(json.dumps(made_of)).items():
        if terms.get(name) != value:
            raise CheckpointError(
                f"checkpoint: {path} belongs to another training: {name} was {_short(terms.get(name))}, "
                f"now {_short(value)}; remove it or name another"
            )
    return state


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
