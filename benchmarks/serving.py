"""What does the running exporter cost: at rest with all five pipelines, and following a thousand attempts a second?"""

import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import TextIO

from benchmarks import logs
from benchmarks.child import Served, served
from benchmarks.figure import Figure, Sizes, say

DEMO = Path(__file__).parents[1] / "docs" / "demo.yml"
IDLE_MIB = 60.0
IDLE_PERCENT = 0.5
FOLLOWING_PERCENT = 1.5
WRITES_PER_SECOND = 20
CONFIG = """\
listen: ${LISTEN}
state: ${STATE_DIR}
pipelines:
  persona:
    attempts: ${LOGS_DIR}/*.log
limits:
  series_per_metric: 100000
"""


def config_for_persona(directory: Path) -> tuple[Path, dict[str, str]]:
    """A configuration of the persona pipeline over `directory`/*.log, and the environment that it needs."""
    path = directory / "exporter.yml"
    path.write_text(CONFIG, encoding="utf-8")
    return path, {"STATE_DIR": str(directory / "state"), "LOGS_DIR": str(directory)}


def idle(directory: Path, sizes: Sizes) -> list[Figure]:
    """Memory and CPU of `serve` when nothing is written, without scrapes and with some."""
    say(f"idle: writing {sizes.demo_lines:,} lines of the demo")
    logs.demo_logs(directory / "logs", sizes.demo_lines)
    with served(DEMO, {"STATE_DIR": str(directory / "state"), "LOGS_DIR": str(directory / "logs")}) as exporter:
        exporter.fetch()
        say(f"idle: settling for {sizes.settle_seconds:g} s, then watching for twice {sizes.watch_seconds:g} s")
        time.sleep(sizes.settle_seconds)
        memory = exporter.process.memory_info().rss / 2**20
        quiet = exporter.cpu_percent(sizes.watch_seconds)
        scraped = exporter.cpu_percent(sizes.watch_seconds, lambda seconds: _scrape(exporter, seconds, sizes))
        after = exporter.process.memory_info().rss / 2**20
    read = f"five pipelines, {sizes.demo_lines:,} lines read"
    return [
        Figure("resident memory", memory, "MiB", at_most=IDLE_MIB, note=read),
        Figure("CPU, no scrapes", quiet, "%", at_most=IDLE_PERCENT, note=f"of a core over {sizes.watch_seconds:g} s"),
        Figure("CPU, scraped", scraped, "%", note=f"every {sizes.scrape_every:g} s"),
        Figure("resident memory after that", after, "MiB"),
    ]


def following(directory: Path, sizes: Sizes) -> list[Figure]:
    """CPU of `serve` while attempts are appended steadily; the writer is this process and is not counted."""
    config, environ = config_for_persona(directory)
    lines = cycle(list(islice(logs.persona_lines(logs.TEMPLATES), 20 * sizes.lines_per_second)))
    with (directory / "generation.log").open("w", encoding="utf-8") as file:
        file.writelines(islice(lines, 1000))
        file.flush()
        with served(config, environ) as exporter:
            exporter.fetch()
            say(f"following: {sizes.lines_per_second:,} lines/s for twice {sizes.watch_seconds:g} s")

            def append(seconds: float, scrape: Callable[[], object] | None = None) -> None:
                _append(file, lines, seconds, sizes, scrape)

            append(sizes.settle_seconds / 3)
            alone = exporter.cpu_percent(sizes.watch_seconds, append)
            scraped = exporter.cpu_percent(
                sizes.watch_seconds, lambda seconds: append(seconds, lambda: exporter.fetch())
            )
    rate = f"{WRITES_PER_SECOND} writes a second, over {sizes.watch_seconds:g} s"
    return [
        Figure(f"CPU at {sizes.lines_per_second:,} lines/s", alone, "%", at_most=FOLLOWING_PERCENT, note=rate),
        Figure("the same, scraped", scraped, "%", note=f"every {sizes.scrape_every:g} s"),
    ]


def _scrape(exporter: Served, seconds: float, sizes: Sizes) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        exporter.fetch()
        time.sleep(max(0.0, min(sizes.scrape_every, end - time.monotonic())))


def _append(
    file: TextIO, lines: "cycle[str]", seconds: float, sizes: Sizes, scrape: Callable[[], object] | None
) -> None:
    """Appends in a steady rhythm, and scrapes now and then."""
    started = time.monotonic()
    scraped = started
    for write in range(round(seconds * WRITES_PER_SECOND)):
        time.sleep(max(0.0, started + write / WRITES_PER_SECOND - time.monotonic()))
        file.write("".join(islice(lines, sizes.lines_per_second // WRITES_PER_SECOND)))
        file.flush()
        if scrape is not None and time.monotonic() - scraped >= sizes.scrape_every:
            scraped = time.monotonic()
            scrape()
