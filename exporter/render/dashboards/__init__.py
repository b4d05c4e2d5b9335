"""Grafana's dashboards from the tables of indicators: one for each table, and the overview.

In come tables, series and links; out goes JSON by path, in Grafana's classic model. Only this room knows Grafana and
its SDK, so it is imported only where dashboards are rendered.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from exporter.dashboard import Kind
from exporter.render.dashboards import colour
from exporter.render.dashboards.indicators import courses, numbers, side_by_side
from exporter.render.dashboards.overview import overview
from exporter.render.dashboards.page import Marked, Page, alerts_mark
from exporter.render.dashboards.promql import for_grafana
from exporter.render.dashboards.tile import Tile
from exporter.render.names import Links
from exporter.render.series import Series
from exporter.render.tables import Table


def dashboard_files(tables: Sequence[Table], series: Series, links: Links) -> dict[str, str]:
    """Every dashboard by its path below the repository."""
    pages = [overview(tables, links), *(page(table, series, links) for table in tables)]
    return {f"grafana/dashboards/{each.uid}.json": each.text(links) for each in pages}


def page(table: Table, series: Series, links: Links) -> Page:
    """The dashboard of one table."""
    known = {**series, "ALERTS": _labels_of_alerts(table)}
    variables = variables_of(table)
    shown = {
        "": [*numbers(table, links), *side_by_side(table), *courses(table, links)],
        **{question: [Tile(panel=panel) for panel in panels] for question, panels in table.dashboard.sections.items()},
    }
    return Page(
        uid=table.name,
        title=table.name.capitalize(),
        description=f"Indicators with their limits, and what else tells how `{table.name}` does: see {table.source}.",
        span=table.dashboard.span,
        tiles={title: [_filled(tile, table, variables, known) for tile in tiles] for title, tiles in shown.items()},
        variables=variables,
        marks=tuple(_marks(table, variables, known)),
    )


def variables_of(table: Table) -> dict[str, str]:
    """The labels of a table's indicators, each with the series that its values are fed from: all with the prefix."""
    prefix = table.dashboard.metrics or table.name
    labels = dict.fromkeys(label for indicator in table.indicators for label in indicator.labels)
    return dict.fromkeys(labels, f'{{__name__=~"{prefix}_.+"}}')


def _labels_of_alerts(table: Table) -> tuple[str, ...]:
    """Those that all its alerts have."""
    labels = [set(indicator.labels) for indicator in table.indicators if indicator.limits]
    return tuple(sorted(set.intersection(*labels))) if labels else ()


def _filled(tile: Tile, table: Table, variables: Mapping[str, str], series: Series) -> Tile:
    """A tile with queries as Grafana takes them, and the reason why it may be empty."""
    panel = tile.panel
    queries = {text: for_grafana(expr, variables, series) for text, expr in panel.queries.items()}
    empty = panel.empty or ("no data" if panel.kind is Kind.STAT else table.dashboard.empty)
    return replace(tile, panel=replace(panel, queries=queries, empty=empty))


def _marks(table: Table, variables: Mapping[str, str], series: Series) -> Iterator[Marked]:
    own = f'ALERTS{{alertstate="firing", pipeline="{table.name}"}}'
    named = f'ALERTS{{alertstate="firing", alertname=~"{table.name.title()}.+", pipeline!=""}}'
    yield alerts_mark(for_grafana(f"{own} or {named}", variables, series))
    for mark in table.dashboard.marks:
        yield Marked(mark.title, for_grafana(mark.expr, variables, series), mark.text, colour.MARK)
