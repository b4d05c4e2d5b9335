"""The publisher: nobody sees what is not durable yet."""

import errno
import gzip
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.core import GaugeMetricFamily

from exporter.births import Births
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS, Format
from exporter.publisher import Page, Publisher
from exporter.snapshot import Store
from exporter.worker import Worker
from tests.clock import Clock
from tests.test_engine import KINDS, attempt, config, read

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


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    exporter = Exporter(tmp_path)
    yield exporter
    exporter.store.close()


def value(text: str, series: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{series} "))


def counts(text: str) -> dict[str, float]:
    """Everything but what is live."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith(("#", "live"))]
    return {series: float(number) for series, _, number in lines}


# Durable first


@pytest.mark.invariant(6)
def test_what_is_served_is_durable(exporter: Exporter, tmp_path: Path) -> None:
    """After a kill right behind a response, the restored counts are those of its body, series by series."""
    for step in range(5):
        exporter.write(step)
        body = exporter.scrape()
        exporter.write(1)
        folder = tmp_path / str(step)
        copy = Store(str(folder / "state"))
        copy.save(exporter.store.load() or b"")
        copy.close()
        after = Exporter(folder)
        assert counts(body).items() - measured(body) <= counts(after.scrape()).items()
        after.store.close()


def measured(text: str) -> set[tuple[str, float]]:
    """Gauges about files, which are measured and not restored."""
    return {(series, number) for series, number in counts(text).items() if "_files{" in series or "_bytes{" in series}


@pytest.mark.invariant(6)
def test_nothing_is_served_before_the_first_copy_is_durable(exporter: Exporter) -> None:
    """Better no metrics than some that a kill takes back."""
    exporter.full = True
    assert None is exporter.page()
    exporter.full = False
    assert None is not exporter.page()


@pytest.mark.invariant(16)
def test_a_full_disk_keeps_the_last_durable_page(exporter: Exporter) -> None:
    """Following goes on, the failure is counted and told, and recovery needs no restart."""
    exporter.write(1)
    before = exporter.scrape()
    exporter.full = True
    exporter.write(2)
    assert counts(before) == counts(exporter.scrape())
    assert counts(before) == counts(exporter.scrape())
    assert (["No space left on device"] * 2, "No space left on device") == (
        exporter.failures,
        exporter.publisher.condition.error,
    )
    exporter.full = False
    after = exporter.scrape()
    assert (3, 2, None) == (value(after, LINES), value(after, FAILURES), exporter.publisher.condition.error)


@pytest.mark.invariant(16)
def test_what_is_live_stays_live_on_a_full_disk(exporter: Exporter) -> None:
    """The age of the last snapshot can be seen."""
    before = exporter.scrape()
    exporter.full = True
    exporter.write(1)
    assert value(before, "live") + 5 == value(exporter.scrape(5), "live")


@pytest.mark.invariant(3, 16)
def test_a_full_disk_uses_up_no_births(tmp_path: Path) -> None:
    """A series whose 0 nobody saw is shown at 0 when the disk has room again."""
    exporter = Exporter(tmp_path, hold=20)
    exporter.scrape()
    exporter.full = True
    exporter.write(3)
    exporter.page(later=100)
    exporter.full = False
    series = 'persona_repaired_attempts_total{run_id="25K_1"}'
    attempts = 'persona_attempts_total{run_id="25K_1",stage="A",status="success"}'
    assert 0 == value(exporter.scrape(100), attempts)
    assert 3 == value(exporter.scrape(20), attempts)
    assert 0 == value(exporter.scrape(20), series)
    exporter.store.close()


def test_progress_is_saved_without_a_scrape(exporter: Exporter) -> None:
    """A restart needs not read again what was read since the last scrape."""
    exporter.write(3)
    assert exporter.publisher.save()
    saved = exporter.store.load()
    exporter.full = True
    exporter.write(1)
    assert not exporter.publisher.save()
    assert saved == exporter.store.load()


def test_nothing_new_is_not_written_again(exporter: Exporter) -> None:
    """An idle exporter spares the disk, and what it has is as durable as ever."""
    exporter.write(1)
    exporter.scrape()
    exporter.scrape()
    before = exporter.synced
    exporter.clock.now += 60
    body = exporter.scrape()
    assert exporter.publisher.save()
    assert before == exporter.synced
    assert exporter.clock.now == exporter.publisher.condition.written
    assert 1 == value(body, LINES)


# Once a second


def test_a_page_is_made_at_most_once_a_second(exporter: Exporter) -> None:
    """However many scrape."""
    first = exporter.page()
    exporter.write(1)
    assert first is exporter.page(later=0.9)
    assert first is not exporter.page(later=0.1)


def test_a_full_disk_is_tried_at_most_once_a_second(exporter: Exporter) -> None:
    """A flood of scrapes does not become one of failing writes."""
    exporter.full = True
    for _ in range(10):
        exporter.page(later=0.1)
    assert 1 == len(exporter.failures)


def test_many_scrapers_at_once_get_one_page(exporter: Exporter) -> None:
    """Concurrent scrapes cost one snapshot."""
    exporter.write(1)
    exporter.elapsed.now += 1
    pages: list[Page | None] = []
    scrapers = [threading.Thread(target=lambda: pages.append(exporter.publisher.page())) for _ in range(8)]
    for scraper in scrapers:
        scraper.start()
    for scraper in scrapers:
        scraper.join()
    assert (8, 1, 2) == (len(pages), len(set(map(id, pages))), exporter.synced)


@pytest.mark.parametrize("form", [CLASSIC, OPENMETRICS], ids=["classic", "openmetrics"])
def test_a_page_is_rendered_once_for_each_format(exporter: Exporter, form: Format) -> None:
    """Whoever asks again gets the same bytes, compressed or not."""
    page = exporter.page()
    assert page is not None
    body = page.body(form)
    assert body is page.body(form)
    assert page.body(form, compressed=True) is page.body(form, compressed=True)
    assert body == gzip.decompress(page.body(form, compressed=True))
    assert b"live" in body


# The exporter's own metrics


@pytest.mark.invariant(7)
def test_its_own_metrics_can_be_read_at_any_time(exporter: Exporter) -> None:
    """Before the first durable page, and on a full disk."""
    exporter.full = True
    exporter.write(2)
    exporter.page()
    exporter.elapsed.now += 1
    own = exporter.publisher.own_page().body(CLASSIC).decode()
    assert (2, 1) == (value(own, LINES), value(own, FAILURES))
    assert "\npersona_attempts" not in own
    assert "live" in own


def test_its_own_metrics_are_at_most_a_second_old(exporter: Exporter) -> None:
    """They are rendered at most once a second, too."""
    first = exporter.publisher.own_page()
    assert first is exporter.publisher.own_page()
    exporter.elapsed.now += 1
    assert first is not exporter.publisher.own_page()


@pytest.mark.invariant(16)
def test_it_says_when_and_how_long_the_last_snapshot_was_written(exporter: Exporter) -> None:
    """No time is shown before there was a snapshot; it stays when one fails."""

    def shown() -> dict[str, float]:
        return {family.name: family.samples[0].value for family in exporter.publisher.snapshot_families()}

    assert {"pipeline_exporter_snapshot_duration_seconds": 0} == shown()
    exporter.page()
    written = shown()
    assert 5000 == written["pipeline_exporter_snapshot_timestamp_seconds"]
    exporter.clock.now += 60
    exporter.full = True
    exporter.write(1)
    exporter.page()
    assert written == shown()
