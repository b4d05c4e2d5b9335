"""What is shown of each series: its value, or 0 at first.

In come metrics at one moment; out go copies to be rendered. A series that appears while a server is being scraped is
shown as 0 first and with its value `birth_hold` seconds later, so that `increase()` sees all of it. A second Prometheus
that scrapes seldomer than that may miss the 0. Knows no files, no text and no HTTP.
"""

from collections.abc import Callable, Iterable
from time import monotonic, time

import msgspec

from exporter.metric import AnyMetric, Cell, Counter, Cumulative, Histogram, Labels

Series = tuple[str, Labels]


class Shown(msgspec.Struct):
    """One metric as it is to be shown: its series at one moment, gauges as they are, cells with their birth."""

    metric: AnyMetric
    cells: list[tuple[Labels, Cell]]
    values: list[tuple[Labels, float]]


def copied(metrics: Iterable[AnyMetric]) -> list[Shown]:
    """A copy of everything as it is."""
    return [
        Shown(metric, [(labels, cell.copy()) for labels, cell in metric.cells.items()], [])
        if isinstance(metric, Counter | Histogram)
        else Shown(metric, [], list(metric.values.items()))
        for metric in metrics
    ]


class Births:
    """Decides what is shown of each series, and stamps its cell with the time at which it was first shown.

    A cell's stamp is in milliseconds: 0 before it is shown, negative while it is held at 0, positive from then on.
    """

    def __init__(
        self, hold: float, *, clock: Callable[[], float] = time, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self.hold = hold
        self._clock = clock
        self._elapsed = elapsed
        self._held: dict[Series, float] = {}
        """Since when series were seen at 0."""
        self._to_be_held: dict[Series, float] = {}
        self._latest = 0

    def admit(self, metrics: Iterable[AnyMetric]) -> None:
        """Lets everything that is there now be shown with its value."""
        now = self._now()
        for metric in metrics:
            if isinstance(metric, Counter | Histogram):
                for cell in metric.cells.values():
                    cell[-1] = cell[-1] or now

    def show(self, metrics: Iterable[AnyMetric]) -> list[Shown]:
        """A copy of what is to be shown now; series that are new are held at 0 from when `seen` is called."""
        now, elapsed = self._now(), self._elapsed()
        self._to_be_held = {}
        shown = copied(metrics)
        for one in shown:
            for at, (labels, cell) in enumerate(one.cells):
                if cell[-1] <= 0 and isinstance(one.metric, Cumulative):
                    live = one.metric.cells[labels]
                    one.cells[at] = labels, self._newborn((one.metric.name, labels), live, now, elapsed)
        return shown

    def seen(self) -> None:
        """Is told that what `show` returned last is out where scrapers see it."""
        self._held = self._to_be_held

    def _newborn(self, series: Series, cell: Cell, now: int, elapsed: float) -> Cell:
        """A new series as it is shown: 0 at first, its value once it was held long enough."""
        cell[-1] = cell[-1] or -now
        since = self._held.get(series, elapsed)
        if series in self._held and elapsed - since >= self.hold:
            cell[-1] = -cell[-1]
            return cell.copy()
        self._to_be_held[series] = since
        return [0] * (len(cell) - 1) + [cell[-1]]

    def _now(self) -> int:
        """Milliseconds by the clock on the wall; where that was put back, they go on from before, so that a series
        that starts anew has a newer time."""
        now = round(self._clock() * 1000)
        self._latest = now if now >= self._latest else self._latest + 1
        return self._latest
