"""Values counted fast now and added to their metric later.

A hot loop hands over whole columns of values, which are counted as they are; labels, caps and buckets come in when the
tally is settled. Only a series' birth does not wait, so that the order of the lines decides which series are admitted,
not the moment of settling.
"""

from collections import Counter as Counts
from collections.abc import Iterable, Sequence
from itertools import islice

from exporter.metric import Counter, Histogram

MILLIONTHS = 1_000_000


class Tally:
    """Counts values of a counter's last label; `labels` are the others."""

    def __init__(self, counter: Counter, *labels: str) -> None:
        self._counter = counter
        self._labels = labels
        self._counts: Counts[str] = Counts()

    def count(self, values: Iterable[str]) -> None:
        """Counts each of the values once."""
        known = len(self._counts)
        self._counts.update(values)
        for value in islice(self._counts, known, None):
            self._counter.cell(*self._labels, value, times=0)

    def settle(self) -> Counts[str]:
        """Adds what was counted to the counter; returns it."""
        settled, self._counts = self._counts, Counts()
        for value, times in settled.items():
            self._counter.add(times, *self._labels, value, times=times)
        return settled


class ScoreTally:
    """Observes scores in a histogram of millionths by its last label; `labels` are the others."""

    def __init__(self, histogram: Histogram, *labels: str) -> None:
        self._histogram = histogram
        self._labels = labels
        self._scores: dict[str, Counts[float]] = {}

    def observe(self, scored: Iterable[dict[str, float]]) -> None:
        """Observes the scores by name of one line after the other."""
        shapes: dict[tuple[str, ...], list[Iterable[float]]] = {}
        for scores in scored:
            try:
                shapes[(*scores,)].append(scores.values())
            except KeyError:
                shapes[(*scores,)] = [scores.values()]
        for names, rows in shapes.items():
            for name, column in zip(names, zip(*rows, strict=True), strict=True):
                if name not in self._scores:
                    self._scores[name] = Counts()
                    self._histogram.cell(*self._labels, name, times=0)
                self._scores[name].update(column)

    def settle(self) -> dict[str, tuple[int, int]]:
        """Adds the scores to the histogram; returns for each name how many they were and their sum in millionths."""
        settled, self._scores = self._scores, {}
        return {name: self._add(name, scores) for name, scores in settled.items()}

    def _add(self, name: str, scores: Counts[float]) -> tuple[int, int]:
        total = 0
        for score, times in scores.items():
            millionths = round(score * MILLIONTHS)
            total += millionths * times
            self._histogram.observe(millionths, *self._labels, name, times=times)
        return scores.total(), total


class DurationTally:
    """Counts lines by two labels of a counter, and observes their durations in a histogram by the first of them.

    A duration is a whole number in the histogram's units.
    """

    def __init__(self, counter: Counter, histogram: Histogram, *labels: str) -> None:
        self._counter = counter
        self._histogram = histogram
        self._labels = labels
        self._durations: dict[tuple[str, str], list[int]] = {}

    def observe(self, lines: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Takes lines as `((first label, second label), duration)`."""
        durations = self._durations
        for labels, duration in lines:
            try:
                durations[labels].append(duration)
            except KeyError:
                durations[labels] = [duration]
                self._counter.cell(*self._labels, *labels, times=0)
                self._histogram.cell(*self._labels, labels[0], times=0)

    def settle(self) -> dict[tuple[str, str], Sequence[int]]:
        """Adds the lines to both metrics; returns the durations."""
        settled, self._durations = self._durations, {}
        for labels, durations in settled.items():
            self._counter.add(len(durations), *self._labels, *labels, times=len(durations))
            self._histogram.observe_all(durations, *self._labels, labels[0])
        return dict(settled)
