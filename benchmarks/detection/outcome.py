"""One simulated run from its plan to its alerts, beside what should have been seen of it."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.detection import truth
from benchmarks.detection.alerts import fired
from benchmarks.detection.attempts import Attempt, steps
from benchmarks.detection.plan import Plan, Size, draw
from benchmarks.detection.scrapes import scraped
from benchmarks.detection.truth import Figures, Key

QUIET = 100
"""Scrapes after a run's last attempt: 25 minutes, more than it takes a run to be called stalled."""


class Outcome(NamedTuple):
    """What became of a run; batches count from 0, the last one is never closed."""

    plan: Plan
    history: list[Figures]
    """By batch, by the seed's own aggregation."""
    crossed: dict[Key, int]
    """The first closed batch beyond a limit."""
    crossed_open: dict[Key, int]
    """The same where only the batch that never closes is beyond it."""
    fired: dict[Key, int]
    """The scrape after which the alert fires."""

    @property
    def collapses(self) -> bool:
        """Whether it is meant to."""
        return bool(self.plan.falls)

    @property
    def sound(self) -> int:
        """The batches in which nothing is wrong."""
        return self.plan.begin if self.collapses else self.plan.size.batches

    def seen(self, key: Key) -> int:
        """The last closed batch when an alert first fires."""
        return self.fired[key] // self.plan.size.steps - 1

    def late(self, key: Key) -> int | None:
        """Scrapes from the one that is first to show the crossing to the alert; None without one of the two."""
        if key not in self.fired or key not in self.crossed:
            return None
        return self.fired[key] - (self.crossed[key] + 1) * self.plan.size.steps

    def alerted(self, severity: str) -> bool:
        """Whether there is any alert of a severity."""
        return any(key[1] == severity for key in self.fired)

    def took(self, severity: str) -> int | None:
        """Batches from the beginning of the collapse to the first alert of a severity that it raises."""
        seen = [self.seen(key) for key in self.fired if key[1] == severity]
        return min((batch + 1 - self.sound for batch in seen if batch >= self.sound), default=None)

    def early(self, severity: str) -> bool:
        """Whether there was an alert of a severity before anything was wrong."""
        return any(key[1] == severity and self.seen(key) < self.sound for key in self.fired)


def outcome(number: int, *, seed: int, size: Size, folder: Path) -> Outcome:
    """Simulates a run and sees what comes of it; `seed` and `number` decide everything. `folder` is for its log."""
    rng = Random(f"{seed} {number}")
    plan = draw(rng, number, size)
    batches: list[list[Attempt]] = [[] for _ in range(size.batches)]

    def kept() -> Iterator[list[Attempt]]:
        for at, attempts in enumerate(steps(rng, plan)):
            batches[at // size.steps] += attempts
            yield attempts

    with TemporaryDirectory(dir=folder) as place:
        series = scraped(Path(place), kept(), batch_size=size.personas, quiet=QUIET)
        alerts = fired(Path(place), series)
    history = truth.figures(batches)
    crossed = truth.crossings(history[:-1])
    in_all = truth.crossings(history)
    return Outcome(plan, history, crossed, {key: in_all[key] for key in in_all.keys() - crossed.keys()}, alerts)
