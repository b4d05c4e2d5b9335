"""The running exporter: at rest with all five pipelines, and following attempts that are appended steadily."""

import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import TextIO

from benchmarks import logs, page
from benchmarks.child import Served, served
from benchmarks.figure import Figure, Sizes, say
from benchmarks.neighbour import neighbour, page_micros
from benchmarks.watching import shares, steadily

DEMO = Path(__file__).parents[1] / "docs" / "demo.yml"
IDLE_MIB = 60.0
IDLE_PERCENT = 0.2
FOLLOWING_PERCENT = {1000: 1.0, 10_000: 5.0}
"""By lines a second."""
AT_REST = (
    "A program that wakes up twice a second finds that others have taken its place in the caches; that costs several "
    "times what it does then."
)
RESTING = "machine at rest"
IN_USE = "Nearly all of it is folding, line by line; polls, looks and waking up cost the same at any rate."
"""Why a target may be missed."""
WRITES_PER_SECOND = 20
CONFIG = """\
listen: ${LISTEN}
state: ${STATE_DIR}
pipelines:
  persona:
    attempts: ${LOGS_DIR}/*.log
    batch_size: %d
limits:
  series_per_metric: %d
"""


def config_for_persona(directory: Path, *, batch_size: int = 1000) -> tuple[Path, dict[str, str]]:
    """A configuration of the persona pipeline over `directory`/*.log, and the environment that it needs."""
    path = directory / "exporter.yml"
    path.write_text(CONFIG % (batch_size, page.SERIES), encoding="utf-8")
    return path, {"STATE_DIR": str(directory / "state"), "LOGS_DIR": str(directory)}


def idle(directory: Path, sizes: Sizes) -> list[Figure]:
    """`serve` when nothing is written, looking twice a second at the logs of all five pipelines: its memory, and its
    CPU without scrapes and with some. It makes durable what it knows every ten seconds in any case.

    Targets are for a machine on which a neighbour is at work, at the lowest priority. Where everything else rests, a
    virtual machine may charge microseconds for each page of memory that was not touched for a second: that is told too.
    """
    say(f"idle: writing {sizes.demo_lines:,} lines of the demo")
    logs.demo_logs(directory / "logs", sizes.demo_lines)
    with served(DEMO, {"STATE_DIR": str(directory / "state"), "LOGS_DIR": str(directory / "logs")}) as exporter:
        exporter.fetch()
        time.sleep(sizes.settle_seconds)
        memory = exporter.process.memory_info().rss / 2**20
        with neighbour():
            busy_page = page_micros(sizes.rests)
            quiet = _share(exporter, sizes)
            scraped = _share(exporter, sizes, scraped=True)
        resting_page = page_micros(sizes.rests)
        resting = _share(exporter, sizes)
        after = exporter.process.memory_info().rss / 2**20
    over = _over(sizes)
    return [
        Figure("resident memory", memory, "MiB", at_most=IDLE_MIB, note=f"{sizes.demo_lines:,} lines read"),
        Figure("CPU, no scrapes", quiet, "%", at_most=IDLE_PERCENT, note=over, why=AT_REST),
        Figure("CPU, scraped", scraped, "%", note=f"every {sizes.scrape_every:g} s; {over}"),
        Figure(f"CPU, no scrapes, {RESTING}", resting, "%", note=over),
        Figure("to touch a page of memory after a second", busy_page, "µs"),
        Figure(f"to touch a page of memory after a second, {RESTING}", resting_page, "µs"),
        Figure("resident memory after that", after, "MiB"),
    ]


def following(directory: Path, sizes: Sizes) -> list[Figure]:
    """`serve` while attempts are appended to one log, in twenty writes a second: its CPU without scrapes and with some,
    beside a neighbour at work, and without scrapes where everything else rests: see [Idle](#idle). The writer is
    another process and is not counted."""
    return [figure for rate in FOLLOWING_PERCENT for figure in _following(directory / str(rate), rate, sizes)]


def _following(directory: Path, rate: int, sizes: Sizes) -> list[Figure]:
    directory.mkdir()
    config, environ = config_for_persona(directory)
    lines = cycle(list(islice(logs.persona_lines(logs.TEMPLATES), 20 * rate)))
    with (directory / "generation.log").open("w", encoding="utf-8") as file:
        _append(file, lines, 1000)
        with served(config, environ) as exporter:
            exporter.fetch()

            def append(_: int) -> None:
                _append(file, lines, rate // WRITES_PER_SECOND)

            steadily(sizes.settle_seconds / 3, WRITES_PER_SECOND, append)
            with neighbour():
                alone = _share(exporter, sizes, append=append)
                scraped = _share(exporter, sizes, append=append, scraped=True)
            resting = _share(exporter, sizes, append=append)
    over = _over(sizes)
    return [
        Figure(f"CPU at {rate:,} lines/s", alone, "%", at_most=FOLLOWING_PERCENT[rate], note=over, why=IN_USE),
        Figure(f"CPU at {rate:,} lines/s, scraped", scraped, "%", note=f"every {sizes.scrape_every:g} s; {over}"),
        Figure(f"CPU at {rate:,} lines/s, {RESTING}", resting, "%", note=over),
    ]


def _append(file: TextIO, lines: "cycle[str]", count: int) -> None:
    file.write("".join(islice(lines, count)))
    file.flush()


def _share(
    exporter: Served, sizes: Sizes, *, append: Callable[[int], object] = lambda _: None, scraped: bool = False
) -> float:
    """Percent of a core that it takes while something is appended, and while it is scraped or not."""
    between = max(1, round(sizes.scrape_every * WRITES_PER_SECOND))

    def step(number: int) -> None:
        append(number)
        if scraped and number % between == 0:
            exporter.fetch()

    say(f"watching for {sizes.turns_watched} times {sizes.watch_seconds:g} s{', scraping' if scraped else ''}")
    (share,) = shares(
        [exporter.process.pid],
        sizes.watch_seconds,
        turns=sizes.turns_watched,
        meanwhile=lambda seconds: steadily(seconds, WRITES_PER_SECOND, step),
    )
    return share


def _over(sizes: Sizes) -> str:
    return f"of a core over {sizes.watch_seconds:g} s, the least of {sizes.turns_watched}"
