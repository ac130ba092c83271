"""Build the site into ``_build/html``; when no input changed, say so and stop.

The build is always fresh: after a failed one, an incremental run would pass in silence.
Only the outputs of executed notebooks are kept between builds.

    python tools/build_book.py            # build if needed
    python tools/build_book.py --check    # exit 1 unless the site in _build/html is current
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "_ext"))

from recsys_site import digest, execution_cache  # noqa: E402

BUILD = ROOT / "_build"
PAGE = BUILD / "html" / "index.html"
STAMP = BUILD / "html" / ".built-from"
LOG = BUILD / "build.log"
INPUTS = [
    "book", "recsys_course", "solutions", "exercises", "benchmarks/results", "_ext", "_extra",
    "_config.yml", "_toc.yml", "constraints.txt", "pyproject.toml", "README.md", "LICENSE",
]  # fmt: skip
ADDRESSES = ("RECSYS_COURSE_SITE", "RECSYS_COURSE_REPOSITORY")


def inputs_digest() -> str:
    """What the site is made of: files, and the addresses it is built for."""
    addresses = "".join(f"-{os.environ[name]}" for name in ADDRESSES if name in os.environ)
    return digest(*(ROOT / name for name in INPUTS)) + addresses


def is_current() -> bool:
    """Does ``_build/html`` hold the site of exactly these inputs?"""
    return STAMP.exists() and STAMP.read_text() == inputs_digest()


def clear() -> None:
    """Remove what the last build left, and execution caches of packages long gone."""
    for name in ("html", ".doctrees", "jupyter_execute", "lite"):
        shutil.rmtree(BUILD / name, ignore_errors=True)
    keep = execution_cache()
    keep.mkdir(parents=True, exist_ok=True)
    caches = sorted(keep.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for old in caches[:-4]:
        if old != keep:
            shutil.rmtree(old)


def run_jupyter_book() -> int:
    """Build; the whole output goes to the log, notebooks as they run to the screen."""
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "-n", "--keep-going"]
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace", env=environment,
    )  # fmt: skip
    with LOG.open("w", encoding="utf-8") as log:
        for line in process.stdout or ():
            log.write(line)
            if found := re.search(r"([^\x1b]+): Executing notebook using", line):
                print(f"  running {Path(found[1]).relative_to(ROOT)}", flush=True)
    return process.wait()


def complain() -> None:
    """Show what went wrong: warnings, then the traceback of each notebook that failed."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", LOG.read_text(encoding="utf-8"))
    lines = text.splitlines()
    lines = [line for line in lines if "IPKernelApp" not in line]  # about encryption of local sockets
    wrong = [line for line in lines if re.search(r"\b(WARNING|ERROR|CRITICAL|[A-Z]\w*Error)\b", line)]
    print("\n".join(dict.fromkeys(wrong)) or "\n".join(lines[-40:]))
    for report in (BUILD / "html" / "reports").rglob("*.err.log"):
        print(f"\n--- {report.relative_to(ROOT)}\n{report.read_text(encoding='utf-8')}")
    print(f"\nThe book was not built. Everything that was said: {LOG.relative_to(ROOT)}")


def main() -> int:
    if "--check" in sys.argv[1:]:
        return 0 if is_current() else 1
    if is_current():
        print(f"Nothing changed. Open {PAGE}")
        return 0
    print("Building the book ...", flush=True)
    start, wanted = time.monotonic(), inputs_digest()
    BUILD.mkdir(exist_ok=True)
    clear()
    if run_jupyter_book() != 0:
        complain()
        return 1
    STAMP.write_text(wanted)  # of the inputs as they were at the start
    print(f"Built in {time.monotonic() - start:.0f} s. Open {PAGE} or run make serve")
    return 0


if __name__ == "__main__":
    sys.exit(main())
