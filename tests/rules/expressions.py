"""What a PromQL expression reads, and which labels its result has; labels that can never match are a mistake.

In come an expression and the labels of everything that is exposed; out go the labels of the result. Knows as much of
PromQL as the rules use, and refuses the rest.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import promql_parser as promql

Labels = frozenset[str]
Node = TypeVar("Node")

TARGET = frozenset({"job", "instance"})
"""What Prometheus adds to each series that it scrapes."""
SETS = ("and", "or", "unless")
LIKE_THEIR_ARGUMENT = ("abs", "increase", "last_over_time", "rate", "round")
AGGREGATIONS = ("max", "sum")


class MismatchError(ValueError):
    """An expression that names what is not there, or matches what never matches."""


def labels(expression: str, known: Mapping[str, Labels]) -> Labels:
    """The labels of a vector that an expression gives. Raises MismatchError."""
    found = _labels(promql.parse(expression), known)
    if found is None:
        raise MismatchError(f"`{expression}` is a number, not a vector")
    return found


def _labels(node: Any, known: Mapping[str, Labels]) -> Labels | None:
    """None is a number's."""
    match node:
        case promql.NumberLiteral():
            return None
        case promql.ParenExpr() | promql.SubqueryExpr():
            return _labels(node.expr, known)
        case promql.VectorSelector():
            return _of_selector(node, known)
        case promql.MatrixSelector():
            return _of_selector(node.vector_selector, known)
        case promql.Call():
            return _of_call(node, known)
        case promql.AggregateExpr():
            return _of_aggregation(node, known)
        case promql.BinaryExpr():
            return _of_binary(node, known)
        case _:
            raise MismatchError(f"`{node}` is not known here")


def _of_selector(node: promql.VectorSelector, known: Mapping[str, Labels]) -> Labels:
    name = node.name or ""
    if name not in known:
        raise MismatchError(f"`{name}` is neither exposed nor recorded before")
    strange = {matcher.name for matcher in node.matchers.matchers} - known[name]
    return _unless(strange, known[name], f"`{name}` has no label")


def _of_call(node: promql.Call, known: Mapping[str, Labels]) -> Labels | None:
    name = node.func.name
    if name == "time":
        return None
    if name == "absent":
        _labels(node.args[0], known)
        return frozenset(matcher.name for matcher in node.args[0].matchers.matchers)
    if name == "label_replace":
        return (_labels(node.args[0], known) or frozenset()) | {node.args[1].val}
    if name in LIKE_THEIR_ARGUMENT:
        return _labels(node.args[0], known)
    raise MismatchError(f"`{name}` is not known here")


def _of_aggregation(node: promql.AggregateExpr, known: Mapping[str, Labels]) -> Labels:
    inner = _labels(node.expr, known) or frozenset()
    if str(node.op) not in AGGREGATIONS or node.modifier is None:
        raise MismatchError(f"`{node}` is not known here, or says not what it sums over")
    named = frozenset(node.modifier.labels)
    _unless(named - inner, inner, f"`{node.expr}` has no label")
    return inner - named if node.modifier.type == promql.AggModifierType.Without else named


def _of_binary(node: promql.BinaryExpr, known: Mapping[str, Labels]) -> Labels | None:
    left, right = _labels(node.lhs, known), _labels(node.rhs, known)
    if left is None or right is None:
        return left if right is None else right
    matched = [_matched(side, node.modifier, str(node)) for side in (left, right)]
    if matched[0] != matched[1]:
        raise MismatchError(
            f"`{node}` never matches: {sorted(matched[0])} on the left, {sorted(matched[1])} on the right"
        )
    card = node.modifier.card if node.modifier else None
    if str(node.op) in SETS or card == promql.VectorMatchCardinality.ManyToOne:
        if str(node.op) == "or" and left != right:
            raise MismatchError(f"`{node}` has other labels on its right")
        return left
    if left - matched[0] or right - matched[1]:
        raise MismatchError(f"`{node}` may have many on a side, and does not say so")
    return left


def _matched(side: Labels, modifier: promql.BinModifier | None, text: str) -> Labels:
    """The labels of a side that are compared."""
    if modifier is None or modifier.matching is None:
        return side
    named = frozenset(modifier.matching.labels)
    if modifier.matching.type == promql.LabelModifierType.Exclude:
        return side - named
    return _unless(named - side, named, f"a side of `{text}` has no label")


def _unless(strange: set[str] | Labels, labels: Labels, mistake: str) -> Labels:
    if strange:
        raise MismatchError(f"{mistake} {', '.join(sorted(strange))}")
    return labels
