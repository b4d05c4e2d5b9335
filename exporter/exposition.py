"""What Prometheus sees: metric state as text, each series born at zero.

In come metrics at one moment; out go bytes in the classic text format or in OpenMetrics. A series that appears while a
server is being scraped is shown as 0 first and with its value `birth_hold` seconds later, so that `increase()` sees all
of it. A second Prometheus that scrapes seldomer than that may miss the 0. Knows no files and no HTTP.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from time import monotonic, time

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter.metric import AnyMetric, Cell, Counter, Cumulative, Histogram, Labels

END = b"# EOF\n"

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
        return round(self._clock() * 1000)


def families(shown: Iterable[Shown], *, created: bool = False) -> Iterator[Metric]:
    """What is shown as the Prometheus client's metric families, in order of name and labels.

    `created` adds when each counter and histogram was first shown.
    """
    for one in sorted(shown, key=lambda one: one.metric.name):
        metric = one.metric
        if isinstance(metric, Counter):
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, cell in sorted(one.cells):
                counter.add_metric(labels, metric.value(cell), created=_created(cell) if created else None)
            yield counter
        elif isinstance(metric, Histogram):
            yield _histogram(metric, one.cells, created)
        else:
            gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in sorted(one.values):
                gauge.add_metric(labels, value)
            yield gauge


def _histogram(metric: Histogram, cells: list[tuple[Labels, Cell]], created: bool) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    names = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    for labels, cell in sorted(cells):
        buckets = list(zip(names, accumulate(cell[: len(names)]), strict=True))
        family.add_metric(labels, buckets, cell[-2] / metric.per_unit)
        since = _created(cell)
        if created and since is not None:
            family.add_sample(f"{metric.name}_created", dict(zip(metric.labels, labels, strict=True)), since)
    return family


def _created(cell: Cell) -> float | None:
    return abs(cell[-1]) / 1000 or None


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class Format(msgspec.Struct, frozen=True):
    """A text format."""

    content_type: str
    created: bool
    """Whether it says when series were first shown."""
    encode: Callable[[Collector], bytes]

    def render(self, families: Iterable[Metric]) -> bytes:
        """Metric families as text."""
        return self.encode(_Given(families))


CLASSIC = Format("text/plain; version=0.0.4; charset=utf-8", False, generate_latest)
OPENMETRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", True, generate_openmetrics)


def join(*texts: bytes) -> bytes:
    """Several expositions of one format, with no metric in two of them, as one."""
    end = END if texts and texts[0].endswith(END) else b""
    return b"".join(text.removesuffix(END) for text in texts) + end
