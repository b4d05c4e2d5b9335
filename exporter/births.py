"""What is shown of each series: its value, or 0 at first.

In come copies of metrics; out go copies to be rendered. A series that appears while a server is being scraped is
shown as 0 first and with its value `birth_hold` seconds later, so that `increase()` sees all of it. A second Prometheus
that scrapes seldomer than that may miss the 0. Knows no files, no text and no HTTP.
"""

from collections.abc import Callable, Iterable, Iterator
from time import monotonic, time

from exporter.metric import AnyMetric, Cell, Copy, Cumulative, Labels

Series = tuple[str, Labels]

STRETCH = 256
"""So many series are looked at together for newborn ones."""


Shown = Copy
"""What is shown of a metric, which is 0 for series that are held."""


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

    def show(self, copies: Iterable[Copy]) -> list[Shown]:
        """What is to be shown of metrics that are now as these copies say; new series are held at 0 from when `seen` is
        called. Stamps are put into the copies as well, since they are to be stored with them."""
        now, elapsed = self._now(), self._elapsed()
        self._to_be_held = {}
        return [self._shown(copy, now, elapsed) for copy in copies]

    def seen(self) -> None:
        """Is told that what `show` returned last is out where scrapers see it."""
        self._held = self._to_be_held

    def _shown(self, copy: Copy, now: int, elapsed: float) -> Shown:
        """A copy as it is to be shown: itself, where no stamp says that a series is new."""
        metric = copy.metric
        if not isinstance(metric, Cumulative) or min(stamps := copy.column(-1), default=1) > 0:
            return copy
        shown = Shown(metric, copy.series, copy.numbers.copy())
        for at in _newborn(stamps):
            labels, place = copy.series[at], slice(at * metric.width, (at + 1) * metric.width)
            cell = metric.cells[labels]
            shown.numbers[place] = self._held_back((metric.name, labels), cell, now, elapsed)
            copy.numbers[place] = cell
        return shown

    def _held_back(self, series: Series, cell: Cell, now: int, elapsed: float) -> Cell:
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


def _newborn(stamps: list[float]) -> Iterator[int]:
    """Where stamps are of series that are new: few among many, most of which one look at a stretch passes over."""
    for begin in range(0, len(stamps), STRETCH):
        stretch = stamps[begin : begin + STRETCH]
        if min(stretch) <= 0:
            yield from [begin + at for at, stamp in enumerate(stretch) if stamp <= 0]
