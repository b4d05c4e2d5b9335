"""Gauges, and the admission of their series."""

from collections.abc import Iterable
from typing import Self

from exporter.metric.label import Labels, label_value
from exporter.metric.metric import Metric


class Gauge(Metric):
    """The last value of something. A series without data is absent, and one over the cap is left out and counted."""

    kind = "gauge"

    def __init__(self, name: str, help: str, labels: Labels = (), *, cap: int) -> None:
        super().__init__(name, help, labels, cap=cap)
        self.values: dict[Labels, float] = {}
        self.most = 0
        """The most series that there were at a time; some may have gone since. It is no part of the state: how many
        come and go within one chunk depends on where it is cut."""

    def keys(self) -> Iterable[Labels]:
        return self.values.keys()

    def numbers(self) -> list[float]:
        return list(self.values.values())

    def __len__(self) -> int:
        return len(self.values)

    def discard(self, labels: Labels) -> None:
        self.values.pop(labels, None)

    def set(self, value: float | None, *labels: str) -> None:
        """Shows `value`, or nothing where it is None."""
        if labels not in self.values:
            labels = tuple(map(label_value, labels))
        if value is None:
            self.discard(labels)
        elif labels in self.values or len(self.values) < self.cap:
            self.values[labels] = float(value)
            self.most = max(self.most, len(self.values))
        else:
            self.capped += 1

    def restore(self, values: dict[Labels, float]) -> None:
        """Goes on from stored values."""
        self.values = values
        self.most = len(values)

    def merges_exactly(self, later: Self) -> bool:
        return len(self.values) + later.most < self.cap

    def merge(self, other: Self) -> None:
        """Takes what `other` saw last."""
        for labels, value in other.values.items():
            self.set(value, *labels)
        self.capped += other.capped
