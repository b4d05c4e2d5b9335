"""A dashboard on a canvas: its name, time and variables on top, panels on Grafana's grid below."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from pictures import colour
from pictures.answers import Answers
from pictures.board import Board, Json
from pictures.canvas import SMALL, Canvas, Place

WIDTH = 1440
SCREEN_HEIGHT = 900
MARGIN, GAP = 16, 8
COLUMN = (WIDTH - 2 * MARGIN + GAP) / 24
ROW = 38
LEAST_SEEN = 60
"""What would show no more than this of itself at the bottom of a screen is left out."""
TITLE_HEIGHT = 34
TITLE_SIZES = (11.5, 10.5)
BAR_HEIGHT, VARIABLES_HEIGHT = 40, 48
TOP = BAR_HEIGHT + VARIABLES_HEIGHT


def drawn(board: Board, found: Answers, *, whole: bool) -> Any:
    """The dashboard as an image, all of it or as much as a screen shows."""
    places = {panel["id"]: _place(panel["gridPos"]) for panel in board.panels}
    begun = [place for place in places.values() if whole or place.y < SCREEN_HEIGHT - LEAST_SEEN]
    bottom = round(max(place.bottom for place in begun) + MARGIN)
    canvas = Canvas(WIDTH, bottom if whole else min(bottom, SCREEN_HEIGHT))
    for panel in board.panels:
        if places[panel["id"]] in begun:
            _panel(canvas, panel, places[panel["id"]], found)
    _bar(canvas, board, found)
    _variables(canvas, board)
    return canvas.image()


def _place(grid: Json) -> Place:
    x, y = MARGIN + grid["x"] * COLUMN, TOP + grid["y"] * ROW
    return Place(round(x), y, round(x + grid["w"] * COLUMN) - GAP - round(x), grid["h"] * ROW - GAP)


def _panel(canvas: Canvas, panel: Json, place: Place, found: Answers) -> None:
    """A panel with its frame, by the module of its kind."""
    kind = import_module(f"pictures.kinds.{panel['type']}")
    inner = place
    if panel["type"] != "row":
        canvas.box(place, colour.PANEL, edge=colour.BORDER, radius=2)
        inner = place.inset(left=9, right=9, top=TITLE_HEIGHT, bottom=8)
        _title(canvas, place.inset(left=9, right=9).upper(TITLE_HEIGHT), panel["title"])
    kind.draw(canvas, inner, panel, found)


def _title(canvas: Canvas, place: Place, title: str) -> None:
    """A panel's title, somewhat smaller where there is little room."""
    size = next(
        (each for each in TITLE_SIZES if canvas.wide(title, size=each, bold=True) <= place.width), TITLE_SIZES[-1]
    )
    canvas.text((place.x, place.middle[1]), title, size=size, bold=True, room=place.width)


def _bar(canvas: Canvas, board: Board, found: Answers) -> None:
    """Where one is, and the time that is shown."""
    canvas.box(Place(0, 0, WIDTH, BAR_HEIGHT), colour.HEADER)
    canvas.line((0, BAR_HEIGHT), (WIDTH, BAR_HEIGHT), colour.BORDER)
    path = "Home  /  Dashboards  /  "
    canvas.text((MARGIN, BAR_HEIGHT / 2), path, ink=colour.FAINT)
    canvas.text((MARGIN + canvas.wide(path), BAR_HEIGHT / 2), board.title)
    start, end = (datetime.fromtimestamp(each, UTC) for each in (found.window.start, found.window.end))
    time = f"{start:%Y-%m-%d %H:%M:%S}  to  {end:%H:%M:%S}  UTC"
    canvas.text((WIDTH - MARGIN, BAR_HEIGHT / 2), time, align="right")


def _variables(canvas: Canvas, board: Board) -> None:
    """Each variable's name with its choice, and what is marked in the panels."""
    canvas.box(Place(0, BAR_HEIGHT + 1, WIDTH, VARIABLES_HEIGHT - 1), colour.CANVAS)
    x, y = float(MARGIN), BAR_HEIGHT + VARIABLES_HEIGHT / 2
    for label, chosen in board.variables:
        for text, ink in ((label, colour.TEXT), (f"{chosen}  ▾", colour.TEXT)):
            width = canvas.wide(text) + 20
            canvas.box(Place(x, y - 14, width, 28), colour.PANEL, edge=colour.BORDER, radius=2)
            canvas.text((x + 10, y), text, ink=ink)
            x += width
        x += GAP
    for mark in board.marks:
        canvas.box(Place(x + 8, y - 1, 14, 2), colour.rgb(mark["iconColor"]))
        canvas.text((x + 28, y), mark["name"], ink=colour.FAINT, size=SMALL)
        x += 36 + canvas.wide(mark["name"], size=SMALL)
