"""Entropy, quantile and slope by their definitions, over plain lists; and what a recount finds."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from math import floor, log2
from statistics import linear_regression
from unicodedata import category

from tests.exposition import key

Labels = tuple[str, ...]


class Found:
    """What a recount finds: counters and gauges as numbers, histograms as lists of all their values."""

    def __init__(self) -> None:
        self.numbers: dict[str, dict[Labels, float]] = defaultdict(dict)
        self.values: dict[str, dict[Labels, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, amount: float, metric: str, *labels: str) -> None:
        """Adds to a counter."""
        self.numbers[metric][labels] = self.numbers[metric].get(labels, 0) + amount

    def show(self, value: float | None, metric: str, *labels: str) -> None:
        """Sets a gauge; None takes it away."""
        self.numbers[metric].pop(labels, None)
        if value is not None:
            self.numbers[metric][labels] = value

    def observe(self, value: float, metric: str, *labels: str) -> None:
        """Adds a value to a histogram, to the sixth decimal: sums are whole millionths."""
        self.values[metric][labels].append(round(value, 6))

    def samples(self, metric: str, names: Sequence[str], bounds: Iterable[str]) -> dict[str, float]:
        """The samples that an exposition should have of a metric: `names` are its labels, `bounds` a histogram's."""

        def written(name: str, labels: Labels, **more: str) -> str:
            return key(name, **dict(zip(names, labels, strict=True)), **more)

        samples = {written(metric, labels): value for labels, value in self.numbers[metric].items()}
        for labels, values in self.values[metric].items():
            samples[written(f"{metric}_count", labels)] = len(values)
            samples[written(f"{metric}_sum", labels)] = sum(values)
            values.sort()
            for bound in bounds:
                samples[written(f"{metric}_bucket", labels, le=bound)] = bisect_right(values, float(bound))
        return samples


def entropy(values: Iterable[Hashable]) -> float:
    """In bits: the sum of -p log2 p."""
    counts = Counter(values)
    return -sum(count / counts.total() * log2(count / counts.total()) for count in counts.values())


def quantile(values: Iterable[float], q: float) -> float:
    """Linear between the two ranks around q (n - 1)."""
    ranked = sorted(values)
    rank = q * (len(ranked) - 1)
    lower = ranked[floor(rank)]
    upper = ranked[min(floor(rank) + 1, len(ranked) - 1)]
    return lower + (upper - lower) * (rank - floor(rank))


def slope(points: Collection[tuple[int, float]]) -> float:
    """Least squares."""
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope


def label(text: object) -> str:
    """A label's value: 128 characters at most, and no control characters."""
    return "".join("\N{REPLACEMENT CHARACTER}" if category(letter) == "Cc" else letter for letter in str(text)[:128])
