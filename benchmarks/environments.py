"""One virtual environment per library, so that each runs with the versions it asks for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ENVS = HERE / ".envs"
OURS = "recsys-course"

# torch is named first and exactly: a looser wish pulls several GB of CUDA packages.
TORCH = "torch==2.13.0"
PEERS: dict[str, list[str]] = {
    "implicit": ["implicit==0.7.3"],
    "lenskit": [TORCH, "lenskit==2025.8.1"],
    "surprise": ["scikit-surprise==1.1.5", "pandas"],
    "cornac": [TORCH, "cornac==3.0.1"],
    "rectools": ["rectools==0.19.0"],
}
# Libraries that measure: agreement.py holds our metrics against theirs.
JUDGES: dict[str, list[str]] = {"ranx": ["ranx==0.3.21"]}
# Sequential models, for sequential.py. RecBole writes into slices of pandas, which version 3 forbids.
SEQUENTIAL = {"recbole": [TORCH, "recbole==1.2.1", "numpy==1.26.4", "scipy==1.13.1", "pandas==2.2.3"]}
_ASK_VERSIONS = """import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))"""


@dataclass(frozen=True)
class Environment:
    """An interpreter that has one library; ``error`` says why there is none."""

    peer: str
    python: Path
    versions: dict[str, str]
    error: str = ""


def environment(peer: str, folder: Path = ENVS) -> Environment:
    """The environment of one library, installed on first use and kept.

    A library that cannot be installed comes back with its reason in ``error``: a missing
    column of the comparison has to be seen, not guessed.
    """
    if peer == OURS:
        return _described(peer, Path(sys.executable), [OURS, "numba"])
    wanted = (PEERS | JUDGES | SEQUENTIAL)[peer]
    home = folder / peer
    python = home / "bin" / "python"
    stamp = home / "requirements.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        error = _install(home, python, wanted)
        if error:
            return Environment(peer, python, {}, error)
        stamp.write_text(json.dumps(wanted))
    return _described(peer, python, [w.split("==")[0] for w in wanted])


def _install(home: Path, python: Path, wanted: list[str]) -> str:
    """Create and fill an environment; "" when it worked, else the reason."""
    home.parent.mkdir(parents=True, exist_ok=True)
    (home.parent / ".gitignore").write_text("*\n")  # the folder hides itself from git
    venv.create(home, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else _reason(done.stderr)


def _reason(text: str) -> str:
    """The last error line of pip, without addresses and paths."""
    lines = [line for line in text.splitlines() if "ERROR" in line or "error:" in line] or ["pip failed"]
    return re.sub(r"(https?:)?/\S+", "...", lines[-1]).strip()[:200]


def _described(peer: str, python: Path, names: list[str]) -> Environment:
    """The environment with the versions that matter, asked of its own interpreter."""
    command = [str(python), "-c", _ASK_VERSIONS, *names, "numpy", "scipy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return Environment(peer, python, {}, (done.stderr.splitlines() or ["no answer"])[-1])
    return Environment(peer, python, json.loads(done.stdout))
