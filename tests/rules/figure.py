"""An indicator under test: how it is brought to a value, when its alerts fire, and what they then say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from exporter.indicators import TABLES
from exporter.pipeline import discover
from tests.rules.series import Maker
from tests.rules.witness import LIMITS, Row

INDICATORS = {name: kind.indicators for name, kind in discover().items()} | TABLES
"""The tables under test, for their prose alone."""


def percent(value: float) -> str:
    return f"{value * 100:.4g}%"


def plain(value: float) -> str:
    return f"{value:.3g}"


def size(value: float) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20)):
        if value >= factor:
            return f"{value / factor:.4g}{unit}"
    return f"{value:.4g}B"


def duration(value: float) -> str:
    return f"{value:.4g}s" if value < 60 else f"{int(value) // 60}m {int(value) % 60}s"


def flag(value: float) -> str:
    return f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """An indicator under test. Times are in minutes; `{value}` and `{limit}` in a summary are filled in."""

    table: str
    indicator: str
    alert: str
    make: Maker
    summary: str
    labels: Mapping[str, str]
    """Of the alerts, beside their name and severity."""
    variables: str = ""
    show: Callable[[float], str] = plain
    pending: int = 0
    keep: int = 15
    nudge: Decimal = Decimal("0.0001")
    """What is just inside or just beyond a limit is so far from it."""
    healthy: Decimal = Decimal(0)
    step: int = 1
    """From sample to sample."""
    tick: int = 1
    """From evaluation to evaluation."""
    first: int = 0
    """The first evaluation at which the figure has a value; a stall is there a minute earlier where ranges are open."""
    slack: int = 0
    full: int = 0
    """From here on the value is exactly the wanted one."""
    window: int = 0
    """So long it may go on without new samples."""
    lingers: bool = False
    """Whether it also stays beyond its limit for the rest of the window when what is wanted is healthy again."""
    absent_fires: bool = False
    """Whether it is a fault that there is no data."""
    forgets: bool = False
    """Whether what was counted before a reset is gone: such a figure keeps quiet then."""
    counts: bool = False
    """Whether it is built on counters."""

    @property
    def limits(self) -> list[Row]:
        return [row for row in LIMITS if (row.table, row.indicator) == (self.table, self.indicator)]

    @property
    def description(self) -> str:
        """The prose of the indicator."""
        (told,) = [told for told in INDICATORS[self.table] if told.name == self.indicator]
        return " ".join(f"{told.meaning} What to do: {told.action}".split())

    def annotations(self, row: Row, value: Decimal) -> dict[str, str]:
        shown = self.show(float(value))
        return {
            "summary": self.summary.format(value=shown, limit=f"{row.severity} {row.limit}"),
            "description": self.description,
            "value": shown,
            "limit": row.limit,
            "runbook_url": f"http://localhost:10210/runbook#{self.alert.lower()}",
            "dashboard_url": f"http://localhost:3000/d/{self.table}{self.variables}",
        }
