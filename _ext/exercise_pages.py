"""What stands above an exercise notebook when it is a page of the book: the ways to work on it.

The notebooks hold no word of this, so that a downloaded one is just the exercise.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import nbformat
from in_browser import obstacle
from recsys_site import BRANCH, repository
from sphinx.application import Sphinx

FOLDER = "exercises/"
GITHUB = "https://github.com/"

WAYS = """:::::{{div}} exercise-ways
{ways}
:::::
"""

TRY = """
```{{button-link}} ../lite/notebooks/index.html?path=exercises/{stem}.ipynb
:color: primary
:class: try-in-browser
Try in the browser
```
"""

DOWNLOAD = """
{{download}}`Download the notebook <{stem}.ipynb>`
"""

COLAB = """
[Open on Colab](https://colab.research.google.com/github/{name}/blob/{branch}/exercises/{stem}.ipynb)
"""

ON_COLAB = """
On Colab, run this in a cell of its own first:

```text
%pip install git+{address}
```
"""

# A page opened from a folder has no server, and the browser then refuses to start Python.
IN_BROWSER = """
```{raw} html
<script>if (location.protocol === "file:") document.documentElement.classList.add("from-folder")</script>
```

:::{div} only-from-folder
**Trying in the browser needs a web server**, and you opened this page as a file. Run `make serve` in the
folder of the project and open <http://127.0.0.1:8000>, or take the notebook.
:::

::::{admonition} In the browser, with nothing installed
:class: note try-note

- **The first start takes some tens of seconds.** The notebook comes from this site (11 MB). Python itself
  comes from the public server `cdn.jsdelivr.net`: Pyodide (13 MB), and numpy when a cell imports it. That
  server publishes numpy for the browser; PyPI and npm do not. Only the button loads from there; the pages
  of this book load nothing from other servers.
- **Your work stays in the storage of this browser**, on this device, and is sent nowhere. *File*, *Save
  Notebook* keeps it; *File*, *Download* gives you the notebook as a file. Clearing the data of this site
  deletes it.

{ref}`More on working in the browser <how-to-browser>`
::::
"""

NOT_IN_BROWSER = """
::::{{admonition}} Why there is no button for the browser
:class: note

These exercises need {obstacle}. Work on them on {places}.
::::
"""


def front(stem: str, missing: str, address: str = "") -> str:
    """The MyST text above the exercises of one notebook.

    Args:
        stem: name of the notebook's file, without its ending.
        missing: why it cannot run in the browser; empty if it can.
        address: of the project's repository; Colab opens those on GitHub.
    """
    on_github = address.startswith(GITHUB)
    ways = [DOWNLOAD.format(stem=stem)]
    if not missing:
        ways.insert(0, TRY.format(stem=stem))
    if on_github:
        ways.append(COLAB.format(name=address.removeprefix(GITHUB), branch=BRANCH, stem=stem))
    places = "{ref}`your own machine <how-to-exercises>`" + (" or on Colab" if on_github else "")
    parts = [
        WAYS.format(ways="".join(ways)),
        NOT_IN_BROWSER.format(obstacle=missing, places=places) if missing else IN_BROWSER,
        ON_COLAB.format(address=address) if on_github else "",
    ]
    return "".join(parts)


def add_front(app: Sphinx, docname: str, source: list[str]) -> None:
    """Insert the text below the title of an exercise notebook, as Sphinx reads it."""
    if not docname.startswith(FOLDER):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    text = front(PurePosixPath(docname).name, obstacle(notebook), repository())
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text, id="ways"))
    source[0] = nbformat.writes(notebook)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this when it loads the extension."""
    app.connect("source-read", add_front)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
