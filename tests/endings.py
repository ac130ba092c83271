"""Loops that end, in plain Python and so on any platform: no signal, no clock."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

STEPS = 10_000  # of any one loop: what takes more has no end


def bounded(source: str) -> str:
    """The source with every ``for``, ``while`` and comprehension going through ``few``."""
    return ast.unparse(ast.fix_missing_locations(_Bounded().visit(ast.parse(source))))


class _Bounded(ast.NodeTransformer):
    def visit_For(self, node: ast.For) -> ast.AST:
        node.iter = self._bounded(node.iter)
        return self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.iter = self._bounded(node.iter)
        return self.generic_visit(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        """``while test`` as a bounded loop that leaves when the test fails."""
        leave = ast.If(ast.UnaryOp(ast.Not(), node.test), [*node.orelse, ast.Break()], [])
        forever = ast.parse("iter(int, 1)", mode="eval").body
        return self.visit(ast.For(ast.Name("_", ast.Store()), forever, [leave, *node.body], []))

    @staticmethod
    def _bounded(items: ast.expr) -> ast.expr:
        return ast.Call(ast.Name("few", ast.Load()), [items], [])


def few(items: Iterable[Any]) -> Iterator[Any]:
    """The items, up to STEPS of them."""
    for n, item in enumerate(items):
        if n >= STEPS:
            raise RuntimeError(f"more than {STEPS} steps")
        yield item
