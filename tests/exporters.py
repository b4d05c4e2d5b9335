"""Everything behind /metrics without a thread, over a disk that a test fills, and what its pages say."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from exporter.births import Births
from exporter.engine import Engine
from exporter.exposition import CLASSIC, Format
from exporter.publisher import Page, Publisher
from exporter.snapshot import Store
from exporter.worker import Worker
from tests.clock import Clock
from tests.engines import KINDS, attempt, config, read

LINES = 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"}'
FAILURES = "pipeline_exporter_snapshot_failures_total"


class Exporter:
    """Everything behind /metrics, with a disk that may be full, and no thread: the test reads."""

    def __init__(self, folder: Path, *, hold: float = 0.0, state: Path | None = None) -> None:
        self.log = folder / "generation.log"
        self.log.touch()
        self.state = state or folder / "state"
        self.elapsed = Clock(100)
        self.clock = Clock(5000)
        self.full: bool | str = False
        """Whether nothing can be synced, or only no `file` or no `folder`."""
        self.synced = 0
        self.failures: list[str] = []
        self.store = Store(str(self.state), fsync=self._fsync)
        engine = Engine(config({"persona": {"attempts": self.log}}), KINDS, stored=self.store.load())
        self.worker = Worker(engine, poll_seconds=1, catchup_timeout=1, on_caught_up=lambda _: None)
        self.publisher = Publisher(
            self.worker,
            self.store,
            Births(hold, clock=self.clock, elapsed=self.elapsed),
            live=self._live,
            on_failure=self.failures.append,
            clock=self.clock,
            elapsed=self.elapsed,
        )

    def _fsync(self, file: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file"
        if self.full in (True, kind):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.synced += 1
        os.fsync(file)

    def _live(self) -> Iterator[Any]:
        yield GaugeMetricFamily("live", "What time it is.", self.elapsed.now)

    def write(self, lines: int) -> None:
        with self.log.open("ab") as file:
            file.write(attempt() * lines)
        read(self.worker.engine)

    def page(self, later: float = 1.0) -> Page | None:
        self.elapsed.now += later
        return self.publisher.page()

    def scrape(self, later: float = 1.0, form: Format = CLASSIC) -> str:
        page = self.page(later)
        assert page is not None
        return page.body(form).decode()


def value(text: str, series: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{series} "))
