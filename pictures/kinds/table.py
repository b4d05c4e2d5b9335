"""Rows of cells; a cell's ground has the colour of its limits, a label that leads somewhere that of a link."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan

from pictures import colour
from pictures.answers import Answers
from pictures.board import Json
from pictures.canvas import SMALL, Canvas, Place
from pictures.field import Field, Shown
from pictures.rows import Cell, Table, table

ROW_HEIGHT = 28
PADDING = 8
SIZE = SMALL + 1


@dataclass(frozen=True)
class Column:
    """One column, ready to be drawn."""

    field: Field
    cells: list[Shown]
    is_words: bool


def draw(canvas: Canvas, place: Place, panel: Json, found: Answers) -> None:
    """As many rows as there is room for; Grafana scrolls to the others."""
    made = table(panel, found.panels[panel["id"]])
    if not made.rows:
        canvas.note(place, Field(panel, "").empty)
        return
    columns = list(_columns(panel, made, found.window.end))
    rows = min(int(place.height // ROW_HEIGHT) - 1, len(made.rows))
    x = place.x
    for column, width in zip(columns, _widths(canvas, columns, place.width), strict=True):
        _column(canvas, column, Place(x, place.y, width, ROW_HEIGHT), rows)
        x += width
    for at in range(1, rows + 2):
        y = place.y + at * ROW_HEIGHT
        canvas.line((place.x, y), (place.right, y), colour.GRID)


def _columns(panel: Json, made: Table, now: float) -> Iterator[Column]:
    numbers = [cell for row in made.rows for cell in row if isinstance(cell, float) and not isnan(cell)] or [0.0]
    extent = min(numbers), max(numbers)
    for at, name in enumerate(made.columns):
        cells = [row[at] for row in made.rows]
        is_words = all(isinstance(cell, str) for cell in cells)
        field = Field(panel, name, kind="string" if is_words else "number")
        yield Column(field, [_shown(field, cell, now, extent) for cell in cells], is_words)


def _shown(field: Field, cell: Cell, now: float, extent: tuple[float, float]) -> Shown:
    """A cell; white space of a label is that of a page."""
    if isinstance(cell, str):
        return Shown(" ".join(cell.split()), None)
    return field.shown(cell, now=now, extent=extent)


def _column(canvas: Canvas, column: Column, head: Place, rows: int) -> None:
    """Its name, and cells below; numbers stand to the right."""
    for at, cell in enumerate([Shown(column.field.name, None), *column.cells[:rows]]):
        place = replace(head, y=head.y + at * ROW_HEIGHT)
        ink = colour.LINK if column.field.links and column.is_words else colour.TEXT
        if column.field.is_on_colour and cell.colour:
            canvas.box(place, cell.colour)
            ink = colour.INK
        canvas.text(
            (place.x + PADDING if column.is_words else place.right - PADDING, place.middle[1]),
            cell.text,
            size=SIZE,
            ink=ink if at else colour.FAINT,
            align="left" if column.is_words else "right",
            room=place.width - 2 * PADDING,
        )


def _widths(canvas: Canvas, columns: Sequence[Column], room: float) -> list[float]:
    """What is set, or what their texts take: in proportion where there is more room, else the widest have less."""
    wished = [column.field.width or _wished(canvas, column) for column in columns]
    if sum(wished) <= room:
        fixed = sum(column.field.width or 0 for column in columns)
        factor = (room - fixed) / max(sum(wished) - fixed, 1)
        return [column.field.width or width * factor for column, width in zip(columns, wished, strict=True)]
    most = max(wished)
    while sum(min(width, most) for width in wished) > room:
        most -= 1
    return [min(width, most) for width in wished]


def _wished(canvas: Canvas, column: Column) -> float:
    texts = (column.field.name, *(cell.text for cell in column.cells))
    return 2 * PADDING + 6 + max(canvas.wide(text, size=SIZE) for text in texts)
