"""Prometheus rules from indicators: a file and a group for each table, records before alerts.

In come a table's name and its indicators; out goes YAML in the subset that Prometheus 2.42 and 3 share. Limits are
written as their table has them, never through a float.
"""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from exporter.indicator import Indicator, Limit, Unit
from exporter.render.names import Links, alert_name, record_name
from exporter.render.tables import Table
from exporter.render.yamltext import yaml_text

RENDERED = "# Rendered by `pipeline-exporter render`"
"""How each rule file begins, so that one is known when its table is gone."""


def rule_file(table: Table, links: Links) -> str:
    """A rule file's text."""
    records = [rule for indicator in table.indicators for rule in _records(table.name, indicator)]
    alerts = [rule for indicator in table.indicators for rule in _alerts(table.name, indicator, links)]
    group = {"groups": [{"name": table.name, "rules": records + alerts}]}
    head = (
        f"{RENDERED} from the indicators in {table.source}: edit those, not this file.\n"
        "# Limits of your own: `pipeline-exporter render --limits FILE --out DIR`.\n"
    )
    return head + yaml_text(group)


def _records(table: str, indicator: Indicator) -> Iterator[dict[str, Any]]:
    for name, expr in {**indicator.steps, indicator.name: indicator.expr}.items():
        yield {"record": record_name(table, name), "expr": cleandoc(expr)}


def _alerts(table: str, indicator: Indicator, links: Links) -> Iterator[dict[str, Any]]:
    for severity, limit in indicator.limits.items():
        rule: dict[str, Any] = {
            "alert": alert_name(table, indicator.name),
            "expr": f"{record_name(table, indicator.name)} {limit.promql}",
            "for": indicator.pending,
            "keep_firing_for": indicator.keep_firing_for,
            "labels": _labels(table, indicator, severity),
            "annotations": _annotations(table, indicator, severity, limit, links),
        }
        yield rule


def _labels(table: str, indicator: Indicator, severity: str) -> dict[str, str]:
    """A figure of a pipeline's log keeps the label that names the pipeline: whoever cares for that is told."""
    own = {"severity": severity}
    return own if "pipeline" in indicator.labels else own | {"pipeline": table}


def _annotations(table: str, indicator: Indicator, severity: str, limit: Limit, links: Links) -> dict[str, str]:
    value = indicator.unit.value.template
    annotations = {
        "summary": _summary(indicator, f"{value} ({severity} {limit.text})"),
        "description": f"{indicator.meaning} What to do: {indicator.action}",
        "value": value or "{{ $value }}",
        "limit": limit.text,
        "runbook_url": links.runbook_of(alert_name(table, indicator.name)),
        "dashboard_url": links.dashboards + f"/{table}{_variables(indicator)}",
    }
    return {name: " ".join(text.split()) for name, text in annotations.items()}


def _summary(indicator: Indicator, value: str) -> str:
    subject = _filled_in(", ".join(filter(None, (indicator.title, indicator.of))))
    return subject if indicator.unit is Unit.FLAG else f"{subject}: {value}"


def _filled_in(text: str) -> str:
    """A text with its labels in braces as a template of Prometheus'."""
    return text.replace("{", "{{ $labels.").replace("}", " }}")


def _variables(indicator: Indicator) -> str:
    """The labels of an alert as variables of a dashboard's address."""
    values = [f"var-{label}={{{{$labels.{label}|urlquery}}}}" for label in indicator.labels]
    return f"?{'&'.join(values)}" if values else ""
