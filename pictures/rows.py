"""What a table shows: Grafana's transformations of a panel, done to the answers of its queries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pictures.answers import Series
from pictures.board import Json, queries

Cell = str | float
"""A label, or a number; NaN where a query has none for that row."""


@dataclass(frozen=True)
class Table:
    """Names of columns, and rows of as many cells."""

    columns: list[str]
    rows: list[list[Cell]]


def table(panel: Json, found: Sequence[Series]) -> Table:
    """The rows of a panel, sorted as it says."""
    first, *others = panel["transformations"]
    if first["id"] == "groupingToMatrix":
        made = _matrix(first["options"], found)
    elif [first["id"], *(each["id"] for each in others)] == ["merge", "organize"]:
        made = _organized(_merged(panel, found), others[0]["options"])
    else:
        raise ValueError(f"no such transformation as that of `{panel['title']}`")
    for by in panel["options"].get("sortBy", ()):
        _sort(made, by)
    return made


def _merged(panel: Json, found: Sequence[Series]) -> Table:
    """A row for each set of labels, a column for each label and each query."""
    letters = [query["refId"] for query in queries(panel)]
    values = {letter: "Value" if len(letters) == 1 else f"Value #{letter}" for letter in letters}
    labels = sorted({label for series in found for label in series.labels})
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for series in found:
        row = rows.setdefault(tuple(series.labels.get(label, "") for label in labels), {})
        row[series.query] = series.last
    cells: list[list[Cell]] = [[*key, *(row.get(letter, math.nan) for letter in letters)] for key, row in rows.items()]
    return Table([*labels, *values.values()], cells)


def _organized(made: Table, options: Json) -> Table:
    """Columns in the order and under the names that are wished, without those that are not."""
    order = options.get("indexByName", {})
    wanted = [name for name in made.columns if not options["excludeByName"].get(name)]
    wanted.sort(key=lambda name: order.get(name, math.inf))
    places = [made.columns.index(name) for name in wanted]
    names = [options["renameByName"].get(name, name) for name in wanted]
    return Table(names, [[row[place] for place in places] for row in made.rows])


def _matrix(options: Json, found: Sequence[Series]) -> Table:
    """A row for each value of one label, a column for each of another."""
    down, across = options["rowField"], options["columnField"]
    columns = list(dict.fromkeys(series.labels[across] for series in found))
    rows: dict[str, dict[str, float]] = {}
    for series in found:
        rows.setdefault(series.labels[down], {})[series.labels[across]] = series.last
    cells: list[list[Cell]] = [[name, *(row.get(column, "") for column in columns)] for name, row in rows.items()]
    return Table([f"{down}\\{across}", *columns], cells)


def _sort(made: Table, by: Json) -> None:
    place = made.columns.index(by["displayName"]) if by["displayName"] in made.columns else None
    if place is not None:
        made.rows.sort(key=lambda row: _rank(row[place], falling=by["desc"]), reverse=by["desc"])


def _rank(cell: Cell, *, falling: bool) -> tuple[bool, Cell]:
    """Cells without a value come last."""
    if isinstance(cell, float) and math.isnan(cell):
        return (not falling, 0.0)
    return (falling, cell)
