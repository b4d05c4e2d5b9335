"""The heading of a section."""

from pictures.answers import Answers
from pictures.board import Json
from pictures.canvas import Canvas, Place


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """Its words, behind the sign that it is open."""
    x, y = place.x + 4, place.y + place.height / 2
    canvas.text((x, y), "⌄", size=15)
    canvas.text((x + 20, y), panel["title"], size=14.5, bold=True)
