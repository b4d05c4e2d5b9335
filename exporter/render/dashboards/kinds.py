"""Each kind of panel as Grafana has it, without a place."""

from collections.abc import Callable, Mapping
from typing import Any

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.builders.heatmap import HeatmapTooltip, YAxisConfig
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
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
from grafana_foundation_sdk.models.dashboard import FieldColorModeId
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.dashboard import Kind
from exporter.indicator import Unit
from exporter.render.dashboards import colour, table
from exporter.render.dashboards.field import DATASOURCE, link, mappings, queries, setting
from exporter.render.dashboards.tile import Tile, less_is_worse
from exporter.render.dashboards.unit import UNITS

Built = Any
"""A builder of the SDK's for some kind of panel: they have no type in common."""

SHADES = 64
"""Of a heatmap; it has none, and shows nothing, where it is not told how many."""
HEADROOM = 1.25
"""How far an axis goes beyond the furthest limit."""


def built(tile: Tile) -> Built:
    """A tile as its kind of panel."""
    panel = tile.panel
    made = _KINDS[panel.kind](tile).title(panel.title).description(panel.good).datasource(DATASOURCE)
    made.no_value(panel.empty).links([link(to, new_tab=True) for to in tile.links])
    if tile.data:
        made.data_links([link(tile.data)])
    if panel.kind is not Kind.HEATMAP:
        made.unit(UNITS[panel.unit])
    return made


def _lines(tile: Tile) -> timeseries.Panel:
    made = _over_time(tile).fill_opacity(0)
    if tile.panel.unit is Unit.FLAG:
        made.line_interpolation(LineInterpolation.STEP_AFTER).min(0).max(1)
    if tile.limits:
        made.thresholds(colour.thresholds(colour.bands(tile.limits, colour.NOTHING)))
        made.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED_AND_AREA))
        bounds = [0.0, *(float(limit.number) for limit in tile.limits.values())]
        made.axis_soft_min(min(bounds)).axis_soft_max(max(bounds) * HEADROOM)
    return made


def _stack(tile: Tile) -> timeseries.Panel:
    made = _over_time(tile).fill_opacity(35).min(0)
    return made.stacking(StackingConfig().mode(StackingMode.NORMAL))


def _over_time(tile: Tile) -> timeseries.Panel:
    """Lines with a legend that tells the last and the greatest value, and the least where less is worse."""
    below = less_is_worse(tile.limits, otherwise=tile.more_is_better)
    shown = ["lastNotNull", *(["min"] if below else []), "max"]
    table_below = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)
    made = timeseries.Panel().draw_style(GraphDrawStyle.LINE).line_width(2)
    made.show_points(VisibilityMode.AUTO)  # else a value between two gaps, such as a day's one job, is not seen
    made.legend(table_below.show_legend(True).calcs(shown).sort_by("Last *").sort_desc(not below))
    made.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    made.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for query in queries(tile, instant=False):
        made.with_target(query)
    if _tells_outcomes(tile.panel.queries):
        for words, name in colour.OUTCOMES.items():
            made.override_by_regexp(rf"/\b({words})\b/", [setting("color", {"mode": "fixed", "fixedColor": name})])
    return made


def _heatmap(tile: Tile) -> heatmap.Panel:
    made = heatmap.Panel().calculate(False).cell_gap(1).filter_values(heatmap.FilterValueRange().le(1e-9))
    made.y_axis(YAxisConfig().unit(UNITS[tile.panel.unit]))
    made.color(
        heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(SHADES).exponent(0.5)
    )
    made.tooltip(HeatmapTooltip().mode(TooltipDisplayMode.SINGLE).y_histogram(True))
    for query in queries(tile, instant=False):
        made.with_target(query.format(PromQueryFormat.HEATMAP))
    return made


def _bars(tile: Tile) -> bargauge.Panel:
    made = bargauge.Panel().orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC).min(0)
    made.reduce_options(ReduceDataOptions().values(False).calcs(["lastNotNull"]))
    made.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for query in queries(tile, instant=True):
        made.with_target(query)
    return made


def _stat(tile: Tile) -> stat.Panel:
    """A number; its background has the colour of its limits, and no colour where it has none."""
    made = stat.Panel().graph_mode(BigValueGraphMode.NONE)
    made.text_mode(BigValueTextMode.VALUE_AND_NAME if tile.words else BigValueTextMode.VALUE)
    made.reduce_options(ReduceDataOptions().values(False).calcs(["lastNotNull"]))
    steps = colour.bands(tile.limits, colour.GOOD if tile.limits else colour.NEUTRAL)
    made.color_mode(BigValueColorMode.BACKGROUND if tile.limits or tile.words else BigValueColorMode.VALUE)
    made.thresholds(colour.thresholds(steps)).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    made.mappings(mappings(tile.words, nothing=tile.panel.empty, ground=colour.GOOD if tile.fine else colour.UNKNOWN))
    for query in queries(tile, instant=True):
        made.with_target(query)
    return made


def _tells_outcomes(queries: Mapping[str, str]) -> bool:
    return any(f"{{{label}}}" in text for text in queries for label in colour.LABELS_OF_OUTCOMES) or len(queries) > 1


_KINDS: dict[Kind, Callable[[Tile], Built]] = {
    Kind.LINES: _lines,
    Kind.STACK: _stack,
    Kind.HEATMAP: _heatmap,
    Kind.BARS: _bars,
    Kind.STAT: _stat,
    Kind.TABLE: table.rows,
    Kind.MATRIX: table.matrix,
}
