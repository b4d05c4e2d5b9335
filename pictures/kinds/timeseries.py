"""Lines over time, or areas one on the other, with limits, marks, and a legend that tells the last and the greatest."""

from collections.abc import Sequence
from math import isfinite, isnan, nan
from typing import Any

from matplotlib.ticker import MaxNLocator

from pictures import colour
from pictures.answers import Answers, Series
from pictures.board import Json
from pictures.canvas import SMALL, Canvas, Place
from pictures.field import CLEAR, Field
from pictures.overtime import marks, time_axis
from pictures.unit import grain, ticks

LEGEND_SHARE = 0.38
"""What the legend may take of the panel; Grafana scrolls to the rest."""
LEGEND_ROW = 19
VALUE_GAP, LEAST_VALUE_WIDTH = 14, 58
AXIS_HEIGHT = 22
CALCULATED = {"lastNotNull": "Last *", "max": "Max", "min": "Min"}
MOST_TICKS = 5


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """The plot above its legend."""
    series = found.panels[panel["id"]]
    if not series:
        canvas.note(place, Field(panel, "").empty)
        return
    legend = _legend(canvas, place, panel, series)
    fields = [Field(panel, each.name) for each in series]
    low, high = _range(fields, series, stacked=_stacked(panel))
    places = _ticks(low, high, fields[0].unit)
    texts = ticks(places, fields[0].unit)
    left = max(canvas.wide(text, size=SMALL) for text in texts) + 10
    axes = canvas.axes(place.inset(left=left, top=2, right=2, bottom=legend + AXIS_HEIGHT))
    axes.set_ylim(low, high)
    axes.set_yticks(places, texts)
    time_axis(axes, found.window)
    _limits(axes, fields[0], low, high)
    marks(axes, found)
    if _stacked(panel):
        _areas(axes, found.window.times, fields, series)
    else:
        for field, each in zip(fields, series, strict=True):
            _line(axes, found.window.times, field, each)


def _ticks(low: float, high: float, unit: str) -> list[float]:
    """Round numbers of what the greatest value is counted in."""
    if unit == "bool_yes_no":
        return [0, 1]
    factor = grain(high, unit)
    locator = MaxNLocator(MOST_TICKS, steps=(1, 2, 2.5, 5, 10))
    places = [factor * float(each) for each in locator.tick_values(low / factor, high / factor)]
    return [each for each in places if low <= each <= high + 1e-12]


def _stacked(panel: Json) -> bool:
    return bool(panel["fieldConfig"]["defaults"]["custom"].get("stacking", {}).get("mode") == "normal")


def _line(axes: Any, times: Sequence[float], field: Field, series: Series) -> None:
    """A line that ends where there is no value; a value alone is a point."""
    style = "steps-post" if field.word("custom.lineInterpolation") == "stepAfter" else "default"
    axes.plot(times, series.values, color=field.colour, linewidth=1.45, drawstyle=style, zorder=3)
    around = [nan, *series.values, nan]
    alone = [
        at for at, value in enumerate(series.values) if not isnan(value) and isnan(around[at]) and isnan(around[at + 2])
    ]
    axes.plot([times[at] for at in alone], [series.values[at] for at in alone], "o", markersize=3, color=field.colour)


def _areas(axes: Any, times: Sequence[float], fields: Sequence[Field], series: Sequence[Series]) -> None:
    base = [0.0] * len(times)
    for field, each in zip(fields, series, strict=True):
        top = [below + (0 if isnan(value) else value) for below, value in zip(base, each.values, strict=True)]
        axes.fill_between(times, base, top, color=field.colour, alpha=0.35, linewidth=0, zorder=2)
        axes.plot(times, top, color=field.colour, linewidth=1.2, zorder=3)
        base = top


def _range(fields: Sequence[Field], series: Sequence[Series], *, stacked: bool) -> tuple[float, float]:
    """From the least to the greatest that is to be seen, and a little more where nothing is set."""
    columns = zip(*(each.values for each in series), strict=True)
    sums = [sum(value for value in column if not isnan(value)) for column in columns] if stacked else []
    values = [value for each in series for value in each.values if isfinite(value)] + sums
    low = min([*values, *_numbers(fields[0], "custom.axisSoftMin")])
    high = max([*values, *_numbers(fields[0], "custom.axisSoftMax")])
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1
    low, high = (low if low == 0 else low - margin), high + margin
    return (*_numbers(fields[0], "min"), low)[0], (*_numbers(fields[0], "max"), high)[0]


def _numbers(field: Field, key: str) -> list[float]:
    number = field.number(key)
    return [] if number is None else [number]


def _limits(axes: Any, field: Field, low: float, high: float) -> None:
    """The bands of limits, each edge a dashed line in the colour of what begins beyond it."""
    bands = field.bands
    clear = [name for *_, name in bands].index(CLEAR) if bands else 0
    for at, (start, end, name) in enumerate(bands):
        if name == CLEAR:
            continue
        ink = colour.rgb(name)
        axes.axhspan(max(start, low), min(end, high), color=ink, alpha=0.09, linewidth=0, zorder=0.5)
        edge = end if at < clear else start
        if low <= edge <= high:
            axes.axhline(edge, color=ink, linewidth=1, linestyle=(0, (6, 4)), alpha=0.9, zorder=1.2)


def _legend(canvas: Canvas, place: Place, panel: Json, series: Sequence[Series]) -> float:
    """Draws the legend, and tells how high it is."""
    options = panel["options"]["legend"]
    names = [CALCULATED[each] for each in options["calcs"]]
    rows = [(each, _calculated(each, options["calcs"])) for each in series]
    if options.get("sortBy") in names:
        by = names.index(options["sortBy"])
        rows.sort(key=lambda row: row[1][by], reverse=options.get("sortDesc", False))
    shown = rows[: max(int(LEGEND_SHARE * place.height // LEGEND_ROW) - 1, 1)]
    height = LEGEND_ROW * (len(shown) + 1)
    lines = [names, *([Field(panel, each.name).shown(value).text for value in values] for each, values in shown)]
    right = place.right - 2
    for texts in reversed(list(zip(*lines, strict=True))):
        for at, text in enumerate(texts):
            y = place.bottom - height + (at + 0.5) * LEGEND_ROW
            canvas.text((right, y), text, size=SMALL, ink=colour.TEXT if at else colour.FAINT, align="right")
        right -= max(LEAST_VALUE_WIDTH, VALUE_GAP + max(canvas.wide(text, size=SMALL) for text in texts))
    for at, name in enumerate(["Name", *(each.name for each, _ in shown)]):
        y = place.bottom - height + (at + 0.5) * LEGEND_ROW
        if at:
            canvas.box(Place(place.x + 1, y - 1.5, 13, 3), Field(panel, name).colour, radius=1)
        x = place.x + (20 if at else 0)
        canvas.text((x, y), name, size=SMALL, ink=colour.TEXT if at else colour.FAINT, room=right - x)
    return height


def _calculated(series: Series, calcs: Sequence[str]) -> list[float]:
    values = [value for value in series.values if not isnan(value)] or [nan]
    known = {"lastNotNull": series.last, "max": max(values), "min": min(values)}
    return [known[each] for each in calcs]
