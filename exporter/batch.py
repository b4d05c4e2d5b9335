"""The arithmetic of batches and drift: entropy, quantiles, least-squares slopes. Pure functions of numbers.

Knows nothing of personas or runs; the definitions are those of seed 001.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import accumulate
from math import ceil, floor, log2

import msgspec

DISTINCT = 50_000
"""So many different numbers are told apart in a distribution."""
_FEW = 1200
"""So many numbers are sorted sooner than counted; a batch of a thousand personas has fewer."""

RECENT = 5
"""How many of the last batches a recent trend looks at."""
DECIMALS = 12
"""Differences are told to so many: beyond are the leavings of binary fractions, which would take a figure that is on
its limit to either side."""


def entropy(counts: Iterable[int]) -> float:
    """The Shannon entropy in bits of a distribution given as counts; all of them positive.

    >>> entropy([5, 5, 5, 5]), entropy([7])
    (2.0, 0.0)
    """
    counts = sorted(counts)
    total = sum(counts)
    return -sum(count / total * log2(count / total) for count in counts) + 0.0


def quantile(counts: Mapping[int, int], q: float) -> float:
    """The `q` quantile, linear between ranks, of values given as value: times; at least one value.

    >>> quantile({10: 1, 20: 1, 30: 1}, 0.5), quantile({0: 1, 100: 1}, 0.95)
    (20.0, 95.0)
    """
    values = sorted(counts)
    upto = list(accumulate(map(counts.__getitem__, values)))
    return _between(q * (upto[-1] - 1), lambda rank: values[bisect_right(upto, rank)])


def _between(rank: float, at: Callable[[int], int]) -> float:
    """Linear between the numbers that `at` gives for the ranks around."""
    lower, upper = at(floor(rank)), at(ceil(rank))
    return float(lower + (upper - lower) * (rank - floor(rank)))


def slope(points: Iterable[tuple[float, float]]) -> float:
    """The least-squares slope of points `(x, y)`, at two different x at least.

    >>> slope([(0, 1.0), (1, 3.0), (2, 5.0)])
    2.0
    """
    points = list(points)
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return exact(sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points))


def change(before: float, now: float) -> float | None:
    """How much more it is now, relative to the size of what was before; None where that is 0.

    >>> change(0.35, 0.42), change(-2, -3), change(0, 1)
    (0.2, -0.5, None)
    """
    return exact((now - before) / abs(before)) if before else None


def exact(difference: float) -> float:
    """A difference, or a quotient of one, as it is of the decimal fractions that were meant.

    >>> (0.42 - 0.35) / 0.35, exact((0.42 - 0.35) / 0.35)
    (0.20000000000000004, 0.2)
    """
    return round(difference, DECIMALS) + 0.0


class Distribution(msgspec.Struct, array_like=True):
    """Whole numbers and how often each came, in bounded memory.

    Beyond `DISTINCT` different ones they are counted in steps of a power of two, the smallest that is enough; their sum
    stays exact. What comes of it depends on the numbers alone, not on their order.

    >>> durations = Distribution()
    >>> durations.add([10, 30, 30])
    >>> durations.total, durations.step, durations.quantile(0.5)
    (70, 1, 30.0)
    """

    counts: dict[int, int] = {}
    """How often each came that was counted; the numbers are multiples of `step`."""
    total: int = 0
    step: int = 1
    few: list[int] = []
    """All of them, in order, as long as they are not more than a batch has: then none is counted."""

    def add(self, numbers: Collection[int]) -> None:
        """Takes in more numbers."""
        self.total += sum(numbers)
        self.few += numbers
        self.few.sort()
        if self.counts or len(self.few) > min(_FEW, DISTINCT):
            self.counted()

    def quantile(self, q: float) -> float:
        """The `q` quantile, linear between ranks; of at least one number."""
        if self.counts:
            return quantile(self.counts, q)
        return _between(q * (len(self.few) - 1), self.few.__getitem__)

    def counted(self) -> dict[int, int]:
        """How often each number came, in steps."""
        few, self.few = self.few, []
        self._count(Counter(self._stepped(few)))
        while len(self.counts) > DISTINCT:
            finer, self.counts, self.step = self.counts, {}, self.step * 2
            for number, times in finer.items():
                self._count({number - number % self.step: times})
        return self.counts

    def _stepped(self, numbers: Collection[int]) -> Collection[int]:
        return numbers if self.step == 1 else [number - number % self.step for number in numbers]

    def _count(self, more: Mapping[int, int]) -> None:
        counts = self.counts
        if not counts:
            counts.update(more)
            return
        for number, times in more.items():
            counts[number] = counts.get(number, 0) + times


class Trend(msgspec.Struct, array_like=True):
    """How a figure moves from batch to batch: the least-squares slope over all of them, in constant memory, and over
    the last five. A batch that lacks the figure is left out; its number still counts."""

    batches: int = 0
    sum_x: int = 0
    sum_xx: int = 0
    sum_y: float = 0.0
    sum_xy: float = 0.0
    recent: list[tuple[int, float]] = []

    def add(self, batch: int, value: float) -> None:
        """Takes in the figure of batch number `batch`; numbers only grow."""
        self.batches += 1
        self.sum_x += batch
        self.sum_xx += batch * batch
        self.sum_y += value
        self.sum_xy += batch * value
        self.recent = [*self.recent, (batch, value)][-RECENT:]

    def slope(self) -> float | None:
        """Change per batch over all batches, from two on."""
        if self.batches <= RECENT:
            return slope(self.recent) if self.batches > 1 else None
        spread = self.batches * self.sum_xx - self.sum_x**2
        return exact((self.batches * self.sum_xy - self.sum_x * self.sum_y) / spread)

    def recent_slope(self, batch: int) -> float | None:
        """Change per batch over those of the last five up to number `batch` that have the figure, from two on."""
        recent = [point for point in self.recent if point[0] > batch - RECENT]
        return slope(recent) if len(recent) > 1 else None
