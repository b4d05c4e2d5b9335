"""What is shown as the Prometheus client's own metric families: the witness that our text is held against."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic
from prometheus_client.registry import Collector

from exporter.births import Shown
from exporter.exposition import Format
from exporter.metric import Counter, Histogram, Labels

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Values by name and labels."""

Cell = list[Any]
"""The numbers of one series."""


def cells(shown: Shown) -> list[tuple[Labels, Cell]]:
    """The series of a metric, each with its numbers."""
    width = shown.metric.width
    assert len(shown.numbers) == width * len(shown.series)
    return [(labels, shown.numbers[at * width :][:width]) for at, labels in enumerate(shown.series)]


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def by_the_client(families: Iterable[Metric], form: Format) -> bytes:
    """Metric families as the Prometheus client writes them."""
    return generate_openmetrics(_Given(families)) if form.openmetrics else generate_latest(_Given(families))


def families(shown: Iterable[Shown], *, created: bool = False) -> Iterator[Metric]:
    """What is shown as the Prometheus client's metric families, in order of name and labels.

    `created` adds when each counter and histogram was first shown.
    """
    for one in sorted(shown, key=lambda one: one.metric.name):
        metric = one.metric
        if isinstance(metric, Counter):
            counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, cell in sorted(cells(one)):
                (value,) = metric.exposed([cell[0]])
                counter.add_metric(labels, value, created=_created(cell) if created else None)
            yield counter
        elif isinstance(metric, Histogram):
            yield _histogram(metric, cells(one), created)
        else:
            gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, (value,) in sorted(cells(one)):
                gauge.add_metric(labels, value)
            yield gauge


def _histogram(metric: Histogram, series: list[tuple[Labels, Cell]], created: bool) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    names = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    for labels, cell in sorted(series):
        buckets = list(zip(names, accumulate(cell[: len(names)]), strict=True))
        family.add_metric(labels, buckets, cell[-2] / metric.per_unit)
        since = _created(cell)
        if created and since is not None:
            family.add_sample(f"{metric.name}_created", dict(zip(metric.labels, labels, strict=True)), since)
    return family


def _created(cell: Cell) -> float | None:
    return abs(cell[-1]) / 1000 or None


def read_back(text: str) -> Samples:
    """Every sample of an exposition in either format."""
    parse: Any = parse_openmetrics if text.endswith("# EOF\n") else parse_classic
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }
