"""What does the exporter take where nothing is written?"""

import time
from pathlib import Path

from benchmarks import logs
from benchmarks.child import served
from benchmarks.figure import Figure, Sizes, say
from benchmarks.neighbour import neighbour, page_micros
from benchmarks.serving import RESTING, over, share

DEMO = Path(__file__).parents[1] / "docs" / "demo.yml"
IDLE_MIB = 60.0
IDLE_PERCENT = 0.2
AT_REST = (
    "A program that wakes up twice a second finds that others have taken its place in the caches; that costs several "
    "times what it does then."
)
"""Why a target may be missed."""


def run(directory: Path, sizes: Sizes) -> list[Figure]:
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
            quiet = share(exporter, sizes)
            scraped = share(exporter, sizes, scraped=True)
        resting_page = page_micros(sizes.rests)
        resting = share(exporter, sizes)
        after = exporter.process.memory_info().rss / 2**20
    return [
        Figure("resident memory", memory, "MiB", at_most=IDLE_MIB, note=f"{sizes.demo_lines:,} lines read"),
        Figure("CPU, no scrapes", quiet, "%", at_most=IDLE_PERCENT, note=over(sizes), why=AT_REST),
        Figure("CPU, scraped", scraped, "%", note=f"every {sizes.scrape_every:g} s; {over(sizes)}"),
        Figure(f"CPU, no scrapes, {RESTING}", resting, "%", note=over(sizes)),
        Figure("to touch a page of memory after a second", busy_page, "µs"),
        Figure(f"to touch a page of memory after a second, {RESTING}", resting_page, "µs"),
        Figure("resident memory after that", after, "MiB"),
    ]
