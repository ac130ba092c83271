"""Exercises teach only if a right answer passes, a wrong one fails, and the slip is named."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Iterator
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest

from recsys_course.checks import CHAPTERS
from recsys_course.checks._engine import Check, CheckFailed, Slip, same

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = {
    path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "solutions").glob("*.ipynb"))
}
EXERCISES = {
    path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "exercises").glob("*.ipynb"))
}
CHECKS = [(c, check) for c in CHAPTERS for check in import_module(f"recsys_course.checks.{c}").CHECKS]
IDS = [f"{chapter}.{check.name}" for chapter, check in CHECKS]
each_check = pytest.mark.parametrize(("chapter", "check"), CHECKS, ids=IDS)


def notebook_of(chapter: str, notebooks: dict[str, Any]) -> Any:
    return next(book for stem, book in notebooks.items() if stem.endswith(chapter))


def answer_cell(chapter: str, name: str, notebooks: dict[str, Any]) -> str:
    """The source of the one code cell that defines the function."""
    code = [c.source for c in notebook_of(chapter, notebooks).cells if c.cell_type == "code"]
    (source,) = [s for s in code if f"def {name}(" in s]
    return source


def built(source: str, name: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {"np": np}
    exec(source, scope)
    return scope[name]


def message_of(check: Check, answer: Callable[..., Any]) -> str:
    """The message of a failed check on one line; fails when the answer passes."""
    with pytest.raises(CheckFailed) as failure:
        check(answer)
    return " ".join(str(failure.value).split())


def test_exercises_are_those_that_the_solutions_make(capsys):
    spec = importlib.util.spec_from_file_location("make_exercises", ROOT / "tools" / "make_exercises.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert make.main(["--check"]) == 0, capsys.readouterr().out


def test_in_a_kernel_the_learner_sees_the_message_and_no_traceback():
    notebook = deepcopy(notebook_of("collaborative_filtering", EXERCISES))
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("setup", "answer-01", "check-01")]
    nbclient.execute(notebook, allow_errors=True, timeout=120, skip_cells_with_tag="")
    (shown,) = notebook.cells[-1].outputs
    assert shown.ename == "CheckFailed"
    assert shown.traceback == ["similarity returned None: write your answer above, and return it"]


@each_check
def test_solution_passes(chapter, check, capsys):
    check(built(answer_cell(chapter, check.name, SOLUTIONS), check.name))
    printed = capsys.readouterr().out
    assert f"{check.name}: all {len(check.cases)} cases pass" in printed
    assert max(map(len, printed.splitlines())) <= 95  # no scroll bar on the page


@each_check
def test_untouched_exercise_fails_kindly(chapter, check):
    answer = built(answer_cell(chapter, check.name, EXERCISES), check.name)
    assert message_of(check, answer) == f"{check.name} returned None: write your answer above, and return it"


@each_check
def test_by_hand_cases_are_those_of_the_reference(chapter, check):
    for case in check.by_hand:
        assert case.why, "a case by hand says how it was worked out"
    hand = Check(check.reference, check.by_hand, check.at_random, [], "", n_random=0)
    hand(check.reference)  # raises if a number by hand is wrong


@each_check
def test_notebook_reaches_the_check_after_three_hints_or_more(chapter, check):
    cells = notebook_of(chapter, EXERCISES).cells
    call = f"checks.{chapter}.{check.name}({check.name})"
    (place,) = [n for n, cell in enumerate(cells) if cell.cell_type == "code" and cell.source == call]
    assert "skip-execution" in cells[place].metadata.tags
    start = max(n for n in range(place) if cells[n].source.startswith("## Exercise"))
    text = "\n".join(cell.source for cell in cells[start:place])
    hints = text.split("<details><summary>Hint ")[1:]
    assert len(hints) >= 3
    assert text.count("</details>") == len(hints)
    for number, hint in enumerate(hints, 1):
        title, body = hint.split("</details>")[0].split("</summary>")
        assert title.startswith(f"{number}: ") and len(body.split()) >= 5


def test_every_notebook_has_its_checks():
    assert {stem[3:] for stem in SOLUTIONS} == set(CHAPTERS)


SLIPS = [(check, slip) for _, check in CHECKS for slip in check.slips]


@pytest.mark.parametrize(("check", "slip"), SLIPS, ids=[f"{c.name}-{s.message[:30]}" for c, s in SLIPS])
def test_slip_is_named(check: Check, slip: Slip):
    assert f"usual slip: {slip.message}" in message_of(check, slip.applied_to(check.reference))


@each_check
def test_right_answer_is_accused_of_no_slip_when_it_fails_otherwise(chapter, check):
    """An answer wrong in a way that is nobody's slip gets no name."""

    def odd(*args):
        return _shifted(check.reference(*args))

    assert "usual slip" not in message_of(check, odd)


def _shifted(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_shifted, value))
    if isinstance(value, dict):
        return {key: v + 0.123 for key, v in value.items()} or {(0, 0): 0.123}
    return value | {"oracle"} if isinstance(value, set) else value + 0.123


# ---- wrong answers that any exercise may get


def _wrong_shape(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[:-1]
    if isinstance(value, dict | set):
        return list(value)
    return np.asarray(value)[None]


def _zeros(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_zeros, value))
    if isinstance(value, dict | set):
        return type(value)()
    return np.zeros_like(value)


def _transposed(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[::-1]
    return value.T if isinstance(value, np.ndarray) and value.ndim == 2 else [value]


GENERIC = {"wrong shape": _wrong_shape, "zeros": _zeros, "transposed": _transposed, "text": str}
SAME_ANYWAY = {("similarity", "transposed"): "the matrix is symmetric"}


@each_check
@pytest.mark.parametrize("wrong", GENERIC)
def test_generic_wrong_answer_fails(chapter, check, wrong):
    def answer(*args):
        return GENERIC[wrong](check.reference(*args))

    if (check.name, wrong) in SAME_ANYWAY:
        check(answer)
    else:
        message_of(check, answer)


@each_check
def test_answer_that_raises_is_shown_its_line(chapter, check):
    def answer(*args):
        return args[0] / "stars"

    message = message_of(check, answer)
    assert "raised TypeError" in message
    assert 'of your cell: return args[0] / "stars"' in message


MUTABLE = [c for _, c in CHECKS if any(isinstance(a, np.ndarray | list) for a in c.cases[0].args)]


@pytest.mark.parametrize("check", MUTABLE, ids=[check.name for check in MUTABLE])
def test_answer_that_changes_its_arguments_fails_and_harms_nothing(check):
    def answer(*args):
        value = check.reference(*args)
        for a in args:
            if isinstance(a, np.ndarray):
                a += 1
            elif isinstance(a, list):
                a.append([99])
        return value

    before = deepcopy([case.args for case in check.cases])
    assert "changed its argument" in message_of(check, answer)
    assert same([case.args for case in check.cases], before)
    check(check.reference)


# ---- mutants: every small change of the solution must be caught, or be no change at all

SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE, ast.Gt: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.BitAnd: ast.BitOr,
}  # fmt: skip
EQUIVALENT = {
    (
        "pearson",
        "delete: if both.sum() < 2:",
    ): "centred ratings of one item are 0, so the last line answers 0 too; "
    "the line spares numpy a mean of nothing",
}


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    """Nodes to put in the place of ``node``; None deletes a statement."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        yield ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield ast.Compare(node.left, [SWAPS[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
        if node.value in (0, 1):
            yield ast.Constant(1 - node.value)  # the other axis
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Call) and len(node.args) == 1 and ast.unparse(node.func) != "float":
        yield node.args[0]  # abs, sqrt, set, sorted, ... left out; numpy's floats are as good as float
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.IfExp):
        yield node.body
    if isinstance(node, ast.If | ast.Assign | ast.Expr | ast.AugAssign):
        yield None


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(the changed line or "delete: ...", the whole mutated source)."""
    plain = ast.unparse(ast.parse(source))
    size = len(list(ast.walk(ast.parse(plain))))
    for place in range(size):
        for which in range(3):
            tree = ast.parse(plain)
            node = list(ast.walk(tree))[place]
            changes = list(_changes(node))
            if which >= len(changes) or _is_docstring(node):
                break
            _replace(tree, node, changes[which] or ast.Pass())
            text = ast.unparse(ast.fix_missing_locations(tree))
            old, new = plain.splitlines(), text.splitlines()
            first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
            if first is not None:
                gone = f"delete: {old[first].strip()}"
                yield gone if changes[which] is None else new[first].strip(), text


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(v is old for v in value):
                value[next(n for n, v in enumerate(value) if v is old)] = new


@each_check
def test_every_mutant_of_the_solution_fails(chapter, check, capsys):
    survivors = set()
    count = 0
    for line, text in mutants(answer_cell(chapter, check.name, SOLUTIONS)):
        try:
            answer = built(text, check.name)
        except Exception:  # a mutant that does not even define the function
            continue
        count += 1
        try:
            check(answer)
        except CheckFailed:
            continue
        survivors.add(line)
    assert count >= 8
    assert survivors == {line for name, line in EQUIVALENT if name == check.name}
