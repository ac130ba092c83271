"""Can this Python set up the course? Says what is missing and how to get it.

Written so that even a very old Python reads it and gives its answer.
"""

import sys

HINT = "or name another Python: make book PYTHON=python3.12"


def problem():
    """What stands in the way, or an empty string."""
    if sys.version_info < (3, 11):  # noqa: UP036  (that is the question)
        have = ".".join(str(part) for part in sys.version_info[:3])
        return "Python %s is too old: the course needs 3.11 or newer. Install it, %s" % (have, HINT)  # noqa: UP031
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            version = "%d.%d" % sys.version_info[:2]  # noqa: UP031
            fix = "on Debian and Ubuntu: apt install python%s-venv" % version  # noqa: UP031
            return "This Python has no module %s (%s), %s" % (module, fix, HINT)  # noqa: UP031
    return ""


if __name__ == "__main__":
    sys.exit(problem() or 0)
