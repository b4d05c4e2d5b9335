"""How long does a scrape hold up the following of logs?

In a process of its own the real server's worker reads a long log, while another thread scrapes or does not. A gap is
the time between the ends of two chunks that follow each other; the worker has something to read all the time.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from msgspec.structs import replace

from benchmarks import logs, page
from benchmarks.child import START_SECONDS, in_child
from benchmarks.figure import Figure, Sizes, say
from exporter import ownlog
from exporter.engine import Engine
from exporter.exposition import OPENMETRICS
from exporter.server import Server
from exporter.web.config.inforce import InForce

HOLD_UP_MS = 20.0
WHY = (
    "The copy of all numbers belongs to one moment, so nothing is read meanwhile; then reading takes turns with "
    "whoever writes the text and has the interpreter's lock."
)
PAUSE_SECONDS = 0.1
"""Between two scrapes; once a second one of them makes a new page."""


class Gaps(NamedTuple):
    """How steadily chunks were folded: gaps in ms, lines per second, and the pages that were made meanwhile."""

    longest: float
    hundredth: float
    """One gap in a hundred is longer."""
    rate: float
    pages: int


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """How long following waits for scrapes: the longest time between the ends of two chunks that are read one after the
    other, with scrapes and without, the least of several repeats each. The worker has something to read all the time.
    """
    later = 2 * sizes.lines
    say(f"hold-up: writing {later:,} lines")
    logs.write(directory / "later", logs.persona_lines(later))
    return [figure for samples in sizes.samples for figure in _of(samples, directory, later, sizes.repeats)]


def _of(samples: int, directory: Path, later: int, repeats: int) -> list[Figure]:
    folder = directory / str(samples)
    folder.mkdir()
    logs.write(folder / "0.log", page.many_runs(samples))
    taken: dict[bool, list[Gaps]] = {False: [], True: []}
    for repeat in range(repeats):
        for scraping, found in taken.items():
            say(f"hold-up: {samples:,} series, {'with' if scraping else 'without'} scrapes, {repeat + 1} of {repeats}")
            state = folder / f"state-{repeat}-{scraping}"
            found.append(in_child(gaps, str(folder), str(state), later, scraping=scraping))
    return _figures(samples, taken[False], taken[True])


def _figures(samples: int, alone: list[Gaps], scraped: list[Gaps]) -> list[Figure]:
    longest, before = (min(found.longest for found in repeats) for repeats in (scraped, alone))
    fastest, undisturbed = (max(found.rate for found in repeats) for repeats in (scraped, alone))
    slower = f"{100 * (1 - fastest / undisturbed):.0f} % slower than the {undisturbed:,.0f} without scrapes"
    what = f"{samples:,} series: "
    return [
        Figure(
            f"{what}longest hold-up",
            longest - before,
            "ms",
            at_most=HOLD_UP_MS,
            note="the next two's difference",
            why=WHY,
        ),
        Figure(f"{what}longest gap, scraped", longest, "ms", note=_all(scraped)),
        Figure(f"{what}longest gap, not scraped", before, "ms", note=_all(alone)),
        Figure(f"{what}lines followed while scraped", fastest, "/s", note=slower),
    ]


def _all(repeats: list[Gaps]) -> str:
    longest = ", ".join(f"{found.longest:.0f}" for found in repeats)
    usual = min(found.hundredth for found in repeats)
    pages = sum(found.pages for found in repeats)
    return f"least of {longest}; 1 in 100 above {usual:.1f} ms; {pages} pages made"


def gaps(directory: str, state: str, lines: int, *, scraping: bool) -> Gaps:
    """Serves `directory`/*.log, which holds what is scraped, through so many lines more, linked there meanwhile."""
    ownlog.set_up({"LOG_LEVEL": "error"})
    folder = Path(directory)
    later = folder / "1.log"
    later.unlink(missing_ok=True)
    config = replace(
        page.config_of([f"persona={directory}/*.log"]), listen=("127.0.0.1", 0), state=state, poll_seconds=0.05
    )
    server = Server(config, lambda: config, InForce(None))
    worker = server.worker
    folded = _timed(worker.engine)
    worker.start()
    while not worker.caught_up:
        time.sleep(PAUSE_SECONDS)
    folded.clear()
    until = worker.ask(_lines) + lines
    later.hardlink_to(folder.parent / "later")
    pages, made, end = 0, None, time.monotonic() + START_SECONDS
    while worker.ask(_lines) < until and time.monotonic() < end:
        if scraping and (fresh := server.publisher.page()) is not made and fresh is not None:
            fresh.body(OPENMETRICS, compressed=True)
            pages, made = pages + 1, fresh
        time.sleep(PAUSE_SECONDS)
    worker.stop()
    found = [1000 * (after - before) for before, after in pairwise(folded)]
    return Gaps(max(found), quantiles(found, n=100)[-1], lines / (folded[-1] - folded[0]), pages)


def _timed(engine: Engine) -> list[float]:
    """Makes an engine note when each chunk was folded."""
    folded: list[float] = []
    steps = engine.steps

    def timed() -> Iterator[None]:
        for _ in steps():
            folded.append(time.perf_counter())
            yield

    engine.steps = timed  # type: ignore[method-assign]  # the server makes its own engine
    return folded


def _lines(engine: Engine) -> int:
    return sum(cell[0] for cell in engine.itself.lines.cells.values())
