"""A histogram over time: a row for each bucket, the more values the brighter, and what the colours stand for."""

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import ListedColormap

from pictures import colour
from pictures.answers import Answers, Series
from pictures.board import Json
from pictures.canvas import SMALL, Canvas, Place
from pictures.field import Field
from pictures.overtime import marks, time_axis
from pictures.pace import SCRAPE_SECONDS
from pictures.unit import digits, ticks

AXIS_HEIGHT, SCALE_HEIGHT = 22, 24
MOST_TICKS = 8


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """Cells above the scale of their colours."""
    edges, cells = buckets(found.panels[panel["id"]])
    least = float(panel["options"]["filterValues"]["le"])
    seen = [value for row in cells for value in row if value > least]
    if not seen:
        canvas.note(place, Field(panel, "").empty)
        return
    every = -(-len(edges) // MOST_TICKS)
    texts = ["" if at % every else text for at, text in enumerate(_edges(edges, panel), start=1)]
    left = max(canvas.wide(text, size=SMALL) for text in texts) + 10
    axes = canvas.axes(place.inset(left=left, top=4, right=2, bottom=AXIS_HEIGHT + SCALE_HEIGHT))
    axes.grid(visible=False)
    axes.set_ylim(0, len(edges))
    axes.set_yticks(range(1, len(edges) + 1), texts)
    shades = _shades(panel["options"]["color"]["scheme"])
    image = [[value if value > least else nan for value in row] for row in cells]
    times = [time - SCRAPE_SECONDS / 2 for time in (*found.window.times, found.window.times[-1] + SCRAPE_SECONDS)]
    levels = range(len(edges) + 1)
    axes.pcolormesh(times, levels, image, cmap=shades, vmin=0, vmax=max(seen), edgecolor=colour.PANEL, linewidth=0.3)
    time_axis(axes, found.window)
    marks(axes, found)
    _scale(canvas, place.lower(SCALE_HEIGHT).inset(left=left), shades, max(seen))


def buckets(found: Sequence[Series]) -> tuple[list[float], list[list[float]]]:
    """Upper edges from below, and how many values each bucket has alone at each time, from counts of all up to it."""
    ordered = sorted(found, key=lambda series: float(series.labels["le"]))
    below = [0.0] * (len(ordered[0].values) if ordered else 0)
    cells = []
    for series in ordered:
        upto = [0.0 if isnan(value) else value for value in series.values]
        cells.append([max(here - there, 0.0) for here, there in zip(upto, below, strict=True)])
        below = upto
    return [float(series.labels["le"]) for series in ordered], cells


def _edges(edges: Sequence[float], panel: Json) -> list[str]:
    finite = [edge for edge in edges if edge < inf]
    return [*ticks(finite, panel["options"]["yAxis"]["unit"]), *["+Inf"] * (len(edges) - len(finite))]


def _shades(scheme: str) -> Any:
    """Grafana's scheme, the other way round on a dark ground, without the shades that would be the ground's."""
    whole = colormaps[f"{scheme}_r"]
    return ListedColormap([whole(0.08 + 0.87 * at / 255) for at in range(256)])


def _scale(canvas: Canvas, place: Place, shades: Any, most: float) -> None:
    """The colours from none to the most."""
    axes = canvas.axes(Place(place.x + 14, place.bottom - 14, 150, 8))
    axes.imshow([list(range(256))], aspect="auto", cmap=shades)
    axes.axis("off")
    y = place.bottom - 10
    canvas.text((place.x + 8, y), "0", size=SMALL, ink=colour.FAINT, align="right")
    canvas.text((place.x + 172, y), digits(most), size=SMALL, ink=colour.FAINT)
