"""Counters and histograms, and the admission of their series.

In come whole numbers and label values; out go cells. A hot loop may hold on to a cell and add to it in place.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import chain
from typing import Self

from exporter.metric.label import OTHER, OVER, Labels, label_value
from exporter.metric.metric import Metric

Cell = list[int]
"""One series: its integers, then when it was first shown.

A counter's cell is `[value, shown]`, a histogram's `[bucket, …, above, sum, shown]` with counts per bucket, not
cumulative. `shown` belongs to whoever exposes the cell; the fold only ever writes 0 there, at birth.
"""


class Cumulative(Metric):
    """A counter or histogram: cells that only grow, in whole numbers of which `per_unit` make one exposed unit.

    Over the cap, the label with the most distinct values gives way to `other`; when a tenth of the cap has been spent
    on such series, all labels do. So every total stays right, and the number of series is bounded by 1.1 times the cap
    plus two. Which label gives way depends on the admitted series alone, so it stays the same from then on.
    """

    def __init__(self, name: str, help: str, labels: Labels = (), *, cap: int, width: int, per_unit: int = 1) -> None:
        super().__init__(name, help, labels, cap=cap)
        self.per_unit = per_unit
        self.width = width
        self.cells: dict[Labels, Cell] = {}
        self._empty = [0] * width
        self._distinct: list[set[str]] = []
        """The values of each label in the admitted series."""
        self.restore({} if labels else {(): self._empty.copy()})

    @property
    def definition(self) -> str:
        return f"{super().definition} /{self.per_unit}"

    def keys(self) -> Iterable[Labels]:
        return self.cells.keys()

    def numbers(self) -> list[float]:
        return list(chain.from_iterable(self.cells.values()))

    def __len__(self) -> int:
        return len(self.cells)

    def discard(self, labels: Labels) -> None:
        self.cells.pop(labels, None)

    def discard_where(self, label: str, *values: str) -> None:
        super().discard_where(label, *values)
        self.restore(self.cells)

    def cell(self, *labels: str, times: int = 1) -> Cell:
        """The cell to add to for these label values, born if need be; `times` says for how many observations."""
        cell = self.cells.get(labels)
        return self._born(labels, times) if cell is None else cell

    def _born(self, labels: Labels, times: int) -> Cell:
        over = OVER in labels
        labels = tuple(map(label_value, labels))
        cell = self.cells.get(labels)
        if over:
            self.capped += times
        if cell is None and len(self.cells) >= self.cap:
            fallback = self._fallback(labels)
            if fallback != labels and not over:  # who asks for `other` and gets it loses nothing
                self.capped += times
            labels = fallback
            cell = self.cells.get(labels)
        if cell is None:
            cell = self.cells[labels] = self._empty.copy()
            self._note(labels)
        return cell

    def _fallback(self, labels: Labels) -> Labels:
        """The labels under which a series over the cap is counted."""
        widest = max(range(len(labels)), key=lambda at: len(self._distinct[at]))
        partly = (*labels[:widest], OTHER, *labels[widest + 1 :])
        if partly in self.cells or len(self.cells) <= self.cap + self.cap // 10:
            return partly
        return (OTHER,) * len(labels)

    def _note(self, labels: Labels) -> None:
        if OTHER not in labels:
            for values, value in zip(self._distinct, labels, strict=True):
                values.add(value)

    def restore(self, cells: dict[Labels, Cell]) -> None:
        """Goes on from stored cells."""
        self.cells = cells
        self._distinct = [set() for _ in self.labels]
        for labels in cells:
            self._note(labels)

    def merges_exactly(self, later: Self) -> bool:
        return len(self.cells.keys() | later.cells.keys()) < self.cap

    def merge(self, other: Self) -> None:
        """Adds what `other` counted; each of its series that finds no place of its own counts as one over the cap."""
        for labels, theirs in other.cells.items():
            ours = self.cell(*labels)
            *numbers, shown = theirs
            for at, number in enumerate(numbers):
                ours[at] += number
            ours[-1] = ours[-1] or shown
        self.capped += other.capped


class Counter(Cumulative):
    """Counts; what is exposed is the whole number times `worth`, divided by `per_unit`."""

    kind = "counter"

    def __init__(
        self, name: str, help: str, labels: Labels = (), *, cap: int, per_unit: int = 1, worth: float = 1
    ) -> None:
        super().__init__(name, help, labels, cap=cap, width=2, per_unit=per_unit)
        self.worth = worth

    @property
    def definition(self) -> str:
        return f"{super().definition} *{self.worth}"

    @property
    def whole(self) -> bool:
        """Whether what is exposed is the whole number itself."""
        return self.per_unit == self.worth == 1

    def exposed(self, counts: list[float]) -> list[float]:
        """What whole numbers are in the exposed unit."""
        return counts if self.whole else [count * self.worth / self.per_unit for count in counts]

    def add(self, amount: int, *labels: str, times: int = 1) -> None:
        """Adds a whole number, never negative, that stands for `times` observations."""
        self.cell(*labels, times=times)[0] += amount


class Histogram(Cumulative):
    """Counts values into buckets. Values are whole numbers, `per_unit` to the exposed unit; bounds are in the
    exposed unit, inclusive as Prometheus' `le`."""

    kind = "histogram"

    def __init__(
        self, name: str, help: str, labels: Labels = (), *, bounds: tuple[float, ...], cap: int, per_unit: int = 1
    ) -> None:
        super().__init__(name, help, labels, cap=cap, width=len(bounds) + 3, per_unit=per_unit)
        self.bounds = bounds
        self.edges = tuple(round(bound * per_unit) for bound in bounds)

    @property
    def definition(self) -> str:
        return f"{super().definition} {self.bounds}"

    def observe(self, value: int, *labels: str, times: int = 1) -> None:
        """Counts `value`, `times` times."""
        cell = self.cell(*labels, times=times)
        cell[bisect_left(self.edges, value)] += times
        cell[-2] += value * times

    def observe_all(self, values: list[int] | list[float], *labels: str) -> int:
        """Counts many values of one series at once, all whole, if floats; sorts them in place, returns their sum."""
        cell = self.cell(*labels, times=len(values))
        values.sort()
        below = 0
        for at, edge in enumerate(self.edges):
            upto = bisect_right(values, edge, below)
            cell[at] += upto - below
            below = upto
        cell[len(self.edges)] += len(values) - below
        total = int(sum(values))
        cell[-2] += total
        return total
