"""A history read by several processes, with the outcome of one.

In comes an engine that has looked what there is. Its parts are logs: a worker folds some of them, as the engine found
them, and what comes of it is merged when the engine would have read them. Where that would not be exact, the engine
reads them itself. Knows no pipeline, and not how a worker is run.
"""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

from exporter.config import Config
from exporter.encoding import decode, encode
from exporter.engine import Engine
from exporter.intake import Intake
from exporter.metric import Gauge
from exporter.pipeline import discover

WORTH_BYTES = 32_000_000
"""Workers are started where they save this process from reading so many bytes: that takes as long as their start."""
PART_BYTES = 1_000_000
"""Less than that is read in this process."""
PARTS_PER_JOB = 4
"""Small logs are put together until there are some so many parts for each process."""
STEPS = 32
"""So many steps pass between two times that a worker tells how far it has come."""
TICK_SECONDS = 0.1
"""So often it is looked how far workers have come."""


class Part(NamedTuple):
    """Consecutive logs of one stream, and how many bytes there are to read; all of a stream that has no logs."""

    intake: Intake
    logs: tuple[str, ...] = ()
    size: int = 0


class Task(NamedTuple):
    """A part that a worker folds: what its engine is configured with, and what will come of it."""

    part: Part
    config: Config
    folded: "Future[bytes | None]"


class Folded(msgspec.Struct):
    """What a worker made of a part: its engine as it is stored, and the most series that each gauge had at a time."""

    stored: bytes
    most: dict[str, int]


class Pool(Protocol):
    """Where parts are folded."""

    def submit(self, at: int, config: Config, stored: bytes) -> "Future[bytes | None]":
        """Has part number `at` folded, by `fold`."""

    def read(self, at: int) -> int:
        """How many bytes of that part were read so far."""


PoolMaker = Callable[[int, int], AbstractContextManager[Pool]]
"""Makes a pool of so many processes for so many parts."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fold(config: Config, stored: bytes, told: Callable[[int], None]) -> bytes | None:
    """Folds a part, given as by `Engine.only`, and returns a `Folded`; None where files are not what they were.

    `told` hears how many bytes were read so far.
    """
    engine = Engine(config, discover(), stored=stored)
    intake = engine.intakes[0]
    size = intake.lag()
    for step, _ in enumerate(intake.read(intake.logs())):
        if step % STEPS == 0:
            told(size - intake.lag())
    told(size)
    engine.settle()
    engine.close()
    most = {metric.name: metric.most for metric in engine.metrics() if isinstance(metric, Gauge)}
    return encode(Folded(engine.store(), most)) if intake.is_undisturbed() else None


def unfolded(config: Config, folded: bytes) -> Engine:
    """The engine that `fold` had in the end."""
    known = decode(folded, Folded)
    engine = Engine(config, discover(), stored=known.stored)
    for metric in engine.metrics():
        if isinstance(metric, Gauge):
            metric.most = known.most[metric.name]
    return engine


class History:
    """All that an engine found, read by up to `jobs` processes, of which 1 is this one alone.

    Lines that workers refuse are counted, as all are, but not reported.
    """

    def __init__(self, engine: Engine, *, jobs: int, pool: PoolMaker, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._jobs = jobs
        self._pool = pool
        self._say = say
        self._tasks: dict[int, Task] = {}
        """By number of the part."""
        self._ahead: Callable[[], int] = lambda: 0
        """How many bytes workers have read of parts that are not merged yet."""

    def backlog(self) -> int:
        """Bytes that nobody has looked at yet."""
        return self._engine.backlog() - self._ahead()

    def read_all(self) -> Generator[None, None, None]:
        """Reads everything to its end, step by step; a step may have been a wait for a worker.

        Raises concurrent.futures.BrokenExecutor where a worker dies.
        """
        enough = self._engine.backlog() // (self._jobs * PARTS_PER_JOB)
        parts = [part for intake in self._engine.intakes for part in _parts(intake, enough)]
        large = {at: part for at, part in enumerate(parts) if part.size >= PART_BYTES}
        jobs = min(self._jobs, len(large))
        if jobs < 2 or _saved([part.size for part in large.values()], jobs) < WORTH_BYTES:
            yield from self._engine.read_all()
            return
        with self._pool(jobs, len(parts)) as pool:
            self._submit(large, pool)
            for at, part in enumerate(parts):
                if not (yield from self._merged(at)):
                    yield from part.intake.read(part.logs)

    def _submit(self, large: Mapping[int, Part], pool: Pool) -> None:
        """Gives parts to workers, the largest first, as it would else be the one that all wait for."""
        for at, part in sorted(large.items(), key=lambda numbered: numbered[1].size, reverse=True):
            config, stored = self._engine.only(part.intake, part.logs)
            self._tasks[at] = Task(part, config, pool.submit(at, config, stored))
        self._ahead = lambda: sum(map(pool.read, self._tasks))

    def _merged(self, at: int) -> Generator[None, None, bool]:
        """Whether a worker folded the part and the engine has taken it in."""
        if at not in self._tasks:
            return False
        while not self._tasks[at].folded.done():
            wait([self._tasks[at].folded], timeout=TICK_SECONDS)
            yield
        task = self._tasks.pop(at)
        folded, (intake, _, _) = task.folded.result(), task.part
        if folded is None:
            self._say(f"{intake.pipeline.name}.{intake.name}: files changed while they were read, and are read again")
            return False
        if self._engine.merge(unfolded(task.config, folded)):
            return True
        self._say(
            f"{intake.pipeline.name}: a bound is met, so what counts depends on order: one process reads the rest"
        )
        self._give_up(intake.pipeline.name)
        return False

    def _give_up(self, pipeline: str) -> None:
        """Waits for no worker that reads logs of a pipeline."""
        for at, task in list(self._tasks.items()):
            if task.part.intake.pipeline.name == pipeline:
                task.folded.cancel()
                del self._tasks[at]


def _parts(intake: Intake, enough: int) -> Iterator[Part]:
    """The parts of a stream, in order, of so many bytes at most where they are of several logs."""
    logs: list[str] = []
    size = 0
    for log, more in intake.logs().items():
        if logs and size + more > enough:
            yield Part(intake, tuple(logs), size)
            logs, size = [], 0
        logs.append(log)
        size += more
    yield Part(intake, tuple(logs), size)


def _saved(sizes: list[int], jobs: int) -> float:
    """How many bytes less one process reads, at best, where so many read."""
    return sum(sizes) - max(*sizes, sum(sizes) / jobs)
