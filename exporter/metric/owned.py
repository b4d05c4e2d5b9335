"""The metrics of one owner: declared by name, copied, stored and restored together."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from exporter.metric.copy import AnyMetric, MetricState, copied
from exporter.metric.cumulative import Counter, Histogram
from exporter.metric.gauge import Gauge

M = TypeVar("M", Counter, Histogram, Gauge)


class Metrics:
    """The metrics of one owner by name, all under one cap of series for each."""

    def __init__(self, *, cap: int) -> None:
        self.cap = cap
        self._by_name: dict[str, AnyMetric] = {}

    def counter(self, name: str, help: str, *labels: str, per_unit: int = 1, worth: float = 1) -> Counter:
        """Declares a counter; its name ends in `_total`."""
        return self._add(Counter(name, help, labels, cap=self.cap, per_unit=per_unit, worth=worth))

    def histogram(self, name: str, help: str, *labels: str, bounds: tuple[float, ...], per_unit: int = 1) -> Histogram:
        """Declares a histogram with these upper bounds, in the exposed unit."""
        return self._add(Histogram(name, help, labels, bounds=bounds, cap=self.cap, per_unit=per_unit))

    def gauge(self, name: str, help: str, *labels: str) -> Gauge:
        """Declares a gauge."""
        return self._add(Gauge(name, help, labels, cap=self.cap))

    def _add(self, metric: M) -> M:
        self._by_name[metric.name] = metric
        return metric

    def __iter__(self) -> Iterator[AnyMetric]:
        return iter(self._by_name.values())

    def discard_where(self, label: str, *values: str) -> None:
        """Forgets every series of every metric whose `label` is one of `values`."""
        for metric in self:
            metric.discard_where(label, *values)

    def state(self) -> dict[str, MetricState]:
        """Everything, by metric name."""
        return {copy.metric.name: copy.state() for copy in copied(self)}

    def restore(self, stored: Mapping[str, MetricState]) -> list[str]:
        """Goes on from what was stored; returns the names of metrics whose definition changed, which start anew."""
        changed = []
        for metric in self:
            state = stored.get(metric.name)
            if state is None:
                continue
            if state.definition != metric.definition:
                changed.append(metric.name)
                continue
            if isinstance(metric, Gauge):
                metric.restore(dict(zip(state.series, state.numbers, strict=True)))
            else:
                metric.restore(dict(zip(state.series, state.cells(metric.width), strict=True)))
        return changed

    def merges_exactly(self, later: "Metrics") -> bool:
        """Whether `merge` gives what one owner had that counted for both, one after the other."""
        both = zip(self, later, strict=True)
        return all(ours.merges_exactly(theirs) for ours, theirs in both)  # type: ignore[arg-type]  # as in `merge`

    def merge(self, other: "Metrics") -> None:
        """Adds the counts of another owner of the same metrics; its gauges are the later ones."""
        for ours, theirs in zip(self, other, strict=True):
            ours.merge(theirs)  # type: ignore[arg-type]  # the same declarations made both
