"""What is shown of each series: its value, or 0 at first.

In come metrics at one moment; out go copies to be rendered. A series that appears while a server is being scraped is
shown as 0 first and with its value `birth_hold` seconds later, so that `increase()` sees all of it. A second Prometheus
that scrapes seldomer than that may miss the 0. Knows no files, no text and no HTTP.
"""

from collections.abc import Callable, Iterable
from time import monotonic, time

import msgspec

from exporter.metric import AnyMetric, Cell, Cumulative, Labels

Series = tuple[str, Labels]


class Shown(msgspec.Struct):
    """One metric as it is to be shown: its series at one moment, and their numbers one series after the other."""

    metric: AnyMetric
    series: list[Labels]
    numbers: list[float]

    def column(self, at: int) -> list[float]:
        """The number at one place of each series; negative places count from the end, as in a cell."""
        width = self.metric.width
        return self.numbers[at % width :: width]


def copied(metrics: Iterable[AnyMetric]) -> list[Shown]:
    """A copy of everything as it is."""
    return [Shown(metric, list(metric.keys()), metric.numbers()) for metric in metrics]


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
        self._latest = 0
        """The last stamp that was given."""
        self._held: dict[Series, float] = {}
        """Since when series were seen at 0."""
        self._to_be_held: dict[Series, float] = {}

    def admit(self, metrics: Iterable[AnyMetric], *, held: bool = False) -> None:
        """Lets everything that is there now be shown with its value; if need be, what is held at 0 as well."""
        now = self._now()
        for metric in metrics:
            if isinstance(metric, Cumulative):
                for cell in metric.cells.values():
                    self._stamp(cell, now)
                    if held:
                        cell[-1] = abs(cell[-1])

    def show(self, metrics: Iterable[AnyMetric]) -> list[Shown]:
        """A copy of what is to be shown now; series that are new are held at 0 from when `seen` is called."""
        now, elapsed = self._now(), self._elapsed()
        self._to_be_held = {}
        shown = copied(metrics)
        for one in shown:
            if isinstance(one.metric, Cumulative):
                stamps = one.column(-1)
                if min(stamps, default=1) <= 0:
                    self._hold_newborns(one, one.metric, stamps, now, elapsed)
        return shown

    def seen(self) -> None:
        """Is told that what `show` returned last is out where scrapers see it."""
        self._held = self._to_be_held

    def _hold_newborns(self, one: Shown, metric: Cumulative, stamps: list[float], now: int, elapsed: float) -> None:
        """Puts into a copy what is shown of the series whose stamps say that they are new."""
        for at, (labels, stamp) in enumerate(zip(one.series, stamps, strict=True)):
            if stamp <= 0:
                start = at * metric.width
                newborn = self._newborn((metric.name, labels), metric.cells[labels], now, elapsed)
                one.numbers[start : start + metric.width] = newborn

    def _newborn(self, series: Series, cell: Cell, now: int, elapsed: float) -> Cell:
        """A new series as it is shown: 0 at first, its value once it was held long enough."""
        self._stamp(cell, -now)
        since = self._held.get(series, elapsed)
        if series in self._held and elapsed - since >= self.hold:
            cell[-1] = -cell[-1]
            return cell.copy()
        self._to_be_held[series] = since
        return [0] * (len(cell) - 1) + [cell[-1]]

    def _stamp(self, cell: Cell, stamp: int) -> None:
        """Gives a stamp to a cell that has none."""
        if not cell[-1]:
            cell[-1] = stamp
            self._latest = abs(stamp)

    def _now(self) -> int:
        """The time, and later than any stamp before: who starts anew is newer, even if the clock was set back."""
        return max(round(self._clock() * 1000), self._latest + 1)
