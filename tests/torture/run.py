"""One run of torture: writers, an exporter that is started and killed, a watch on it, and the reckoning in the end."""

from collections.abc import Iterator
from math import isclose
from pathlib import Path
from random import Random
from time import monotonic, sleep

import msgspec

from exporter.config.reading import load
from exporter.engine import Engine
from exporter.pipeline import discover
from tests.e2e.serving import Serving, free_port
from tests.exposition import Family, families
from tests.recount.arithmetic import Found
from tests.recount.witness import METRICS
from tests.torture import autopsy
from tests.torture.ledger import BATCH_SIZE, Countable, Ledger
from tests.torture.mode import Mode
from tests.torture.watch import Watch
from tests.torture.writer import Writer, endless

LOGS = (
    ("persona", "attempts", "persona/generation-1.log"),
    ("persona", "attempts", "persona/generation-2.log"),
    ("distillation", "articles", "distillation/uplifting/metrics.jsonl"),
    ("tagger", "events", "tagger/tagger.ndjson"),
    ("clustering", "events", "clustering/clustering.log"),
)
BLOCK = 2700
"""The records of a whole run of the demo's personas."""
LINES, LAG = "pipeline_exporter_lines_total", "pipeline_exporter_lag_bytes"
PATIENCE = 60.0
"""Seconds after which what must come counts as never."""
BIRTH_SECONDS = 10.0
"""How long a series may be shown at 0 that was born last."""
AUTOPSY_LINES = 20_000
"""Up to so many lines every snapshot is recounted; of more, one now and then."""

SLOWLY = """
import time
from exporter.engine import Engine
from exporter.follow import file
file.CHUNK_BYTES = {chunk_bytes}
steps = Engine.steps
def slowly(self):
    for step in steps(self):
        time.sleep({pause})
        yield step
Engine.steps = slowly
"""
"""Reads in small pieces and with pauses: a kill during a catch-up of no time proves nothing."""


SPEEDS = ((0, 512), (0.001, 1024), (0.005, 8192), (0.02, 65536))
"""Pauses in seconds and pieces in bytes: slower than reading is, and faster than the logs are written."""


class Result(msgspec.Struct):
    """What a run came to."""

    mode: str
    seed: int
    kills: int
    lines: int
    removed: int
    """Lines that were removed before they were read."""
    wrong: int
    """Lines that were counted and not written, or written and not counted, but for the removed ones."""
    backward: int
    scrapes: int
    refusals: int
    snapshots: int
    """Snapshots that were recounted."""
    faults: list[str]

    def __str__(self) -> str:
        return (
            f"{self.mode}: {self.kills} kills, {self.lines} lines, error {self.wrong}, "
            f"{self.backward} backward steps in {self.scrapes} scrapes ({self.refusals} kept back by the gate), "
            f"{self.removed} lines removed unread, {self.snapshots} snapshots recounted"
        )


class Run:
    """Tortures an exporter in a folder, which must be on a real disk. Every `block` lines new series are born."""

    def __init__(self, folder: Path, mode: Mode, *, seed: int, block: int = BLOCK) -> None:
        self.mode = mode
        self.removed = 0
        self.ledger = Ledger(folder)
        self.serving = Serving(folder)
        self.port = self.serving.port = free_port()
        self.watch = Watch(self.port, self.ledger, forgets=mode.forgets)
        self.writers: list[Writer] = []
        self._seed = seed
        self._block = block
        self._rng = Random(f"{seed} {mode.name}")
        self._kills = 0
        self._snapshots = 0

    def run(self, *, seconds: float, kills: int | None = None) -> Result:
        """Goes on for so long, or for so many kills; then everything is counted and reckoned up.

        Raises NotPossibleError where the machine does not allow it.
        """
        self.mode.begin(self)
        try:
            self._begin()
            end = monotonic() + seconds
            while monotonic() < end and self._kills != kills:
                self._start_and_kill()
            self.removed += sum(writer.stop() for writer in self.writers)
            self.mode.recover(self)
            wrong = self._reckon_up()
        finally:
            self.watch.stop()
            self.serving.close()
            self.ledger.close()
            self.mode.end(self)
        watch = self.watch
        return Result(
            self.mode.name,
            self._seed,
            self._kills,
            sum(self.ledger.lines().values()),
            self.removed,
            wrong,
            watch.backward,
            watch.scrapes,
            watch.refusals,
            self._snapshots,
            watch.faults,
        )

    def _begin(self) -> None:
        pipelines: dict[str, dict[str, object]] = {"persona": {"batch_size": BATCH_SIZE}}
        for number, (pipeline, stream, name) in enumerate(LOGS):
            path = self.serving.logs / name
            log = self.ledger.open(pipeline, stream, path)
            lines = endless(pipeline, stream, seed=self._seed * 10 + number, block=self._block)
            rotate = self.mode.rotations[number % len(self.mode.rotations)]
            self.writers.append(Writer(log, lines, Random(f"{self._seed} {name}"), rotate=rotate, pause=0.05))
            paths = pipelines.setdefault(pipeline, {}).setdefault(stream, [])
            assert isinstance(paths, list)
            paths.append(str(path))
        self.serving.configure(listen=f"127.0.0.1:{self.port}", pipelines=pipelines)
        self.watch.start()
        for writer in self.writers:
            writer.start()

    # Kills

    def _start_and_kill(self) -> None:
        rng = self._rng
        pause, chunk_bytes = rng.choice(SPEEDS)
        self.serving.launch(code=SLOWLY.format(pause=pause, chunk_bytes=chunk_bytes))
        if (self._kills and rng.random() < 0.2) or not self.mode.expects_page():
            sleep(rng.uniform(0, 1))  # perhaps it has not even begun
        elif not self.watch.wait_for_page(PATIENCE):
            self.watch.fault(f"no page in {PATIENCE} s: {self.serving.stderr.read_text()[-500:]}")
        else:
            for writer in self.writers:
                writer.may_rotate = True
            self.mode.while_up(self, rng)
            sleep(rng.uniform(0, 0.6))
            if rng.random() < 0.5:
                self.watch.wait_for_page(1)  # and kill right after the answer
        self._kill()
        self.mode.while_down(self, rng)
        sleep(rng.uniform(0, 0.2))

    def _kill(self) -> None:
        assert self.serving.process is not None
        code = self.serving.process.poll()
        if code is not None:
            self.watch.fault(f"it ended by itself with {code}: {self.serving.stderr.read_text()[-500:]}")
        self.serving.kill()
        self._kills += 1
        self._examine()

    def durable(self) -> Engine | None:
        """What the newest whole generation holds."""
        return next(self._engines(), None)

    def _engines(self) -> Iterator[Engine]:
        settings = load(str(self.serving.config_path), pipelines=discover(), environ={})
        for content in autopsy.generations(self.serving.state) if self.serving.state.exists() else ():
            yield Engine(settings, discover(), stored=content)

    def _examine(self) -> None:
        """Looks at what is on the disk after a kill."""
        lines = sum(self.ledger.lines().values())
        recount = self.mode.cut_is_known and self._rng.random() * lines < AUTOPSY_LINES
        for number, engine in enumerate(self._engines()):
            faults = [] if number or self.mode.may_be_behind(self) else list(autopsy.behind(engine, self.watch.last))
            if recount:
                self._snapshots += 1
                faults += autopsy.torn(engine, self.ledger, self.serving.folder)
            told = [f"{series} {fault}" for series, fault in faults if not self.mode.forgets(series)]
            for fault in told[:3]:
                self.watch.fault(f"after kill {self._kills}, generation {number}: {fault}")

    # The reckoning

    def _reckon_up(self) -> int:
        """Waits until all is read, holds every series against a recount, and returns how many lines are wrong."""
        countable = self.ledger.countable()
        wanted = countable.counters()
        self.serving.launch()
        self.watch.wait_for_page(PATIENCE)
        end = monotonic() + PATIENCE
        while monotonic() < end and not self._has_read(wanted):
            self.watch.wait_for_page(1)
        wrong = list(self._wrong_lines(wanted))
        if self.mode.is_exact:
            self._compare_counters(wanted)
            self._compare(countable)
        self.mode.at_last(self)
        if self.serving.end() != 0:
            self.watch.fault("it did not end well")
        return sum(wrong)

    def _has_read(self, wanted: dict[str, float]) -> bool:
        """Whether everything is counted, or where something may be missing, nothing is left to be read."""
        page = self.watch.last
        if self.mode.is_exact:
            return all(page.get(series) == value for series, value in wanted.items())
        lag = sum(value for series, value in self.serving.own().items() if series.startswith(LAG))
        self.watch.wait_for_page(1)
        return lag == 0 and page == self.watch.last

    def _wrong_lines(self, wanted: dict[str, float]) -> Iterator[int]:
        """By how many lines each stream's count is out of bounds."""
        spared = 0 if self.mode.is_exact else self.removed
        for series, value in wanted.items():
            if series.startswith(LINES):
                counted = self.watch.last.get(series, 0)
                beyond = max(counted - value, value - spared - counted, 0)
                if beyond:
                    self.watch.fault(f"in the end {series} is {counted!r}, {value!r} lines were written")
                yield int(beyond)

    def _compare_counters(self, wanted: dict[str, float]) -> None:
        for series, value in wanted.items():
            if self.watch.last.get(series) != value:
                self.watch.fault(f"in the end {series} is {self.watch.last.get(series)!r}, the ledger says {value!r}")

    def _compare(self, countable: Countable) -> None:
        """Every series of every pipeline, gauges included; what was born last shows its value on the second page."""
        found = countable.found()
        end = monotonic() + BIRTH_SECONDS
        while differing := list(self._differing(found, families(self.serving.get("/metrics").text))):
            if monotonic() >= end:
                break
            sleep(0.2)
        for fault in differing:
            self.watch.fault(f"in the end {fault}")

    def _differing(self, found: dict[str, Found], shown: dict[str, Family]) -> Iterator[str]:
        for pipeline, recount in found.items():
            for metric, (_, labels) in METRICS[pipeline].items():
                family = shown[metric]
                wanted = recount.samples(metric, labels.split(), family.bounds)
                for series in sorted(wanted.keys() | family.samples.keys()):
                    value, other = family.samples.get(series), wanted.get(series)
                    same = (
                        value is not None and other is not None and isclose(value, other, rel_tol=1e-9, abs_tol=1e-12)
                    )
                    if not same and not self.mode.forgets(series):
                        yield f"{series} is {value!r}, a recount finds {other!r}"
