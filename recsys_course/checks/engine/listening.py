"""Who is told how a check went, for instance a store of progress."""

from __future__ import annotations

import sys
from collections.abc import Callable

# Called after each check with its id ("collaborative_filtering.ease"), whether the answer is
# right, and how many cases passed.
listeners: list[Callable[[str, bool, int], None]] = []


def tell(check_id: str, passed: bool, cases: int) -> None:
    """Tell all listeners; one that raises costs the learner one line and nothing else."""
    trouble = ""
    for listener in tuple(listeners):
        try:
            listener(check_id, passed, cases)
        except Exception as error:  # the check matters more than who listens to it
            trouble = trouble or f"{type(error).__name__}: {error}"
    if trouble:
        print(f"(this result was not recorded: {' '.join(trouble.split())[:90]})", file=sys.stderr)
