"""Tables: rows by labels, a column for each query; or one query as a matrix of two labels."""

import re
from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.render.dashboards import colour
from exporter.render.dashboards.field import letter, mappings, queries, setting
from exporter.render.dashboards.tile import Column, Tile, less_is_worse
from exporter.render.dashboards.unit import UNITS

HIDDEN = ("Time", "__name__", "instance", "job")
"""Columns that a table does without, unless a query asks for them."""

_GROUPING = re.compile(r"by \(([^)]*)\)")


def rows(tile: Tile) -> table.Panel:
    """A row for each set of labels. The first column sorts it, the worst or the most at the top."""
    made = table.Panel().show_header(True)
    fields = {text: _values(at, tile.panel.queries) for at, text in enumerate(tile.panel.queries)}
    first = next(iter(fields))
    column = _column_of(tile, first)
    rising = less_is_worse(column.limits, otherwise=column.more_is_better)
    made.sort_by([TableSortByFieldState().display_name(first).desc(not rising)])
    made.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    made.with_transformation(DataTransformerConfig(id_val="organize", options=_organized(tile, fields)))
    for name in fields:
        made.override_by_name(name, list(_settings(_column_of(tile, name))))
    for label, link in tile.cells.items():
        made.override_by_name(label, [setting("links", [{"title": link.title, "url": link.url}])])
    for query in queries(tile, instant=True):
        made.with_target(query.format(PromQueryFormat.TABLE))
    return made


def matrix(tile: Tile) -> table.Panel:
    """A row for each value of one label, a column for each of another; the more, the bluer."""
    ((legend_text, _),) = tile.panel.queries.items()
    down, across = legend_text.strip("{}").split("} {")
    options = {"rowField": down, "columnField": across, "valueField": "Value"}
    made = table.Panel().show_header(True)
    made.sort_by([TableSortByFieldState().display_name(f"{down}\\{across}").desc(False)])
    made.with_transformation(DataTransformerConfig(id_val="groupingToMatrix", options=options))
    shades = {"type": "color-background", "mode": "basic"}
    made.override_by_field_type(
        "number", [setting("custom.cellOptions", shades), setting("color", {"mode": "continuous-blues"})]
    )
    for query in queries(tile, instant=True):
        made.with_target(query.format(PromQueryFormat.TABLE))
    return made


def _values(at: int, queries: Mapping[str, str]) -> str:
    """What Grafana calls the values of a table's query."""
    return "Value" if len(queries) == 1 else f"Value #{letter(at)}"


def _organized(tile: Tile, fields: Mapping[str, str]) -> dict[str, object]:
    """Values by their columns' names; without the labels of scraping, unless a query groups by them."""
    wanted = re.findall(r"\w+", " ".join(_GROUPING.findall(" ".join(tile.panel.queries.values()))))
    return {
        "excludeByName": {name: True for name in HIDDEN if name not in wanted},
        "indexByName": {fields.get(name, name): at for at, name in enumerate(tile.order)},
        "renameByName": {field: text for text, field in fields.items()},
    }


def _column_of(tile: Tile, name: str) -> Column:
    return tile.columns.get(name) or Column(unit=UNITS[tile.panel.units.get(name, tile.panel.unit)])


def _settings(column: Column) -> Iterable[DynamicConfigValue]:
    yield setting("unit", column.unit)
    if column.width:
        yield setting("custom.width", column.width)
    if column.limits:
        steps = [{"value": value, "color": name} for value, name in colour.bands(column.limits, colour.GOOD)]
        yield setting("thresholds", {"mode": "absolute", "steps": steps})
        yield setting("color", {"mode": "thresholds"})
    yield setting("mappings", mappings(column.words, nothing="-", ground=colour.NOTHING))
    if column.limits or column.words:
        yield setting("custom.cellOptions", {"type": "color-background", "mode": "basic"})
