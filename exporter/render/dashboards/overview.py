"""The overview: how every pipeline does, what fires, each indicator with its limits, and what changed since yesterday.

A number in the table of indicators is in the unit of the limits beside it, so that the two can be compared by eye.
"""

from collections.abc import Iterable, Sequence

from exporter.dashboard import Kind, Panel
from exporter.indicator import SEVERITIES, Indicator, Limit, Unit
from exporter.indicators import TABLES as BESIDE_PIPELINES
from exporter.render.dashboards import colour
from exporter.render.dashboards.grid import COLUMNS
from exporter.render.dashboards.indicators import worst
from exporter.render.dashboards.page import Page, alerts_mark
from exporter.render.dashboards.tile import Column, Link, Tile
from exporter.render.dashboards.unit import AGO, UNITS
from exporter.render.names import Links, record_name
from exporter.render.tables import Table

UID = "overview"
NO_DATA, NO_LIMITS, GOOD = -2, -1, 0
LEVELS = {severity: level for level, severity in enumerate(SEVERITIES, start=1)}
WORDS = {
    NO_DATA: ("no data", colour.UNKNOWN),
    NO_LIMITS: ("no limits", colour.UNKNOWN),
    GOOD: ("good", colour.GOOD),
    **{level: (severity, colour.SEVERITIES[severity]) for severity, level in LEVELS.items()},
}
"""What the numbers of a state stand for; the worst is the greatest."""
FIRING = 'ALERTS{alertstate="firing", pipeline!=""}'
"""Of these rules: a Prometheus may have others, whose alerts have no pipeline."""
STATE = Column(unit="none", words=WORDS, width=100)
TO_DASHBOARD = "/d/{}?${{__url_time_range}}"


def overview(tables: Sequence[Table], links: Links) -> Page:
    """The whole dashboard."""
    return Page(
        uid=UID,
        title="Overview",
        description="How every pipeline does, what fires, and what changed since yesterday.",
        span="6h",
        tiles={
            "": [_states(tables), _streams(), _alerts(tables, links), _indicators(tables)],
            "How much is logged?": [_lines("Lines by pipeline", ""), _lines("Lines by pipeline, a day before", "1d")],
        },
        marks=(alerts_mark(f"max by (pipeline, alertname, severity) ({FIRING})"),),
    )


def _states(tables: Iterable[Table]) -> Tile:
    """A tile for each dashboard, that leads there."""
    followed = f"{GOOD} * sum by (pipeline) (pipeline_exporter_files)"
    running = '(max(up{job="pipeline-exporter"}) == 1) * 0'
    known = [
        *(_labelled(running, pipeline=name) for name in BESIDE_PIPELINES),
        *(_labelled(f"vector({NO_DATA})", pipeline=table.name) for table in tables),
    ]
    panel = Panel(
        "State",
        "The worst alert that fires for each pipeline, for the host and for the exporter. A tile leads to its "
        "dashboard. Good: all green; grey is not followed, or not scraped.",
        Kind.STAT,
        Unit.NUMBER,
        {"{pipeline}": f"max by (pipeline) ({_any([*_by_severity(), followed, *known])})"},
        width=COLUMNS,
        height=3,
        empty="The rules are not loaded, or Prometheus is not there.",
    )
    return Tile(panel=panel, words=WORDS, data=Link("Dashboard", TO_DASHBOARD.format("${__field.labels.pipeline}")))


def _streams() -> Tile:
    panel = Panel(
        "Pipelines",
        "What is read of each. Good: lines come, the last record is seconds old, nothing lags or is rejected.",
        Kind.TABLE,
        Unit.NUMBER,
        {
            "lines/s": "sum by (pipeline) (rate(pipeline_exporter_lines_total[$__rate_interval]))",
            "last record": "1000 * max by (pipeline) (pipeline_exporter_last_record_timestamp_seconds)",
            "lag": "sum by (pipeline) (exporter:lag)",
            "rejected": "max by (pipeline) (exporter:rejected_ratio)",
        },
        width=12,
        height=7,
        empty="The exporter is not scraped, or follows no log.",
    )
    columns = {
        "last record": Column(unit=AGO),
        "lag": Column(unit=UNITS[Unit.BYTES]),
        "rejected": Column(unit=UNITS[Unit.RATIO]),
    }
    return Tile(panel=panel, columns=columns, cells={"pipeline": _dashboard_of_value()})


def _alerts(tables: Iterable[Table], links: Links) -> Tile:
    labels = {label: None for table in tables for indicator in table.indicators for label in indicator.labels}
    named = ", ".join(f'"{label}"' for label in labels if label != "pipeline")
    joined = f'label_join({_any(_by_severity())}, "of", " ", {named})'
    panel = Panel(
        "Firing alerts",
        "The worst first. Good: none. An alert's name leads to Alertmanager, where it can be silenced.",
        Kind.TABLE,
        Unit.NUMBER,
        {"severity": f"max by (pipeline, alertname, of) ({joined})"},
        width=12,
        height=7,
        empty="No alert of these rules fires.",
    )
    return Tile(
        panel=panel,
        columns={"severity": STATE},
        cells={"pipeline": _dashboard_of_value(), "alertname": Link("Alertmanager", links.firing("${__value.raw}"))},
        order=("severity", "pipeline", "alertname", "of"),
    )


def _indicators(tables: Iterable[Table]) -> Tile:
    shown = [(table, indicator) for table in tables for indicator in table.indicators]
    queries = {
        "state": [_state(*of) for of in shown],
        "now": [_now(*of) for of in shown],
        "yesterday": [_now(*of, offset=" offset 1d") for of in shown],
        "change": [f"{_now(*of)} - {_now(*of, offset=' offset 1d')}" for of in shown],
    }
    panel = Panel(
        "Indicators, their limits, and yesterday",
        "The worst value of each now, at this time yesterday, and the change between; in the unit of the limits, which "
        "are in the words of their table. Good: no state but good, and changes that you can explain.",
        Kind.TABLE,
        Unit.NUMBER,
        {name: _any(_row(*of, expr) for of, expr in zip(shown, exprs, strict=True)) for name, exprs in queries.items()},
        width=COLUMNS,
        height=11,
        empty="The rules are not loaded.",
    )
    return Tile(
        panel=panel,
        columns={"state": STATE},
        cells={"pipeline": _dashboard_of_value()},
        order=("state", "pipeline", "indicator", "now", "yesterday", "change", *SEVERITIES),
    )


def _row(table: Table, indicator: Indicator, expr: str) -> str:
    """One number with what it is and the limits as labels."""
    limits = {severity: limit.text for severity, limit in indicator.limits.items()}
    return _labelled(expr, pipeline=table.name, indicator=indicator.title, **limits)


def _now(table: Table, indicator: Indicator, *, offset: str = "") -> str:
    record = record_name(table.name, indicator.name)
    value = worst(table, indicator).replace(record, record + offset)
    factor = next((limit.factor for limit in indicator.limits.values()), 1)
    return value if factor == 1 else f"{value} / {factor:f}"


def _state(table: Table, indicator: Indicator) -> str:
    """The worst severity of which the limit is passed, whether its alert fires already or waits."""
    value = worst(table, indicator)
    beyond = [_level(value, limit, LEVELS[severity]) for severity, limit in reversed(indicator.limits.items())]
    otherwise = f"0 * {value} + {GOOD if indicator.limits else NO_LIMITS}"
    return _any([*beyond, otherwise, f"vector({GOOD if indicator.absent else NO_DATA})"])


def _level(value: str, limit: Limit, level: int) -> str:
    return f"0 * ({value} {limit.promql}) + {level}"


def _lines(title: str, offset: str) -> Tile:
    shifted = f" offset {offset}" if offset else ""
    panel = Panel(
        title,
        "As the producers write. A pipeline that writes half as much as the day before has lost a producer.",
        Kind.STACK,
        Unit.PER_SECOND,
        {"{pipeline}": f"sum by (pipeline) (rate(pipeline_exporter_lines_total[$__rate_interval]{shifted}))"},
        width=12,
        empty="Prometheus had no data of the exporter then.",
    )
    return Tile(panel=panel)


def _by_severity() -> list[str]:
    """Firing alerts as numbers, the worst the greatest."""
    return [f'{FIRING[:-1]}, severity="{severity}"}} * {level}' for severity, level in LEVELS.items()]


def _any(exprs: Iterable[str]) -> str:
    return " or ".join(exprs)


def _labelled(expr: str, **labels: str) -> str:
    for label, text in labels.items():
        expr = f'label_replace({expr}, "{label}", "{text}", "", "")'
    return expr


def _dashboard_of_value() -> Link:
    return Link("Dashboard", TO_DASHBOARD.format("${__value.raw}"))
