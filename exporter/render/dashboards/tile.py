"""A panel with what its dashboard knows beyond it: the limits of what it shows, and where it links to.

Names colours, and nothing else of Grafana.
"""

from collections.abc import Mapping

import msgspec

from exporter.dashboard import Panel
from exporter.indicator import Limit

Words = Mapping[int, tuple[str, str]]
"""Text and colour by value."""


class Column(msgspec.Struct, frozen=True):
    """How a column of a table is shown where it differs from the others."""

    unit: str
    limits: Mapping[str, Limit] = {}
    more_is_better: bool = False
    """Where there are no limits to tell."""
    words: Words = {}
    width: int | None = None


class Link(msgspec.Struct, frozen=True):
    """A link that a panel, or a cell of a table, offers."""

    title: str
    url: str


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One panel of a dashboard. `data` links from its values."""

    panel: Panel
    limits: Mapping[str, Limit] = {}
    more_is_better: bool = False
    """Where there are no limits to tell."""
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


def less_is_worse(limits: Mapping[str, Limit], *, otherwise: bool = False) -> bool:
    """Whether limits are below what is good; `otherwise` where there are none."""
    return any(limit.direction == "<" for limit in limits.values()) if limits else otherwise
