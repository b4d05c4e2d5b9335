"""What a metric was at one moment: its series and their numbers, to be shown and to be stored.

In come metrics; out go copies that belong to whoever asked for them. Knows no time and no bytes.
"""

from collections.abc import Iterable

import msgspec

from exporter.metric.cumulative import Cell, Counter, Histogram
from exporter.metric.gauge import Gauge
from exporter.metric.label import Labels

AnyMetric = Counter | Histogram | Gauge


class MetricState(msgspec.Struct, array_like=True):
    """One metric as it is stored: what its numbers mean, its series, and their numbers one series after the other."""

    definition: str
    series: list[Labels]
    numbers: list[int | float]

    def cells(self, width: int) -> list[Cell]:
        """The numbers of each series, which are so many."""
        return [self.numbers[at : at + width] for at in range(0, len(self.numbers), width)]  # type: ignore[misc]


class Copy(msgspec.Struct):
    """One metric at one moment: its series, and their numbers one series after the other."""

    metric: AnyMetric
    series: list[Labels]
    numbers: list[float]

    def column(self, at: int) -> list[float]:
        """The number at one place of each series; negative places count from the end, as in a cell."""
        width = self.metric.width
        return self.numbers[at % width :: width]

    def state(self) -> MetricState:
        """As it is stored, its series in order: what counts the same is equal, whatever was born first."""
        width = self.metric.width
        cells = {labels: self.numbers[at * width : (at + 1) * width] for at, labels in enumerate(self.series)}
        series = sorted(cells)
        return MetricState(self.metric.definition, series, [number for labels in series for number in cells[labels]])


def copied(metrics: Iterable[AnyMetric]) -> list[Copy]:
    """A copy of everything as it is."""
    return [Copy(metric, list(metric.keys()), metric.numbers()) for metric in metrics]
