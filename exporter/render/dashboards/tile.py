"""A panel with what its dashboard knows beyond it: limits, where it links to, and the PromQL of its variables.

In come panels that know no Grafana; out go those that Grafana takes, still without a place.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from grafana_foundation_sdk.builders import bargauge, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    TableSortByFieldState,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor
from grafana_foundation_sdk.builders.heatmap import HeatmapTooltip, YAxisConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.dashboard import Kind, Panel
from exporter.indicator import Limit, Unit
from exporter.render.dashboards import colour
from exporter.render.dashboards.promql import legend
from exporter.render.dashboards.unit import UNITS

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
HIDDEN = ("Time", "__name__", "instance", "job")
"""Columns that a table does without, unless a query asks for them."""

Built = Any
"""A builder of the SDK's for some kind of panel: they have no type in common."""


Words = Mapping[int, tuple[str, str]]
"""Text and colour by value."""


class Column(msgspec.Struct, frozen=True):
    """How a column of a table is shown where it differs from the others."""

    unit: str
    limits: Mapping[str, Limit] = {}
    words: Words = {}
    width: int | None = None


class Link(msgspec.Struct, frozen=True):
    """A link that a panel, or a cell of a table, offers."""

    title: str
    url: str


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One panel of a dashboard, whose queries are Grafana's already. `data` links from its values."""

    panel: Panel
    limits: Mapping[str, Limit] = {}
    links: tuple[Link, ...] = ()
    data: Link | None = None
    words: Words = {}
    """What a number stands for."""
    fine: bool = False
    """Whether it is good news that there is nothing to show."""
    columns: Mapping[str, Column] = {}
    cells: Mapping[str, Link] = {}
    """Links from the cells of a label, in a table."""
    order: tuple[str, ...] = ()
    """A table's columns: labels, and names of queries."""

    def built(self) -> Built:
        """The panel as Grafana has it, without a place."""
        made = _MAKERS[self.panel.kind](self)
        made.title(self.panel.title).description(self.panel.good).datasource(DATASOURCE)
        made.no_value(self.panel.empty).links([_link(link, new_tab=True) for link in self.links])
        if self.data:
            made.data_links([_link(self.data)])
        if self.panel.kind is not Kind.HEATMAP:
            made.unit(UNITS[self.panel.unit])
        return made


def _lines(tile: Tile) -> Built:
    made = _over_time(tile).fill_opacity(0).show_points(VisibilityMode.AUTO)
    if tile.panel.unit is Unit.FLAG:
        made.line_interpolation(LineInterpolation.STEP_AFTER).min(0).max(1)
    if tile.limits:
        made.thresholds(colour.thresholds(colour.bands(tile.limits, colour.NOTHING)))
        made.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED_AND_AREA))
        bounds = [0.0, *(float(limit.number) for limit in tile.limits.values())]
        made.axis_soft_min(min(bounds)).axis_soft_max(max(bounds) * 1.25)
    return made


def _stack(tile: Tile) -> Built:
    made = _over_time(tile).fill_opacity(35).show_points(VisibilityMode.NEVER).min(0)
    return made.stacking(StackingConfig().mode(StackingMode.NORMAL))


def _over_time(tile: Tile) -> timeseries.Panel:
    """Lines with a legend that tells the last and the greatest value, and the least where less is worse."""
    below = _below(tile.limits)
    shown = ["lastNotNull", *(["min"] if below else []), "max"]
    table_below = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)
    made = timeseries.Panel().draw_style(GraphDrawStyle.LINE).line_width(2)
    made.legend(table_below.show_legend(True).calcs(shown).sort_by("Last *").sort_desc(not below))
    made.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    made.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for query in _queries(tile, instant=False):
        made.with_target(query)
    if _tells_outcomes(tile.panel.queries):
        for words, name in colour.OUTCOMES.items():
            made.override_by_regexp(rf"/\b({words})\b/", [_value("color", {"mode": "fixed", "fixedColor": name})])
    return made


def _heatmap(tile: Tile) -> Built:
    made = heatmap.Panel().calculate(False).cell_gap(1).filter_values(heatmap.FilterValueRange().le(1e-9))
    made.y_axis(YAxisConfig().unit(UNITS[tile.panel.unit]))
    made.color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges"))
    made.tooltip(HeatmapTooltip().mode(TooltipDisplayMode.SINGLE).y_histogram(True))
    for query in _queries(tile, instant=False):
        made.with_target(query.format(PromQueryFormat.HEATMAP))
    return made


def _bars(tile: Tile) -> Built:
    made = bargauge.Panel().orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC).min(0)
    made.reduce_options(ReduceDataOptions().values(False).calcs(["lastNotNull"]))
    made.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for query in _queries(tile, instant=True):
        made.with_target(query)
    return made


def _stat(tile: Tile) -> Built:
    """A number; its background has the colour of its limits, and no colour where it has none."""
    made = stat.Panel().graph_mode(BigValueGraphMode.NONE)
    made.text_mode(BigValueTextMode.VALUE_AND_NAME if tile.words else BigValueTextMode.VALUE)
    made.reduce_options(ReduceDataOptions().values(False).calcs(["lastNotNull"]))
    steps = colour.bands(tile.limits, colour.GOOD if tile.limits else colour.NEUTRAL)
    made.color_mode(BigValueColorMode.BACKGROUND if tile.limits or tile.words else BigValueColorMode.VALUE)
    made.thresholds(colour.thresholds(steps)).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    made.mappings([*_mapped(tile.words), _nothing(tile.panel.empty, colour.GOOD if tile.fine else colour.UNKNOWN)])
    for query in _queries(tile, instant=True):
        made.with_target(query)
    return made


def _table(tile: Tile) -> Built:
    """A row for each set of labels. The first column, that of the worst or of the most, sorts it."""
    made = table.Panel().show_header(True)
    fields = {text: _field(at, tile.panel.queries) for at, text in enumerate(tile.panel.queries)}
    first = next(iter(fields))
    made.sort_by([TableSortByFieldState().display_name(first).desc(not _below(_column_of(tile, first).limits))])
    made.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    made.with_transformation(DataTransformerConfig(id_val="organize", options=_organized(tile, fields)))
    for name in fields:
        made.override_by_name(name, list(_properties(_column_of(tile, name))))
    for label, link in tile.cells.items():
        made.override_by_name(label, [_value("links", [{"title": link.title, "url": link.url}])])
    for query in _queries(tile, instant=True):
        made.with_target(query.format(PromQueryFormat.TABLE))
    return made


def _matrix(tile: Tile) -> Built:
    ((legend_text, _),) = tile.panel.queries.items()
    rows, columns = legend_text.strip("{}").split("} {")
    options = {"rowField": rows, "columnField": columns, "valueField": "Value"}
    made = table.Panel().show_header(True)
    made.sort_by([TableSortByFieldState().display_name(f"{rows}\\{columns}").desc(False)])
    made.with_transformation(DataTransformerConfig(id_val="groupingToMatrix", options=options))
    for query in _queries(tile, instant=True):
        made.with_target(query.format(PromQueryFormat.TABLE))
    return made


_MAKERS = {
    Kind.LINES: _lines,
    Kind.STACK: _stack,
    Kind.HEATMAP: _heatmap,
    Kind.BARS: _bars,
    Kind.STAT: _stat,
    Kind.TABLE: _table,
    Kind.MATRIX: _matrix,
}


def _below(limits: Mapping[str, Limit]) -> bool:
    """Whether less is worse."""
    return any(limit.direction == "<" for limit in limits.values())


def _queries(tile: Tile, *, instant: bool) -> Iterable[Dataquery]:
    for at, (text, expr) in enumerate(tile.panel.queries.items()):
        query = Dataquery().ref_id(_letter(at)).expr(expr).legend_format(legend(text)).datasource(DATASOURCE)
        yield query.instant() if instant else query.range()


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _field(at: int, queries: Mapping[str, str]) -> str:
    """What Grafana calls the values of a table's query."""
    return "Value" if len(queries) == 1 else f"Value #{_letter(at)}"


def _organized(tile: Tile, fields: Mapping[str, str]) -> dict[str, object]:
    """Values by their columns' names; without the labels of scraping, unless a query groups by them."""
    wanted = " ".join(tile.panel.queries.values())
    return {
        "excludeByName": {name: True for name in HIDDEN if f"by ({name}" not in wanted},
        "indexByName": {fields.get(name, name): at for at, name in enumerate(tile.order)},
        "renameByName": {field: text for text, field in fields.items()},
    }


def _column_of(tile: Tile, name: str) -> Column:
    return tile.columns.get(name) or Column(unit=UNITS[tile.panel.unit])


def _properties(column: Column) -> Iterable[DynamicConfigValue]:
    yield _value("unit", column.unit)
    if column.width:
        yield _value("custom.width", column.width)
    if column.limits:
        steps = [{"value": value, "color": name} for value, name in colour.bands(column.limits, colour.GOOD)]
        yield _value("thresholds", {"mode": "absolute", "steps": steps})
        yield _value("color", {"mode": "thresholds"})
    yield _value("mappings", [*_mapped(column.words), _nothing("-", colour.NOTHING)])
    if column.limits or column.words:
        yield _value("custom.cellOptions", {"type": "color-background", "mode": "basic"})


def _tells_outcomes(queries: Mapping[str, str]) -> bool:
    return any(f"{{{label}}}" in text for text in queries for label in colour.LABELS_OF_OUTCOMES) or len(queries) > 1


def _link(link: Link, *, new_tab: bool = False) -> DashboardLink:
    return DashboardLink(link.title).type(DashboardLinkType.LINK).url(link.url).target_blank(new_tab)


def _mapped(words: Words) -> list[ValueMap]:
    return [ValueMap({str(value): ValueMappingResult(*shown) for value, shown in words.items()})] if words else []


def _nothing(text: str, name: str) -> SpecialValueMap:
    """What is shown where there is no value; without it, that would have the colour of the least value."""
    result = ValueMappingResult(text, name)
    return SpecialValueMap(DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL_AND_NAN, result=result))


def _value(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(id_val=name, value=value)
