"""What a query reads: its selectors, and the windows over which it does."""

from collections.abc import Iterator
from typing import Any

import promql_parser as promql


def nodes(expression: str) -> Iterator[Any]:
    """Every node of an expression."""
    yield from _nodes(promql.parse(expression))


def selectors(expression: str) -> list[promql.VectorSelector]:
    """Every selector of an expression."""
    return [node for node in nodes(expression) if isinstance(node, promql.VectorSelector)]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    match node:
        case promql.MatrixSelector():
            yield node.vector_selector
        case promql.Call():
            for argument in node.args:
                yield from _nodes(argument)
        case promql.BinaryExpr():
            yield from _nodes(node.lhs)
            yield from _nodes(node.rhs)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            yield from _nodes(node.expr)
