"""alertmanager/alertmanager.yml: who is told of an alert, how soon and how often, and which alert stands for others.

In come the tables of indicators and the receivers that a user turned on. Alerts are known by labels alone: `alertname`,
`severity`, `pipeline`, and those that tell an indicator's series apart.
"""

from collections.abc import Iterable
from typing import Any

from exporter.indicator import SEVERITIES
from exporter.render.names import alert_name
from exporter.render.receivers import Receivers
from exporter.render.tables import Table
from exporter.render.yamltext import Line, Words, yaml_text

TIMINGS = {
    "critical": {"group_wait": "10s", "repeat_interval": "1h"},
    "warning": {"group_wait": "1m", "repeat_interval": "4h"},
    "info": {"group_wait": "5m", "repeat_interval": "24h"},
}
"""By severity: how long to wait for more of the same group before it is told, and when it is told again."""

GROUP_INTERVAL = "1m"
"""How soon what changed in a group is told."""

DEFAULT = "default"
DOWN = alert_name("exporter", "down")
WORST_FIRST = tuple(reversed(SEVERITIES))

_HEAD = """\
# Rendered by `pipeline-exporter render` from exporter/render/alertmanager.py: edit that, not this file.
# Receivers of your own: `pipeline-exporter render --receivers FILE --out DIR`. What is what: docs/alerting.md.
# Start Alertmanager in this file's folder: that is where it looks for secret files.
"""


def alertmanager_file(tables: Iterable[Table], receivers: Receivers) -> str:
    """The file's text."""
    tables = tuple(tables)
    sections = {
        "By pipeline, then by severity; what matches nothing is for the default receiver.": {"route": _route(tables)},
        "An alert that tells less waits behind one that tells more.": {"inhibit_rules": _inhibitions(tables)},
        "Without a receiver's settings its alerts are seen on Alertmanager's page only.": {
            "receivers": _receivers(tables, receivers)
        },
        "What messages say.": {"templates": Words(["templates/*.tmpl"])},
    }
    return "\n".join([_HEAD, *(f"# {comment}\n{yaml_text(section)}" for comment, section in sections.items())])


def receiver_name(table: str, severity: str) -> str:
    """Who is told of a table's alerts of a severity.

    >>> receiver_name("persona", "critical")
    'persona-critical'
    """
    return f"{table}-{severity}"


def _route(tables: Iterable[Table]) -> dict[str, Any]:
    """A run's alerts, or else a pipeline's, are one message."""
    by_pipeline = [{"matchers": _matchers(pipeline=table.name), "routes": _by_severity(table)} for table in tables]
    group = {"receiver": DEFAULT, "group_by": Words(["pipeline", "run_id"]), "group_interval": GROUP_INTERVAL}
    return group | TIMINGS["warning"] | {"routes": by_pipeline}


def _by_severity(table: Table) -> list[Line]:
    return [
        Line(matchers=_matchers(severity=severity), receiver=receiver_name(table.name, severity), **TIMINGS[severity])
        for severity in WORST_FIRST
    ]


def _inhibitions(tables: Iterable[Table]) -> list[dict[str, Any]]:
    """A worse limit stands for the milder ones of the same series, and an exporter that is down for what it told:
    the alerts of its instance, and sums over hosts, in which it is missing.
    """
    labels = {label for table in tables for indicator in table.indicators for label in indicator.labels}
    same = ["alertname", "pipeline", "job", "instance"]
    same_series = Words([*same, *sorted(labels.difference(same))])
    worse = [
        {
            "source_matchers": _matchers(severity=severity),
            "target_matchers": Words([f'severity=~"{"|".join(WORST_FIRST[at:])}"']),
            "equal": same_series,
        }
        for at, severity in enumerate(WORST_FIRST[:-1], start=1)
    ]
    down, rest = _matchers(alertname=DOWN), [f'alertname!="{DOWN}"', 'pipeline!=""']
    return [
        *worse,
        {"source_matchers": down, "target_matchers": Words(rest), "equal": Words(["instance"])},
        {"source_matchers": down, "target_matchers": Words([*rest, 'instance=""'])},
    ]


def _receivers(tables: Iterable[Table], receivers: Receivers) -> list[dict[str, Any]]:
    settings = [
        {"name": receiver_name(table.name, severity)} | receivers.told(table.name, severity)
        for table in tables
        for severity in WORST_FIRST
    ]
    return [{"name": DEFAULT}, *settings]


def _matchers(**labels: str) -> Words:
    return Words([f'{label}="{value}"' for label, value in labels.items()])
