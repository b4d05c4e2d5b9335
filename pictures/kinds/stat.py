"""One number, or one for each series side by side, on the colour of its limits."""

from math import nan

from pictures import colour
from pictures.answers import Answers, Series
from pictures.board import Json
from pictures.canvas import Canvas, Place
from pictures.field import Field

GAP = 6
LARGEST, LEAST = 40.0, 11.0
LINES = 2
"""In so many a text may be that is too long for one."""


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """Values from left to right; without one, what stands for none."""
    shown = found.panels[panel["id"]] or [Series(name="", labels={}, values=[nan])]
    width = (place.width + GAP) / len(shown)
    for at, series in enumerate(shown):
        _tile(canvas, Place(place.x + at * width, place.y, width - GAP, place.height), panel, series)


def _tile(canvas: Canvas, place: Place, panel: Json, series: Series) -> None:
    value = Field(panel, series.name).shown(series.last)
    ink = value.colour or colour.TEXT
    if panel["options"]["colorMode"] == "background":
        canvas.box(place, colour.deeper(value.colour or colour.PANEL), radius=2)
        ink = colour.INK
    if panel["options"]["textMode"] == "value_and_name" and series.name:
        x, y = place.x + 12, place.middle[1]
        canvas.text((x, y), series.name, size=15, ink=ink)
        canvas.text((place.right - 12, y), value.text, size=19, ink=ink, bold=True, align="right")
        return
    size, lines = _fitting(canvas, value.text, place)
    x, y = place.middle
    for at, line in enumerate(lines):
        middle = y + 1.25 * size * (at - (len(lines) - 1) / 2)
        canvas.text((x, middle), line, size=size, ink=ink, bold=True, align="center", room=place.width - 8)


def _fitting(canvas: Canvas, text: str, place: Place) -> tuple[float, list[str]]:
    """The largest size that has room in one line, or in few."""
    room = place.width - 20
    for count in range(1, LINES + 1):
        size = min(LARGEST, 0.62 * place.height / count)
        while size >= LEAST:
            lines = canvas.lines(text, room / 1.12, size=size)
            if len(lines) <= count and all(canvas.wide(line, size=size, bold=True) <= room for line in lines):
                return size, lines
            size -= 1
            if count == 1 and size < 18:
                break
    return LEAST, canvas.lines(text, room / 1.12, size=LEAST)
