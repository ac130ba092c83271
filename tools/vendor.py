"""Fetch the JavaScript that the site serves itself: MathJax, Mermaid, the widgets.

Versions stand in ``tools/package.json`` and nowhere else. What is fetched goes to
``_extra/vendor/``, which git ignores; without it the site uses the libraries' network addresses.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
MODULES = TOOLS / "node_modules"
FALLBACK = "the site will load formulas and diagrams from the network."
VENDOR = TOOLS.parent / "_extra" / "vendor"

# file or folder in node_modules -> where it goes in vendor/; licences travel with their code
COPIES = {
    "mathjax/es5/tex-mml-chtml.js": "mathjax/tex-mml-chtml.js",
    "mathjax/es5/output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
    "mathjax/es5/input/tex/extensions": "mathjax/input/tex/extensions",
    "mathjax/LICENSE": "mathjax/LICENSE",
    "mermaid/dist/mermaid.min.js": "mermaid/mermaid.min.js",
    "mermaid/LICENSE": "mermaid/LICENSE",
    "@jupyter-widgets/html-manager/dist/embed.js": "widgets/embed.js",
    "@jupyter-widgets/html-manager/dist/embed.js.LICENSE.txt": "widgets/LICENSE.txt",
}


def find_npm() -> str | None:
    """npm from PATH, else the one that the extra ``site`` puts beside this Python."""
    return shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))


def install(npm: str) -> None:
    """Exactly what the lock file says. No package needs to run a script of its own."""
    command = [npm, "ci", "--ignore-scripts", "--loglevel=error"]
    path = f"{Path(npm).parent}{os.pathsep}{os.environ['PATH']}"  # npm looks for node there
    subprocess.run(
        command, cwd=TOOLS, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path}
    )


def copy() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in COPIES.items():
        there = VENDOR / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if (MODULES / source).is_dir():
            ignore = shutil.ignore_patterns("*.map")
            shutil.copytree(MODULES / source, there, ignore=ignore)
        else:
            shutil.copy(MODULES / source, there)
    versions = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    (VENDOR / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")  # last: all is there


def main() -> None:
    """A site without its own JavaScript still works online, so this never stops the build."""
    npm = find_npm()
    if npm is None:
        print(f"No npm found (Node.js has it): {FALLBACK}")
        return
    try:
        print(
            "Fetching MathJax, Mermaid and the widgets with npm (about half a minute, once) ...", flush=True
        )
        install(npm)
        copy()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"npm failed ({error}): {FALLBACK}")


if __name__ == "__main__":
    main()
