"""Values counted fast now and added to their metric later.

A hot loop hands over whole columns of values, which are counted as they are; labels, caps and buckets come in when the
tally is settled. Only a series' birth does not wait, so that the order of the lines decides which series are admitted,
not the moment of settling.
"""

from collections import Counter as Counts
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from typing import Protocol

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

    def __len__(self) -> int:
        """How many different values wait to be added."""
        return len(self._counts)

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
        self._scores: dict[str, list[float]] = {}

    def observe(self, scored: Sequence[dict[str, float]]) -> None:
        """Observes the scores by name of one line after the other."""
        left = sum([len(scores) for scores in scored])
        self._admit(scored[0] if scored else ())
        common = self._scores if len(self._scores) * len(scored) <= 2 * left else {}
        for name, column in common.items():
            try:
                found = [scores[name] for scores in scored]
            except KeyError:
                found = [scores[name] for scores in scored if name in scores]
            column += found
            left -= len(found)
        if left:
            self._observe_others(common.copy(), scored)

    def _admit(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._scores:
                self._scores[name] = []
                self._histogram.cell(*self._labels, name, times=0)

    def _observe_others(self, common: Collection[str], scored: Iterable[dict[str, float]]) -> None:
        for scores in scored:
            for name in scores:
                if name not in common:
                    self._admit((name,))
                    self._scores[name].append(scores[name])

    def __len__(self) -> int:
        """How many names wait to be added."""
        return len(self._scores)

    def settle(self) -> dict[str, tuple[int, int]]:
        """Adds the scores to the histogram; returns for each name how many they were and their sum in millionths."""
        settled, self._scores = self._scores, {}
        return {name: self._add(name, scores) for name, scores in settled.items()}

    def _add(self, name: str, scores: list[float]) -> tuple[int, int]:
        return len(scores), self._histogram.observe_all(wholes(scores), *self._labels, name)


class Timed(Protocol):
    """A try: at what it was, what became of it, and for how many milliseconds it went on."""

    stage: str
    status: str
    latency_ms: int


class DurationTally:
    """Counts tries by stage and status, the last labels of a counter, and observes their durations by stage in a
    histogram of milliseconds; `labels` are the others."""

    def __init__(self, counter: Counter, histogram: Histogram, *labels: str) -> None:
        self._counter = counter
        self._histogram = histogram
        self._labels = labels
        self._durations: dict[str, dict[str, list[int]]] = {}

    def observe(self, tries: Iterable[Timed]) -> None:
        """Observes one after the other."""
        durations = self._durations
        for one in tries:
            try:
                durations[one.stage][one.status].append(one.latency_ms)
            except KeyError:
                self._counter.cell(*self._labels, one.stage, one.status, times=0)
                self._histogram.cell(*self._labels, one.stage, times=0)
                durations.setdefault(one.stage, {})[one.status] = [one.latency_ms]

    def settle(self) -> tuple[Counts[str], list[int]]:
        """Adds them to both metrics; returns how many there were by status, and all durations."""
        settled, self._durations = self._durations, {}
        statuses: Counts[str] = Counts()
        durations: list[int] = []
        for stage, by_status in settled.items():
            for status, some in by_status.items():
                self._counter.add(len(some), *self._labels, stage, status, times=len(some))
                statuses[status] += len(some)
            together = list(chain.from_iterable(by_status.values()))
            self._histogram.observe_all(together, *self._labels, stage)
            durations += together
        return statuses, durations


def wholes(values: list[float], times: float = MILLIONTHS) -> list[int] | list[float]:
    """Values, none of them negative, times a whole number, each rounded as `round` does, in order; sorts them in place.

    >>> wholes([2.5e-6, 0.5, 1.5e-6])
    [2.0, 2.0, 500000.0]
    """
    values.sort()
    times = float(times)
    if values[-1] * len(values) * times < 2**51:  # so that their sum is exact, too
        # A float between 2 ** 52 and 2 ** 53 has no fraction: becoming one rounds as `round` does, in half the time
        shift = 1.5 * 2**52
        return [value * times + shift - shift for value in values]
    return [round(value * times) for value in values]
