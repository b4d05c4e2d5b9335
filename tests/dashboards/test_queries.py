"""What holds for every query: that it is PromQL, and asks the right Prometheus for what there is."""

import re

import promql_parser as promql
import pytest

from tests.dashboards.committed import (
    UIDS,
    every_query,
    filled_in,
    marks,
    panels,
    queries,
    used_variables,
    variables,
    with_windows,
)
from tests.dashboards.known import KNOWN, RECORDED
from tests.promql import nodes, selectors

PANELS = [pytest.param(uid, panel, id=f"{uid}-{panel['id']}") for uid in UIDS for panel in panels(uid)]
QUERIES = [pytest.param(expr, id=where) for where, expr in every_query()]
GRAFANA = {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_asks_the_chosen_prometheus(uid, panel):
    """The datasource of panels and queries is the variable."""
    assert [GRAFANA] * (1 + len(panel["targets"])) == [
        panel["datasource"],
        *(t["datasource"] for t in panel["targets"]),
    ]


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_the_queries_of_a_panel_are_told_apart(uid, panel):
    """Each has a letter and a legend of its own."""
    letters, legends = ([target[key] for target in panel["targets"]] for key in ("refId", "legendFormat"))
    assert len(letters) == len(set(letters)) == len(set(legends)) > 0
    assert all(re.fullmatch("[A-Z]", letter) for letter in letters)


@pytest.mark.parametrize("uid", UIDS)
def test_marks_ask_the_chosen_prometheus(uid):
    """So do alerts and starts of runs."""
    assert {"Alert"} <= {mark["name"] for mark in marks(uid)}
    assert all(mark["datasource"] == GRAFANA for mark in marks(uid))


@pytest.mark.parametrize("uid", UIDS)
def test_histograms_are_heatmaps(uid):
    """Buckets are counted for a heatmap, or they are on the way to a quantile."""
    counted = [
        (panel["type"], target["format"])
        for panel in panels(uid)
        for target in panel["targets"]
        if "_bucket" in target["expr"] and "histogram_quantile" not in target["expr"]
    ]
    assert {("heatmap", "heatmap")} >= set(counted)


@pytest.mark.parametrize("uid", UIDS)
def test_the_columns_of_a_table_have_the_same_rows(uid):
    """Grafana merges rows of which all labels agree, names of series included: all queries group by the same ones."""
    for panel in panels(uid):
        if panel["type"] == "table" and len(panel["targets"]) > 1:
            found = {grouped_by(promql.parse(filled_in(target["expr"]))) for target in panel["targets"]}
            assert 1 == len(found), panel["title"]


def grouped_by(node) -> str:
    """The labels that an aggregation leaves; or those of the overview's rows, which label_replace puts on."""
    if isinstance(node, promql.BinaryExpr) and str(node.op) in ("or", "*"):
        return grouped_by(node.rhs)
    if isinstance(node, promql.Call) and node.func.name == "label_replace":
        return f"{node.args[1]} of a row"
    assert isinstance(node, promql.AggregateExpr)
    assert node.modifier is not None
    assert node.modifier.type == promql.AggModifierType.By
    return ", ".join(sorted(node.modifier.labels))


@pytest.mark.parametrize("expr", QUERIES)
def test_a_query_is_promql(expr):
    """The parser takes it with its variables filled in."""
    promql.parse(filled_in(expr))


@pytest.mark.parametrize("expr", QUERIES)
def test_a_query_asks_for_what_there_is(expr):
    """Every series is declared, live, recorded or an alert, and every label that is matched is one of its labels."""
    for selector in selectors(filled_in(expr)):
        name, matched = selector.name, {matcher.name for matcher in selector.matchers.matchers}
        assert name in KNOWN or name in RECORDED or name == "ALERTS"
        assert set() == matched - KNOWN.get(name or "", matched)


@pytest.mark.parametrize("expr", QUERIES)
def test_alerts_of_other_rules_are_not_shown(expr):
    """A Prometheus may have rules of its owner's; an alert without a pipeline would be a tile without a name."""
    for selector in selectors(filled_in(expr)):
        if selector.name == "ALERTS":
            assert [matcher for matcher in selector.matchers.matchers if matcher.name == "pipeline"]


@pytest.mark.parametrize("expr", QUERIES)
def test_a_record_is_asked_for_where_there_is_one(expr):
    """What an indicator records as it is has no query of its own."""
    bare = {expr: record for record, expr in RECORDED.items() if re.fullmatch(r"\w+", expr)}
    asked = {selector.name for selector in selectors(filled_in(expr)) if " offset " not in expr}
    assert {} == {name: bare[name] for name in asked & bare.keys()}


@pytest.mark.parametrize("expr", QUERIES)
def test_no_window_is_fixed(expr):
    """Rates fit the resolution of what is shown, or go over all of it; so do the steps at which it is looked at."""
    found = set(re.findall(r"\[([^\]]+)", expr))
    assert set() == found - {"$__rate_interval", "$__range", "$__range:$__interval"}


@pytest.mark.parametrize("expr", QUERIES)
def test_every_range_is_looked_at(expr):
    """The check above sees as many windows as the parser does."""
    ranges = (promql.MatrixSelector, promql.SubqueryExpr)
    assert len(re.findall(r"\[", expr)) == sum(isinstance(node, ranges) for node in nodes(filled_in(expr)))


@pytest.mark.parametrize("uid", UIDS)
def test_a_variable_narrows_whatever_has_its_label(uid):
    """Choosing a run, a wiki or a host leaves no panel with the others' figures."""
    for where, expr in queries(uid):
        for selector in selectors(with_windows(expr)):
            matched = {matcher.name for matcher in selector.matchers.matchers}
            assert set() == (set(variables(uid)) & KNOWN.get(selector.name or "", frozenset())) - matched, where
        assert used_variables(expr) <= set(variables(uid)), where
