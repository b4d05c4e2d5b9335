"""The naive way to make a scrape durable: the Prometheus client's objects for all series, and a dump of their values.

It is what a first version of the exporter would do: `labels(…).inc()` for each change, `generate_latest` for each
scrape, and before that a file with all values, synced and renamed into place.
"""

import json
import os
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from exporter import metric as ours
from exporter.births import Shown


class Objects:
    """The same series as what is shown, as the client's objects."""

    def __init__(self, shown: Iterable[Shown]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else the classic format has a series more for each
        self.registry = CollectorRegistry()
        self._counters: list[tuple[Counter, list[ours.Labels]]] = []
        for one in shown:
            self._add(one)

    def _add(self, one: Shown) -> None:
        metric = one.metric
        declared = (metric.name, metric.help, metric.labels)
        if isinstance(metric, ours.Histogram):
            histogram = Histogram(*declared, buckets=metric.bounds, registry=self.registry)
            for at, labels in enumerate(one.series):
                *counts, total, _ = one.numbers[at * metric.width :][: metric.width]
                child: Any = histogram.labels(*labels) if labels else histogram
                for bucket, count in zip(child._buckets, counts, strict=True):
                    bucket.set(count)
                child._sum.set(total / metric.per_unit)
        elif isinstance(metric, ours.Counter):
            counter = Counter(*declared, registry=self.registry)
            for labels, value in zip(one.series, metric.exposed(one.column(0)), strict=True):
                (counter.labels(*labels) if labels else counter).inc(value)
            self._counters.append((counter, one.series))
        elif one.series:  # the client shows a gauge that was never set as 0
            gauge = Gauge(*declared, registry=self.registry)
            for labels, value in zip(one.series, one.numbers, strict=True):
                (gauge.labels(*labels) if labels else gauge).set(value)

    def count(self) -> int:
        """Adds 1 to every series of every counter; returns how many they were."""
        for counter, series in self._counters:
            for labels in series:
                (counter.labels(*labels) if labels else counter).inc()
        return sum(len(series) for _, series in self._counters)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)

    def values(self) -> list[tuple[str, dict[str, str], float]]:
        """Every sample's name, labels and value."""
        return [
            (sample.name, sample.labels, sample.value)
            for family in self.registry.collect()
            for sample in family.samples
        ]

    def json(self) -> bytes:
        """All values as JSON."""
        return json.dumps(self.values()).encode()

    def pickle(self) -> bytes:
        """All values as a pickle."""
        return pickle.dumps(self.values())


def save(path: Path, data: bytes, fsync: Callable[[int], None]) -> None:
    """Makes bytes durable, as simply as can be."""
    temporary = path.with_suffix(".temporary")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        fsync(file.fileno())
    temporary.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    fsync(directory)
    os.close(directory)
