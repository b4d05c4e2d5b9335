"""What is shown as the Prometheus client's own metric families: the witness that our text is held against."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from exporter.births import Shown
from exporter.metric import Cell, Counter, Histogram, Labels


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
