"""What a simulated run is to be like: its own levels, and the collapse that may set in, drawn by chance.

Knows nothing of attempts, and nothing of how the exporter counts.
"""

from math import exp, log
from random import Random
from typing import NamedTuple

SLOWEST, FASTEST = 24.0, 0.5
"""Batches that a fall takes from the run's own level to the critical limit."""
SHALLOWEST, DEEPEST = 1.02, 4.0
"""Where a fall ends, as a multiple of the way to the critical limit."""
FAILURES = 0.02, 0.08
LATENCY_MS = 800, 3000


class Aspect(NamedTuple):
    """Something that can go wrong: the range of levels that a healthy run has, the critical limit, the very worst."""

    low: float
    high: float
    critical: float
    worst: float


ASPECTS = {
    "repairs": Aspect(0.02, 0.07, 0.20, 0.80),
    "openings": Aspect(2.2, 2.8, 1.5, 0.2),
    "pollyanna": Aspect(0.52, 0.65, 0.85, 0.94),
    "anchors": Aspect(0.88, 1.30, 0.60, 0.15),
    "latency": Aspect(1.0, 1.0, 1.5, 4.0),
}
"""The share of attempts with a repair, bits of entropy, the mean score, distinct anchors for each attempt, and the mean
latency as a multiple of the run's own."""


class Size(NamedTuple):
    """How long a run is, and into how many steps of equal levels a batch is cut."""

    batches: int = 25
    personas: int = 1000
    """In a batch."""
    steps: int = 4


class Fall(NamedTuple):
    """How one aspect collapses."""

    batches: float
    """That it takes from the run's own level to the critical limit: the slope."""
    depth: float
    """Where it ends: 1 is the critical limit."""

    def way(self, batches: float) -> float:
        """How far it is so many batches after its beginning.

        >>> [Fall(4, 1.5).way(batches) for batches in (-1, 2, 4, 10)]
        [0.0, 0.5, 1.0, 1.5]
        """
        return min(max(batches, 0.0) / self.batches, self.depth)


class Plan(NamedTuple):
    """What a run is to be like."""

    run_id: str
    size: Size
    levels: dict[str, float]
    latency_ms: float
    failures: float
    """The share of attempts that fail and are tried again, up to three times in all."""
    begin: int
    """The batch, counted from 0, with whose first attempt a collapse begins."""
    falls: dict[str, Fall]
    """By aspect; none in a healthy run."""

    def level(self, aspect: str, batches: float) -> float:
        """Where an aspect is meant to be so many batches after the run's beginning."""
        healthy, (_, _, critical, worst) = self.levels[aspect], ASPECTS[aspect]
        if aspect not in self.falls:
            return healthy
        level = healthy + (critical - healthy) * self.falls[aspect].way(batches - self.begin)
        return min(level, worst) if worst > healthy else max(level, worst)

    @property
    def steepest(self) -> float:
        """Batches that the fastest fall takes to its critical limit."""
        return min(fall.batches for fall in self.falls.values())


def draw(rng: Random, number: int, size: Size) -> Plan:
    """A run: every other one collapses, from its second batch on at the earliest."""
    return Plan(
        run_id=f"{size.batches * size.personas}_{number:03}",
        size=size,
        levels={name: rng.uniform(aspect.low, aspect.high) for name, aspect in ASPECTS.items()},
        latency_ms=rng.uniform(*LATENCY_MS),
        failures=rng.uniform(*FAILURES),
        begin=rng.randrange(1, max(2, size.batches - 4)),
        falls=_falls(rng) if number % 2 else {},
    )


def _falls(rng: Random) -> dict[str, Fall]:
    """One aspect falls in half of the runs, all do in a sixth, several in the others; each at a slope of its own."""
    how_many = rng.choice((1, 1, 1, 2, rng.randint(3, len(ASPECTS) - 1), len(ASPECTS)))
    return {
        aspect: Fall(_log_uniform(rng, FASTEST, SLOWEST), _log_uniform(rng, SHALLOWEST, DEEPEST))
        for aspect in sorted(rng.sample(list(ASPECTS), how_many))
    }


def _log_uniform(rng: Random, low: float, high: float) -> float:
    return exp(rng.uniform(log(low), log(high)))
