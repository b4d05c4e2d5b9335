"""The publisher: nobody sees what is not durable yet."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.exposition import CLASSIC, OPENMETRICS, Format
from exporter.publisher import Page
from exporter.snapshot import Store
from tests.exporters import FAILURES, LINES, Exporter, value


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    exporter = Exporter(tmp_path)
    yield exporter
    exporter.store.close()


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
