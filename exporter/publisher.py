"""What a scrape gets: a copy of the state that is durable before anyone sees it. RELIABILITY rule 2.

In come scrapes; out go bytes, rendered at most once a second. A copy that could not be written is not shown: the last
one that was stays.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic, time

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric

from exporter.births import Births, Shown
from exporter.cut import Cut
from exporter.engine import Engine
from exporter.exposition import Format
from exporter.gzipped import Gzip
from exporter.metric import copied
from exporter.snapshot import Store
from exporter.worker import Worker

FRESH_SECONDS = 1.0


class Page:
    """One durable copy, rendered on demand in the formats that scrapers ask for."""

    def __init__(self, shown: list[Shown], live: list[Metric], gzips: dict[str, Gzip]) -> None:
        self._shown = shown
        self._live = live
        self._gzips = gzips
        self._bodies: dict[tuple[str, bool], bytes] = {}
        self._lock = threading.Lock()

    def body(self, form: Format, *, compressed: bool = False) -> bytes:
        """The page as text, compressed or not."""
        with self._lock:
            key = form.content_type, compressed
            if key not in self._bodies:
                pieces = form.pieces(self._shown, self._live)
                join = self._gzips[form.content_type].compressed if compressed else b"".join
                self._bodies[key] = join(pieces)
            return self._bodies[key]


class Condition(msgspec.Struct):
    """How the last snapshot went."""

    seconds: float = 0.0
    written: float | None = None
    error: str | None = None


class Publisher:
    """Makes pages of what a worker counts. `live` metrics need not be durable: those of the host, of this process."""

    def __init__(
        self,
        worker: Worker,
        store: Store,
        births: Births,
        *,
        live: Callable[[], Iterable[Metric]],
        on_failure: Callable[[str], None],
        clock: Callable[[], float] = time,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self.births = births
        self.condition = Condition()
        self._worker = worker
        self._store = store
        self._live = live
        self._on_failure = on_failure
        self._clock = clock
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._durable: list[Shown] | None = None
        self._page: Page | None = None
        self._due = -inf
        self._saved: bytes | None = None
        self._own_lock = threading.Lock()
        """Of the page that must not wait for a disk, and of what is live: that is read by one caller at a time."""
        self._own_page: Page | None = None
        self._own_due = -inf
        self._gzips = defaultdict[str, Gzip](Gzip)
        """What compresses one page after the other, by format."""
        self._own_gzips = defaultdict[str, Gzip](Gzip)

    def page(self) -> Page | None:
        """The last durable copy with what is live, at most a second old; None where no copy could be made durable."""
        with self._lock:
            if self._elapsed() >= self._due:
                shown, cut = self._worker.ask(self._copy)
                if self._save(cut):
                    self.births.seen()
                    self._durable = shown
                if self._durable is not None:
                    with self._own_lock:
                        self._page = Page(self._durable, list(self._live()), self._gzips)
                self._due = self._elapsed() + FRESH_SECONDS
            return self._page

    def own_page(self) -> Page:
        """The exporter's metrics about itself, at most a second old, durable or not."""
        with self._own_lock:
            if self._own_page is None or self._elapsed() >= self._own_due:
                self._own_page = Page(self._worker.ask(_copy_own), list(self._live()), self._own_gzips)
                self._own_due = self._elapsed() + FRESH_SECONDS
            return self._own_page

    def save(self) -> bool:
        """Makes what is counted durable without showing it; whether it is."""
        with self._lock:
            return self._save(self._worker.ask(_cut))

    def _copy(self, engine: Engine) -> tuple[list[Shown], Cut]:
        """What is to be shown, and what must be durable before: one moment, since nothing is folded in between."""
        cut = _cut(engine)
        return self.births.show(cut.metrics()), cut

    def _save(self, cut: Cut) -> bool:
        started = self._elapsed()
        stored = cut.encoded()
        try:
            if stored != self._saved:
                self._store.save(stored)
        except OSError as error:
            self.condition.error = str(error.strerror or error)
            self._worker.ask(_count_failure)
            self._on_failure(self.condition.error)
            return False
        self._saved = stored
        self.condition = Condition(self._elapsed() - started, self._clock())
        return True

    def snapshot_families(self) -> list[Metric]:
        """Metrics about the snapshots themselves."""
        seconds = GaugeMetricFamily(
            "pipeline_exporter_snapshot_duration_seconds",
            "Time that the last snapshot took to be written.",
            self.condition.seconds,
        )
        if self.condition.written is None:
            return [seconds]
        return [
            seconds,
            GaugeMetricFamily(
                "pipeline_exporter_snapshot_timestamp_seconds",
                "When everything counted was last known to be durable.",
                self.condition.written,
            ),
        ]


def _copy_own(engine: Engine) -> list[Shown]:
    engine.settle()
    return copied(engine.itself.metrics)


def _cut(engine: Engine) -> Cut:
    engine.settle()
    return engine.cut()


def _count_failure(engine: Engine) -> None:
    engine.itself.snapshot_failures.add(1)
