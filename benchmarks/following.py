"""What does the exporter take while a log grows steadily, and mtail?"""

from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from benchmarks import logs, mtail
from benchmarks.child import served
from benchmarks.figure import Figure, Sizes
from benchmarks.neighbour import neighbour
from benchmarks.serving import RESTING, WRITES_PER_SECOND, config_for_persona, over, share
from benchmarks.watching import steadily

FOLLOWING_PERCENT = {1000: 1.0, 10_000: 5.0}
"""By lines a second."""
IN_USE = "Nearly all of it is folding, line by line; polls, looks and waking up cost the same at any rate."
"""Why a target may be missed."""


class Taken(NamedTuple):
    """Percent of a core: the exporter's without scrapes, with some, and where everything else rests; mtail's, where it
    is installed."""

    alone: float
    scraped: float
    resting: float
    mtail: float | None


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """`serve` while attempts are appended to one log, in twenty writes a second: its CPU without scrapes and with some,
    beside a neighbour at work, and without scrapes where everything else rests: see [Idle](#idle). The writer is
    another process and is not counted. mtail follows the same log afterwards; it counts most of what the exporter does,
    and looks twice a second, too.
    """
    return [
        figure
        for rate in FOLLOWING_PERCENT
        for figure in _figures(rate, _taken(directory / str(rate), rate, sizes), sizes)
    ]


def _taken(directory: Path, rate: int, sizes: Sizes) -> Taken:
    directory.mkdir()
    lines = cycle(list(islice(logs.persona_lines(logs.TEMPLATES), 20 * rate)))
    with (directory / "generation.log").open("w", encoding="utf-8") as file:

        def append(_: int) -> None:
            _append(file, lines, rate // WRITES_PER_SECOND)

        _append(file, lines, 1000)
        with served(*config_for_persona(directory)) as exporter:
            exporter.fetch()
            steadily(sizes.settle_seconds / 3, WRITES_PER_SECOND, append)
            with neighbour():
                alone = share(exporter, sizes, append=append)
                scraped = share(exporter, sizes, append=append, scraped=True)
            resting = share(exporter, sizes, append=append)
        if not mtail.INSTALLED:
            return Taken(alone, scraped, resting, None)
        with mtail.following(directory) as running:
            steadily(sizes.settle_seconds / 3, WRITES_PER_SECOND, append)
            with neighbour():
                return Taken(alone, scraped, resting, share(running, sizes, append=append))


def _figures(rate: int, taken: Taken, sizes: Sizes) -> list[Figure]:
    at, note = f"at {rate:,} lines/s", over(sizes)
    ratio = taken.mtail / taken.alone if taken.mtail and taken.alone else None
    return [
        Figure(f"CPU {at}", taken.alone, "%", at_most=FOLLOWING_PERCENT[rate], note=note, why=IN_USE),
        Figure(f"CPU {at}, scraped", taken.scraped, "%", note=f"every {sizes.scrape_every:g} s; {note}"),
        Figure(f"CPU {at}, {RESTING}", taken.resting, "%", note=note),
        Figure(f"mtail's CPU {at}", taken.mtail, "%", note=mtail.MISSING if taken.mtail is None else note),
        Figure(f"mtail ÷ exporter {at}", ratio, "times"),
    ]


def _append(file: TextIO, lines: "cycle[str]", count: int) -> None:
    file.write("".join(islice(lines, count)))
    file.flush()
