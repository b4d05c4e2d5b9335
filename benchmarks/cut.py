"""What does it cost to make a page of 10 000 samples durable and to write it? Step by step, beside the naive way.

Every counter and histogram counts on between two repeats, so that no step can live on what the one before it left. Only
settling, copying and encoding hold up following; the rest is other threads' work. What the disk takes is told apart.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

from benchmarks import logs, objects, page, scrape
from benchmarks.child import in_child
from benchmarks.figure import Figure, Sizes, say, spread
from exporter import demo
from exporter.births import copied
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.metric import Cumulative
from exporter.snapshot import Store

T = TypeVar("T")

LIMIT_MS = 10.0
HOLD_UP = ("settle", "copy", "encode")
PAGE = (*HOLD_UP, "write", "sync", "text")
ODD = (
    "text, OpenMetrics",
    "text, every series new",
    "text, every count above a million",
    "encode, with a sum beyond 64 bits",
)
NAIVE = ("JSON of all values", "write it", "sync it", "generate_latest")


class Steps(NamedTuple):
    """Milliseconds of each step in each repeat, by the wall's clock and of CPU time, and what was written."""

    taken: dict[str, list[float]]
    spent: dict[str, list[float]]
    samples: int
    size: int
    same: bool = True
    """Whether the naive way writes the same lines."""


def together(repeats: dict[str, list[float]], steps: tuple[str, ...]) -> list[float]:
    """What these steps take together, in each repeat."""
    return [sum(repeat) for repeat in zip(*(repeats[step] for step in steps if step in repeats), strict=True)]


class Timed:
    """Notes how long steps take, the disk's part apart."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}
        self.spent: dict[str, list[float]] = {}
        self._synced = 0.0

    def step(self, name: str, function: Callable[[], T], *, sync: str = "") -> T:
        """What `function` returns; what it waits for the disk is noted as `sync`."""
        self._synced = 0.0
        started, spent = perf_counter(), process_time()
        result = function()
        self.spent.setdefault(name, []).append(1000 * (process_time() - spent))
        self.taken.setdefault(name, []).append(1000 * (perf_counter() - started - self._synced))
        if sync:
            self.taken.setdefault(sync, []).append(1000 * self._synced)
        return result

    def fsync(self, file: int) -> None:
        """The real thing, timed."""
        started = perf_counter()
        os.fsync(file)
        self._synced += perf_counter() - started


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """The steps of a page of a mix of persona and crawl metrics, and of one of labelled counters alone."""
    figures = []
    for what, name, write in (("mix", "mix", write_mix), ("counters", "labelled counters", write_counters)):
        say(f"cut: writing logs of {name}")
        (directory / what).mkdir()
        named = write(directory / what, sizes)
        say(f"cut: {name}, {sizes.cuts} times")
        ours = in_child(steps, named, str(directory / what / "state"), sizes.cuts)
        say(f"cut: {name}, the naive way, {sizes.naive_cuts} times")
        theirs = in_child(naive_steps, named, str(directory / what / "values"), sizes.naive_cuts)
        figures += _figures(name, ours, theirs)
    return figures


def write_mix(directory: Path, sizes: Sizes) -> list[str]:
    """Logs of three quarters as many persona runs as are scraped elsewhere, and of crawled domains and tags."""
    scraped = max(1, sizes.runs * 13 // 18)
    persona = logs.write(directory / "generation.log", scrape.many_runs(scraped))
    metadata = logs.write(directory / "metadata.jsonl", _crawl("metadata", sizes.runs * 50))
    failures = logs.write(directory / "failures.jsonl", _crawl("failures", sizes.runs * 20))
    return [f"persona={persona}", f"crawl.metadata={metadata}", f"crawl.failures={failures}"]


def write_counters(directory: Path, sizes: Sizes) -> list[str]:
    """A log for one counter with so many label sets."""
    return [f"persona={logs.write(directory / 'generation.log', scrape.many_counters(sizes.counters))}"]


def _crawl(stream: str, count: int) -> Iterator[str]:
    """Lines of the crawler: a domain of its own for each, and some 300 tags."""
    made = demo.lines("crawl", stream, min(count, 1000), start=datetime(2026, 1, 31, tzinfo=UTC))
    for number, line in enumerate(islice(cycle(list(made)), count)):
        line = re.sub('"url": "[^"]*"', f'"url": "https://site-{number:04}.example.org/{number}"', line, count=1)
        yield re.sub(r'"tags": \[[^]]*\]', f'"tags": ["tag-{number % 301:03}"]', line, count=1) + "\n"


def steps(named: list[str], state: str, repeats: int) -> Steps:
    """The exporter's way."""
    engine = Engine(page.config_of(named), page.KINDS)
    births = page.read(engine)
    timed = Timed()
    store = Store(state, fsync=timed.fsync)
    engine.settle()
    body = b""
    for _ in range(repeats):
        _count(engine)
        timed.step("settle", engine.settle)
        shown = timed.step("copy", lambda: births.show(engine.metrics()))
        stored = timed.step("encode", engine.store)
        timed.step("write", partial(store.save, stored), sync="sync")
        body = timed.step("text", partial(CLASSIC.text, shown))
    OPENMETRICS.text(births.show(engine.metrics()))
    for _ in range(repeats):
        _count(engine)
        timed.step("text, OpenMetrics", partial(OPENMETRICS.text, births.show(engine.metrics())))
    for _ in range(repeats):
        for metric in engine.metrics():
            metric.layouts.clear()
        timed.step("text, every series new", partial(CLASSIC.text, births.show(engine.metrics())))
    engine.itself.bytes.add(1 << 80, "absurd", "absurd")
    for _ in range(repeats):
        timed.step("encode, with a sum beyond 64 bits", engine.store)
    for metric in engine.metrics():
        if isinstance(metric, Cumulative):
            metric.cells.update({labels: [1_234_567] * metric.width for labels in metric.cells})
    for _ in range(repeats):
        timed.step("text, every count above a million", partial(CLASSIC.text, births.show(engine.metrics())))
    store.close()
    return Steps(timed.taken, timed.spent, len(scrape.SAMPLE.findall(body)), len(body))


def naive_steps(named: list[str], values: str, repeats: int) -> Steps:
    """The naive way."""
    engine = Engine(page.config_of(named), page.KINDS)
    page.read(engine)
    engine.settle()
    shown = copied(engine.metrics())
    naive = objects.Objects(shown)
    body = naive.text()
    same = _lines(body) == _lines(CLASSIC.text(shown))
    timed = Timed()
    Path(values).mkdir()
    for _ in range(repeats):
        timed.step("inc", naive.count)
        stored = timed.step("JSON of all values", naive.json)
        timed.step("write it", partial(objects.save, Path(values) / "json", stored, timed.fsync), sync="sync it")
        timed.step("generate_latest", naive.text)
        timed.step("pickle of all values instead", naive.pickle)
    return Steps(timed.taken, timed.spent, len(scrape.SAMPLE.findall(body)), len(body), same)


def _lines(body: bytes) -> set[bytes]:
    """Every sample, a large bound written one way."""
    return {line.replace(b'le="1e+06"', b'le="1000000.0"') for line in body.splitlines() if line[:1] != b"#"}


def _count(engine: Engine) -> None:
    for metric in engine.metrics():
        if isinstance(metric, Cumulative):
            for cell in metric.cells.values():
                cell[0] += 1


def _figures(name: str, ours: Steps, theirs: Steps) -> list[Figure]:
    def figure(what: str, found: Steps, *steps: str, note: str = "", at_most: float | None = None) -> Figure:
        lasted, spent = together(found.taken, steps), together(found.spent, steps)
        remarks = note + (f"CPU {median(spent):.2f}; " if len(steps) > 1 else "") + spread(lasted, 2)
        return Figure(f"{name}: {what}", median(lasted), "ms", note=remarks, at_most=at_most)

    size = f"{ours.samples:,} samples, {ours.size / 1e6:.2f} MB, {len(ours.taken['text'])} times; "
    agreed = f"{'the same lines' if theirs.same else '**OTHER LINES**'}, {len(theirs.taken['inc'])} times; "
    whole = figure("snapshot and text", ours, *PAGE, note=size, at_most=LIMIT_MS)
    naive = figure("the naive way", theirs, *NAIVE, note=agreed)
    ratio = median(together(theirs.spent, NAIVE)) / median(together(ours.spent, PAGE))
    cpu = f"{ratio:.1f} times the CPU time"
    return [
        whole,
        figure("of which holds up following", ours, *HOLD_UP),
        *(figure(step, ours, step) for step in (*PAGE, *ODD)),
        naive,
        *(figure(step, theirs, step) for step in (*NAIVE, "pickle of all values instead")),
        Figure(f"{name}: naive way ÷ exporter", (naive.value or 0) / (whole.value or 1), "times", note=cpu),
    ]
