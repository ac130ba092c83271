"""Small wrong changes of a reference, made from its syntax tree, tried on the check's cases.

All single changes are tried. Where they are fewer than a hundred, pairs of them follow, drawn
at random: of single changes that fail, since a change that is none adds nothing to another.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from endings import bounded, few

from recsys_course.checks.engine import Check
from recsys_course.checks.engine.cases import defined, run, source_of

WANTED = 100
SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ORDERED = ast.Sub | ast.Div | ast.MatMult | ast.Pow  # a - b is not b - a

Site = tuple[int, int]  # which node in the order of ast.walk, which of its changes


@dataclass
class Trial:
    """What became of the mutants of one reference."""

    killed: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """All of them."""
        return self.killed + len(self.survivors)


def trial(check: Check, seed: int = 0) -> Trial:
    """Try every single change, and pairs until WANTED are tried or there are no more."""
    plain = bare(source_of(check.reference))
    result, seen, fatal = Trial(), {plain}, []
    for site in sites(plain):
        if _tried(check, plain, [site], seen, result) is False:
            fatal.append(site)
    pairs = list(combinations(fatal, 2))
    Random(seed).shuffle(pairs)
    for pair in pairs:
        if result.tried >= WANTED:
            break
        _tried(check, plain, pair, seen, result)
    return result


def _tried(check: Check, plain: str, at: Iterable[Site], seen: set[str], result: Trial) -> bool | None:
    """Does the mutant pass? None when it is one that was seen before."""
    text = changed(plain, at)
    if text in seen:
        return None
    seen.add(text)
    if passes := survives(check, text):
        result.survivors.append(described(plain, text))
    else:
        result.killed += 1
    return passes


def survives(check: Check, source: str) -> bool:
    """Does the changed function pass every case? One that loops for ever does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mutant may be odd enough for the compiler to say so
        mutant = defined(bounded(source), check.reference, few=few)
    return all(run(mutant, case.args).passes(case, check.tolerance) for case in check.cases)


def described(plain: str, text: str) -> str:
    """The lines that differ, as "old -> new"."""
    lines = list(difflib.ndiff(plain.splitlines(), text.splitlines()))
    old, new = ("; ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"{old} -> {new}"


# ---- the changes


def sites(plain: str) -> list[Site]:
    """Every place in the body where something can be changed."""
    nodes = list(ast.walk(ast.parse(plain)))
    return [(n, which) for n, node in enumerate(nodes) for which in range(len(list(changes(node))))]


def changed(plain: str, at: Iterable[Site]) -> str:
    """The source with the changes made; the inner of two comes first."""
    tree = ast.parse(plain)
    nodes = list(ast.walk(tree))
    for place, which in sorted(at, reverse=True):
        options = list(changes(nodes[place]))
        if which < len(options):  # the inner change may have left fewer
            _replace(tree, nodes[place], options[which])
    return ast.unparse(ast.fix_missing_locations(tree))


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes to put in the place of this one."""
    yield from _operator_changes(node)
    yield from _value_changes(node)
    yield from _course_changes(node)


def _operator_changes(node: ast.AST) -> Iterator[ast.AST]:
    """Another operator, one side alone, the sides turned round."""
    match node:
        case ast.BinOp(left, op, right):
            yield from (ast.BinOp(left, SWAPS[type(op)](), right) for _ in [0] if type(op) in SWAPS)
            yield from (left, right)
            if isinstance(op, ORDERED):
                yield ast.BinOp(right, op, left)
        case ast.AugAssign(target, op, value) if type(op) in SWAPS:
            yield ast.AugAssign(target, SWAPS[type(op)](), value)
            yield ast.Assign([target], value)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(SWAPS[type(op)](), values)
            yield from values
        case ast.Compare(left, [op], right) if type(op) in SWAPS:
            yield ast.Compare(left, [SWAPS[type(op)]()], right)
        case ast.UnaryOp(_, operand):
            yield operand


def _value_changes(node: ast.AST) -> Iterator[ast.AST]:
    """Other constants (0 and 1 are axes, too), indices and arguments."""
    match node:
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Call():
            yield from _call_changes(node)
        case ast.Attribute(value, "T"):
            yield value
        case ast.Subscript(value, index, context):
            yield from (ast.Subscript(value, other, context) for other in _index_changes(index))


def _course_changes(node: ast.AST) -> Iterator[ast.AST]:
    """Conditions left out or turned round, lines left out."""
    match node:
        case ast.comprehension(target, items, [_, *_], is_async):
            yield ast.comprehension(target, items, [], is_async)
        case ast.IfExp(test, body, otherwise):
            yield from (body, otherwise, ast.IfExp(test, otherwise, body))
        case ast.If(test, body, otherwise):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, otherwise)
            yield ast.Pass()
        case ast.Assign() | ast.AugAssign() | ast.Expr() | ast.Continue():
            yield ast.Pass()


def _call_changes(call: ast.Call) -> Iterator[ast.AST]:
    """Left out, arguments turned round, an option dropped."""
    if ast.unparse(call.func) == "float":  # numpy's own floats are as good to every caller
        return
    if len(call.args) == 1:
        yield call.args[0]
    if len(call.args) == 2:
        yield ast.Call(call.func, call.args[::-1], call.keywords)
    for option in call.keywords:
        yield ast.Call(call.func, call.args, [other for other in call.keywords if other is not option])


def _index_changes(index: ast.expr) -> Iterator[ast.expr]:
    """Rows for columns, one place too early, the other part of a slice or one more of it."""
    match index:
        case ast.Tuple([first, second]):
            yield ast.Tuple([second, first])
            yield from (ast.Tuple([other, second]) for other in _index_changes(first))
            yield from (ast.Tuple([first, other]) for other in _index_changes(second))
        case ast.Slice(None, ast.expr() as upper, None):
            yield from (
                ast.Slice(upper),
                ast.Slice(),
                ast.Slice(upper=ast.BinOp(upper, ast.Add(), ast.Constant(1))),
            )
        case ast.Name():
            yield ast.BinOp(index, ast.Sub(), ast.Constant(1))


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(v is old for v in value):
                value[:] = [new if v is old else v for v in value]


# ---- before and after


def bare(source: str) -> str:
    """The function without its docstring and annotations: there is nothing to break in them."""
    tree = ast.parse(source)
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    function.returns = None
    for argument in function.args.args:
        argument.annotation = None
    function.body = [_untyped(line) for line in function.body if not _is_docstring(line)]
    return ast.unparse(ast.fix_missing_locations(tree))


def _is_docstring(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def _untyped(line: ast.stmt) -> ast.stmt:
    if isinstance(line, ast.AnnAssign) and line.value is not None:
        return ast.Assign([line.target], line.value)
    return line
