"""What is imported when: a check in plain Python needs no numpy, and loads no other exercise."""

from __future__ import annotations

import subprocess
import sys

import pytest

from recsys_course import checks

WITHOUT_NUMPY = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "scipy", "pandas", "torch", "numba"}:
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Missing())
from recsys_course import checks
from recsys_course.checks.engine import CheckFailed, listeners

heard = []
listeners.append(lambda *result: heard.append(result))
for name in sys.argv[1:]:
    check = getattr(checks.collaborative_filtering, name)
    check(check.reference)
    for slip in check.slips:
        try:
            check(slip.applied_to(check.reference))
        except CheckFailed as failure:
            assert "usual slip: " in str(failure), failure
        else:
            raise SystemExit(f"{name}: a slip passes: {slip.message}")
assert heard and not {"numpy", "scipy", "pandas"} & set(sys.modules)
print(sum(passed for _, passed, _ in heard), len(heard))
"""
PURE = ["cosine", "jaccard", "top_n", "split_by_time", "item_cf", "who_can_score", "ndcg"]


def in_a_fresh_python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_checks_in_plain_python_work_where_numpy_cannot_be_imported():
    n_slips = sum(len(getattr(checks.collaborative_filtering, name).slips) for name in PURE)
    assert in_a_fresh_python(WITHOUT_NUMPY, *PURE) == f"{len(PURE)} {len(PURE) + n_slips}"


def test_a_check_loads_its_own_module_and_no_other_exercise():
    code = (
        "import sys; from recsys_course import checks; checks.collaborative_filtering.jaccard; "
        "print(*sorted(m.rpartition('.')[2] for m in sys.modules if '.collaborative_filtering.' in m))"
    )
    assert in_a_fresh_python(code) == "_jaccard _lists"


def test_the_checks_load_neither_torch_nor_numba():
    code = (
        "import sys; from recsys_course.checks import collaborative_filtering as cf; "
        "[getattr(cf, name) for name in cf.EXERCISES]; print({'torch', 'numba'} & set(sys.modules))"
    )
    assert in_a_fresh_python(code) == "set()"


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(AttributeError, match=r"'cooking'; expected one of .*collaborative_filtering"):
        _ = checks.cooking
    with pytest.raises(AttributeError, match=r"no exercise 'eaze' in collaborative_filtering; .* ease$"):
        _ = checks.collaborative_filtering.eaze


def test_names_are_listed():
    assert "collaborative_filtering" in dir(checks)
    assert {"ease", "jaccard"} <= set(dir(checks.collaborative_filtering))
