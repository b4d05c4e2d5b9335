"""Every table of indicators, whether of a pipeline or of what is beside them, and where it stands in the code."""

from collections.abc import Iterator
from typing import NamedTuple

from exporter.dashboard import Dashboard
from exporter.indicator import Indicator
from exporter.indicators import DASHBOARDS, TABLES
from exporter.pipeline import Kinds


class Table(NamedTuple):
    """Indicators under the name that their records begin with; `source` is the module that they stand in."""

    name: str
    source: str
    indicators: tuple[Indicator, ...]
    dashboard: Dashboard = Dashboard()


def tables(kinds: Kinds) -> Iterator[Table]:
    """All of them: those of the pipelines first."""
    for name, kind in sorted(kinds.items()):
        yield Table(name, kind.__module__.replace(".", "/") + ".py", kind.indicators, kind.dashboard)
    for name, indicators in TABLES.items():
        yield Table(name, f"exporter/indicators/{name}.py", indicators, DASHBOARDS[name])
