"""One metric family: its name, its labels, and what all kinds have in common."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from exporter.metric.label import Labels, label_value


class Metric:
    """One metric family: a name, a help text, label names, and at most `cap` series under their own labels."""

    kind: ClassVar[str]
    width = 1
    """How many numbers a series has."""

    def __init__(self, name: str, help: str, labels: Labels = (), *, cap: int) -> None:
        self.name = name
        self.help = help
        self.labels = labels
        self.cap = cap
        self.capped = 0
        """Observations over the cap; whoever reads it starts it over."""
        self.layouts: dict[str, Any] = {}
        """Belongs to whoever exposes the metric: the text that its numbers stand in, by format."""

    @property
    def definition(self) -> str:
        """What must not change for a stored series to go on: kind, labels, and what its integers mean."""
        return f"{self.kind} {','.join(self.labels)}"

    def keys(self) -> Iterable[Labels]:
        """The label values of every series."""
        raise NotImplementedError

    def numbers(self) -> list[float]:
        """A copy of the numbers of every series, one series after the other in the order of `keys`."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def merges_exactly(self, later: Self) -> bool:
        """Whether `merge` gives what one metric had that counted for both, one after the other: no cap was ever met."""
        raise NotImplementedError

    def discard(self, labels: Labels) -> None:
        """Forgets one series, if it is there."""
        raise NotImplementedError

    def discard_where(self, label: str, *values: str) -> None:
        """Forgets every series whose `label` is one of `values`; does nothing for a metric without that label."""
        if label in self.labels:
            at = self.labels.index(label)
            gone = set(map(label_value, values))
            for labels in [labels for labels in self.keys() if labels[at] in gone]:
                self.discard(labels)
