"""What a page costs is guarded without a clock: in bytecodes for a series, however many lines were folded before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exporter import config, demo
from exporter.births import Births
from exporter.engine import Engine
from exporter.exposition import OPENMETRICS
from exporter.gzipped import Gzip
from exporter.metric import Cumulative
from exporter.pipeline import discover
from tests.bytecodes import bytecodes

KINDS = discover()
MOST = {"copied": 0.5, "unchanged": 4, "written": 7, "all new": 420}
"""Bytecodes for a series of a counter, twice what it takes; most is done in calls that take hundreds at a time."""


class Exporter:
    """An engine that has read so many attempts, and what makes pages of it."""

    def __init__(self, log: Path, lines: int, *, series: int = 0) -> None:
        attempts = demo.lines(
            "persona", "attempts", lines, start=datetime(2026, 1, 31, tzinfo=UTC), interval=timedelta(seconds=1)
        )
        log.write_text("".join(f"{line}\n" for line in attempts))
        self.engine = Engine(config.with_logs(None, [f"persona={log}"], pipelines=KINDS), KINDS)
        self.engine.scan(settled=True)
        for _ in self.engine.read_all():
            pass
        self.counter = next(metric for metric in self.engine.metrics() if metric.name == "persona_opening_moves_total")
        assert isinstance(self.counter, Cumulative)
        self.counter.cap = series + 1000
        for at in range(series):
            self.counter.cell("run", f"opening {at:05}")[0] += at
        self.births = Births(0)
        self.births.admit(self.engine.metrics())
        self._gzip = Gzip()
        self.page()

    def copy(self) -> None:
        """What holds up reading."""
        self.engine.settle()
        self.births.show(self.engine.cut().metrics())

    def page(self) -> None:
        """All that a scrape takes but the disk's part."""
        self.engine.settle()
        cut = self.engine.cut()
        shown = self.births.show(cut.metrics())
        cut.encoded()
        self._gzip.compressed(OPENMETRICS.pieces(shown))

    def count(self) -> None:
        """Has every series count on."""
        for metric in self.engine.metrics():
            if isinstance(metric, Cumulative):
                for cell in metric.cells.values():
                    cell[0] += 1

    def count_and_page(self) -> int:
        """The bytecodes of a page of which every number is new."""
        self.count()
        return bytecodes(self.page)

    def page_of_new_series(self) -> int:
        """The bytecodes of a page of which every series is new."""
        for metric in self.engine.metrics():
            metric.layouts.clear()
        return bytecodes(self.page)


def a_series(tmp_path: Path, cost: Callable[[Exporter], int]) -> float:
    """The bytecodes for one series more."""
    fewer, more = (cost(Exporter(tmp_path / f"{series}.log", 100, series=series)) for series in (1000, 3000))
    return (more - fewer) / 2000


def test_a_series_costs_no_more_than_it_should(tmp_path: Path) -> None:
    """Copied while nothing is read, written where its number is another one, laid out where it is new."""
    costs: dict[str, Callable[[Exporter], int]] = {
        "copied": lambda exporter: bytecodes(exporter.copy),
        "unchanged": lambda exporter: bytecodes(exporter.page),
        "written": Exporter.count_and_page,
        "all new": Exporter.page_of_new_series,
    }
    assert [] == [(name, cost) for name, way in costs.items() if (cost := a_series(tmp_path, way)) >= MOST[name]]


def test_a_page_costs_the_same_however_many_lines_were_read(tmp_path: Path) -> None:
    """Ten times as many lines of the same run are as many series."""
    few, many = (Exporter(tmp_path / f"{lines}.log", lines) for lines in (900, 9000))
    born = len(list(many.counter.keys())) / len(list(few.counter.keys()))
    assert 1.2 * born * few.count_and_page() > many.count_and_page()
