"""What a table of indicators makes of a dashboard: one number each, a table by what they are figures of, their courses.

Each number is the worst of what is selected, coloured by the limits that its alerts have.
"""

from collections import Counter
from collections.abc import Iterator
from inspect import cleandoc

from msgspec.structs import replace

from exporter.dashboard import Kind, Panel
from exporter.indicator import Indicator, Unit
from exporter.render.dashboards.grid import COLUMNS
from exporter.render.dashboards.tile import Column, Link, Tile, less_is_worse
from exporter.render.dashboards.unit import UNITS
from exporter.render.names import Links, alert_name, record_name
from exporter.render.tables import Table

NUMBERS_IN_A_ROW = 8
TABLE_HEIGHT = 6
NARROW_COLUMNS = 6
"""A table with so many columns can be read in half of the screen."""
COURSE_HEIGHT = 7


def worst(table: Table, indicator: Indicator, *by: str) -> str:
    """PromQL for an indicator's worst value: the least where less is worse, else the greatest."""
    grouping = f" by ({', '.join(by)}) " if by else ""
    least = less_is_worse(indicator.limits, otherwise=indicator.more_is_better)
    return f"{'min' if least else 'max'}{grouping}({record_name(table.name, indicator.name)})"


def numbers(table: Table, links: Links) -> list[Tile]:
    """The worst of each indicator that has limits, or that is one figure anyhow, and the pipeline's own numbers."""
    shown = [indicator for indicator in table.indicators if indicator.limits or not indicator.labels]
    own = [Tile(panel=panel) for panel in table.dashboard.first if _one(panel)]
    count = len(shown) + len(own)
    rows = -(-count // NUMBERS_IN_A_ROW) or 1
    tiles = [_number(table, indicator, links) for indicator in shown] + own
    return [_sized(tile, width, 4 if rows == 1 else 3) for tile, width in zip(tiles, _widths(count, rows), strict=True)]


def side_by_side(table: Table) -> list[Tile]:
    """A table for each set of labels that indicators share; beside each other where all are narrow."""
    groups = {labels: [one for one in table.indicators if set(labels) <= set(one.labels)] for labels in _groups(table)}
    is_wide = any(len(labels) + len(shown) > NARROW_COLUMNS for labels, shown in groups.items())
    width = COLUMNS if is_wide or not groups else COLUMNS // len(groups)
    return [_comparison(table, labels, shown, width) for labels, shown in groups.items()]


def courses(table: Table, links: Links) -> list[Tile]:
    """Each indicator over time, with its limits, after what the pipeline wants to be seen first."""
    own = [_sized(Tile(panel=panel), panel.width, COURSE_HEIGHT) for panel in table.dashboard.first if not _one(panel)]
    return own + [_course(table, indicator, links) for indicator in table.indicators]


def links_of(table: Table, indicator: Indicator, links: Links) -> tuple[Link, ...]:
    """Where an indicator leads: what to do, and the alert that may fire."""
    if not indicator.limits:
        return ()
    alert = alert_name(table.name, indicator.name)
    return (
        Link(title="Runbook: what to do", url=links.runbook_of(alert)),
        Link(title=f"Alert {alert}", url=links.firing(alert)),
    )


def told(indicator: Indicator) -> str:
    """What an indicator is, what good looks like, and what to do where it does not."""
    action = f"What to do: {cleandoc(indicator.action)}" if indicator.action else ""
    return "\n\n".join(filter(None, (indicator.meaning, f"Good: {_good(indicator)}", action)))


def _good(indicator: Indicator) -> str:
    if indicator.unit is Unit.FLAG:
        return "no."
    limits = [f"{severity} {limit.text}" for severity, limit in indicator.limits.items()]
    return f"within all limits ({', '.join(limits)})." if limits else "steady; it has no limits."


def _one(panel: Panel) -> bool:
    return panel.kind is Kind.STAT


def _number(table: Table, indicator: Indicator, links: Links) -> Tile:
    panel = Panel(
        indicator.title,
        told(indicator),
        Kind.STAT,
        indicator.unit,
        {indicator.title: worst(table, indicator)},
        empty=indicator.absent or "no data",
    )
    fine = bool(indicator.absent)
    return Tile(panel=panel, limits=indicator.limits, links=links_of(table, indicator, links), fine=fine)


def _course(table: Table, indicator: Indicator, links: Links) -> Tile:
    panel = Panel(
        f"{indicator.title} over time",
        told(indicator),
        Kind.LINES,
        indicator.unit,
        {indicator.of or indicator.title: record_name(table.name, indicator.name)},
        height=COURSE_HEIGHT,
        empty=indicator.absent,
    )
    return Tile(
        panel=panel,
        limits=indicator.limits,
        more_is_better=indicator.more_is_better,
        links=links_of(table, indicator, links),
    )


def _groups(table: Table) -> Iterator[tuple[str, ...]]:
    """The sets of labels that two indicators or more have in common exactly."""
    times = Counter(tuple(sorted(indicator.labels)) for indicator in table.indicators)
    for labels, count in times.items():
        if labels and count > 1:
            yield labels


def _comparison(table: Table, labels: tuple[str, ...], shown: list[Indicator], width: int) -> Tile:
    """A row for each run, wiki, stream, …: its worst values, side by side."""
    panel = Panel(
        f"By {' and '.join(label.replace('_', ' ') for label in labels)}",
        "The worst of each figure now, coloured by its limits. Good: green, and rows alike. "
        "A name narrows the dashboard to itself.",
        Kind.TABLE,
        Unit.NUMBER,
        {indicator.title: worst(table, indicator, *labels) for indicator in shown},
        width=width,
        height=TABLE_HEIGHT,
    )
    columns = {
        indicator.title: Column(
            unit=UNITS[indicator.unit], limits=indicator.limits, more_is_better=indicator.more_is_better
        )
        for indicator in shown
    }
    cells = {
        label: Link(
            title=f"Only this {label}", url=f"/d/{table.name}?var-{label}=${{__value.raw}}&${{__url_time_range}}"
        )
        for label in labels
    }
    return Tile(panel=panel, columns=columns, cells=cells)


def _sized(tile: Tile, width: int, height: int) -> Tile:
    return replace(tile, panel=replace(tile.panel, width=width, height=height))


def _widths(count: int, rows: int) -> list[int]:
    """The widths of so many panels that fill so many rows.

    >>> _widths(5, 2)
    [8, 8, 8, 12, 12]
    """
    widths: list[int] = []
    for row in range(rows):
        panels = count // rows + (row < count % rows)
        widths += [COLUMNS // panels + (at < COLUMNS % panels) for at in range(panels)]
    return widths
