"""A bar for each series, as long as its share of the greatest."""

from pictures import colour
from pictures.answers import Answers
from pictures.board import Json
from pictures.canvas import SMALL, Canvas, Place
from pictures.field import Field

TALLEST, LEAST = 40.0, 16.0
GAP = 8
NAMES = 0.5


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """Bars from top to bottom, as many as there is room for; Grafana scrolls to the others."""
    bars = found.panels[panel["id"]]
    if not bars:
        canvas.note(place, Field(panel, "").empty)
        return
    height = min(max((place.height + GAP) / len(bars), LEAST + GAP), TALLEST + GAP)
    names = min(max(canvas.wide(bar.name, size=SMALL) for bar in bars) + 10, NAMES * place.width)
    shown = [Field(panel, bar.name).shown(bar.last).text for bar in bars]
    values = max(canvas.wide(text, bold=True) for text in shown) + 10
    greatest = max(bar.last for bar in bars) or 1
    for at, bar in enumerate(bars[: int((place.height + GAP) // height)]):
        row = Place(place.x, place.y + at * height, place.width, height - GAP)
        field = Field(panel, bar.name)
        track = row.inset(left=names, right=values)
        y = row.middle[1]
        canvas.text((row.x, y), bar.name, size=SMALL, room=names - 8)
        canvas.box(track, colour.TRACK, radius=2)
        length = track.width * bar.last / greatest
        if length >= 1:
            canvas.box(Place(track.x, track.y, length, track.height), field.colour, radius=min(2, length / 2))
        canvas.text((row.right, y), shown[at], ink=field.colour, align="right", bold=True)
