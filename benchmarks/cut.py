"""What does it cost to make a page durable and to write it? Step by step, beside the naive way.

Only settling and copying hold up following; the rest is other threads' work. What the disk takes is told apart.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

from benchmarks import objects, page
from benchmarks.child import in_child
from benchmarks.figure import Figure, Found, Sizes, Table, number, say
from exporter.births import Shown
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.gzipped import Gzip
from exporter.metric import Cumulative, copied
from exporter.snapshot import Store

T = TypeVar("T")

RUN = "25K_run_1000"
"""The run that goes on where a single one does."""
LIMIT_MS = {10_000: 10.0}
"""The target of a page, by the number of samples."""
SUBJECTS = {"mix": page.write_mix, "counters": page.write_counters}
HOLD_UP = ("settle", "copy")
PAGE = (*HOLD_UP, "encode", "write", "text")
ODD = (
    "text where a single run goes on",
    "text, OpenMetrics and gzip",
    "the same where a single run goes on",
    "text, every series new",
    "text, every count above a million",
    "encode, with a sum beyond 64 bits",
)
NAIVE = ("JSON of all values", "write it", "generate_latest")
INSTEAD = "pickle of all values instead"


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

    def step(self, name: str, function: Callable[..., T], *args: object, sync: str = "") -> T:
        """What `function` returns; what it waits for the disk is noted as `sync`."""
        self._synced = 0.0
        started, spent = perf_counter(), process_time()
        result = function(*args)
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


def run(directory: Path, sizes: Sizes) -> Found:
    """The CPU time of a page, the least of many: of a mix of persona and crawl metrics, and of one counter. All series
    count on between two repeats, so that no step lives on what the one before it left, but where the table says
    otherwise. The naive way: `labels(...).inc()` for each change, `generate_latest` for each scrape, and before that a
    file with all values, synced and renamed into place.
    """
    found: list[Figure | Table] = []
    for name, write in SUBJECTS.items():
        pairs = []
        for samples in sizes.samples:
            folder = directory / f"{name}-{samples}"
            folder.mkdir()
            named = write(folder, samples)
            repeats, naive = (max(2, times * 1000 // max(1000, samples)) for times in (sizes.cuts, sizes.naive_cuts))
            say(f"cut: {name}, {samples:,} samples, {repeats} times, the naive way {naive} times")
            ours = in_child(steps, named, str(folder / "state"), repeats)
            theirs = in_child(naive_steps, named, str(folder / "values"), naive)
            found += _figures(f"{name}, {samples:,} samples", ours, theirs, LIMIT_MS.get(samples))
            pairs.append((ours, theirs))
        found.append(_table(name, pairs))
    return found


def steps(named: list[str], state: str, repeats: int) -> Steps:
    """The exporter's way."""
    engine = Engine(page.config_of(named), page.KINDS)
    births = page.read(engine)
    timed = Timed()
    store = Store(state, fsync=timed.fsync)
    gzip = Gzip()
    body = b""

    def shown() -> list[Shown]:
        return births.show(engine.cut().metrics())

    for _ in range(repeats):
        _count(engine)
        timed.step("settle", engine.settle)
        cut = timed.step("copy", engine.cut)
        stored = timed.step("encode", cut.encoded)
        timed.step("write", partial(store.save, stored), sync="sync")
        body = timed.step("text", partial(CLASSIC.text, births.show(cut.metrics())))
    OPENMETRICS.text(shown())
    for _ in range(repeats):
        _count(engine)
        timed.step("text, OpenMetrics and gzip", lambda now: gzip.compressed(OPENMETRICS.pieces(now)), shown())
    for _ in range(repeats):
        _count(engine, RUN)
        timed.step("text where a single run goes on", CLASSIC.text, shown())
        timed.step("the same where a single run goes on", lambda now: gzip.compressed(OPENMETRICS.pieces(now)), shown())
    for _ in range(min(repeats, 5)):
        for metric in engine.metrics():
            metric.layouts.clear()
        timed.step("text, every series new", CLASSIC.text, shown())
    engine.itself.bytes.add(1 << 80, "absurd", "absurd")
    for _ in range(repeats):
        timed.step("encode, with a sum beyond 64 bits", engine.cut().encoded)
    for metric in engine.metrics():
        if isinstance(metric, Cumulative):
            metric.cells.update({labels: [1_234_567] * metric.width for labels in metric.cells})
    for _ in range(repeats):
        _count(engine)
        timed.step("text, every count above a million", CLASSIC.text, shown())
    store.close()
    return Steps(timed.taken, timed.spent, len(page.SAMPLE.findall(body)), len(body))


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
        timed.step(INSTEAD, naive.pickle)
    return Steps(timed.taken, timed.spent, len(page.SAMPLE.findall(body)), len(body), same)


def _lines(body: bytes) -> set[bytes]:
    """Every sample, a large bound written one way."""
    return {line.replace(b'le="1e+06"', b'le="1000000.0"') for line in body.splitlines() if line[:1] != b"#"}


def _count(engine: Engine, run: str | None = None) -> None:
    """Has every series count on, or those of one run, and what the exporter counts of itself."""
    for metric in engine.metrics():
        if isinstance(metric, Cumulative):
            for labels, cell in metric.cells.items():
                if run is None or run in labels or metric in engine.itself.metrics:
                    cell[0] += 1


def _figures(name: str, ours: Steps, theirs: Steps, limit: float | None) -> list[Figure]:
    whole, naive = min(together(ours.spent, PAGE)), min(together(theirs.spent, NAIVE))
    waited = min(ours.taken["sync"])
    note = f"{ours.samples:,} samples, {ours.size / 1e6:.2f} MB; {waited:.1f} ms more are spent waiting for the disk"
    agreed = "the same lines" if theirs.same else "**OTHER LINES**"
    return [
        Figure(f"{name}: snapshot and text", whole, "ms", at_most=limit, note=note),
        Figure(f"{name}: naive way ÷ exporter", naive / whole, "times", note=agreed),
    ]


def _table(name: str, pairs: list[tuple[Steps, Steps]]) -> Table:
    """Each step in milliseconds, a column for each size."""

    def row(what: str, each: list[Steps], *steps: str) -> tuple[str, ...]:
        return (what, *(number(min(together(one.spent, steps) or one.taken[what])) for one in each))

    ours, theirs = ([pair[at] for pair in pairs] for at in (0, 1))
    rows = [
        *(row(step, ours, step) for step in PAGE),
        row("*all of these*", ours, *PAGE),
        row("*holds up following*", ours, *HOLD_UP),
        *(row(step, ours, step) for step in ODD),
        *(row(f"naive: {step}", theirs, step) for step in (*NAIVE, INSTEAD)),
        row("*naive way*", theirs, *NAIVE),
        *(row(wait, each, wait) for each, wait in ((ours, "sync"), (theirs, "sync it"))),
    ]
    head = ("Step", *(f"{one.samples:,} samples" for one in ours))
    return Table(f"Steps, {name} (ms)", head, rows, note="What waits for the disk is told by the clock on the wall.")
