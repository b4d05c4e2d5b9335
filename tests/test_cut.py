"""Offsets, counts and pages are one cut on a disk that fails, fills and is left at any moment."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.publisher import Page
from exporter.snapshot import Store
from tests import full_disk
from tests.engines import KINDS, MIXED, attempt, config, exposition, read
from tests.exporters import Exporter
from tests.exposition import ITSELF, ROOT, families
from tests.saving import copying, steps

HOLD = 20.0


class Kept(dict[str, float]):
    """What must not be lost of an exposition: every sample of every counter and histogram."""

    def __init__(self, text: str) -> None:
        for family in families(text).values():
            if family.type != "gauge":
                self |= family.samples


# Snapshots are recounts


@pytest.mark.invariant(1, 5)
def test_every_generation_is_a_recount_of_the_log_below_its_offset(tmp_path: Path) -> None:
    """5: a kill at any step of any save leaves counts of just the bytes that its offset says."""
    exporter = Exporter(tmp_path)
    copies: list[Path] = []
    for start in range(0, 60_000, 7_500):
        with exporter.log.open("ab") as log:
            log.write(MIXED[start : start + 7_500])
        read(exporter.worker.engine)
        with steps(copying(exporter.state, tmp_path, copies)):
            assert exporter.publisher.save()
    exporter.store.close()
    contents = {content for copy in copies for content in generations(copy)}
    assert 8 == len(contents)
    offsets = [recounted(content, exporter.log, tmp_path / "below.log") for content in contents]
    assert 8 == len(set(offsets))
    assert 60_000 - 1000 < max(offsets) <= 60_000


@pytest.mark.invariant(5)
def test_what_is_stored_belongs_to_the_moment_of_the_cut(tmp_path: Path) -> None:
    """5: it is encoded later, beside the thread that goes on reading; nothing that was read since is in it."""
    log = tmp_path / "generation.log"
    log.write_bytes(MIXED[: len(MIXED) // 2])
    engine = read(Engine(config({"persona": {"attempts": log}}), KINDS))
    cut, stored = engine.cut(), engine.store()
    log.write_bytes(MIXED)
    read(engine)
    assert stored != engine.store()
    assert stored == cut.encoded()
    engine.close()


def generations(state: Path) -> Iterator[bytes]:
    """All that a start could find in a state folder; one of them at least, but before the first."""
    for name in ("state.snapshot", "state.previous"):
        store = Store(str(state))
        content = store.load()
        store.close()
        if content is not None:
            yield content
        (state / name).unlink(missing_ok=True)


def recounted(content: bytes, log: Path, below: Path) -> int:
    """The offset of a snapshot whose counts are what one finds who reads the log up to there."""
    stored = Engine(config({"persona": {"attempts": log}}), KINDS, stored=content)
    offset = stored.itself.bytes.cell("persona", "attempts")[0]
    below.write_bytes(log.read_bytes()[:offset])
    anew = read(Engine(config({"persona": {"attempts": below}}), KINDS))
    assert below.stat().st_size == anew.itself.bytes.cell("persona", "attempts")[0]
    assert counts(anew) == counts(stored)
    stored.close()
    anew.close()
    below.unlink()
    return offset


def counts(engine: Engine) -> dict[str, dict[str, float]]:
    """Everything but what is measured of files."""
    found = families(exposition(engine)).items()
    return {name: family.samples for name, family in found if not (name.startswith(ITSELF) and family.type == "gauge")}


# Durable before it is shown

happenings = st.sampled_from(
    [
        *(("write", run_id, stage, 3) for run_id in ("25K_1", "25K_2", "1K_1") for stage in "AB"),
        *[("scrape", HOLD)] * 6,
        *[("scrape", 1.0)] * 2,
        ("scrape", 0.5),
        ("save",),
        *(("disk", full) for full in (False, False, True, "folder")),
        ("restart",),
    ]
)


class Life:
    """An exporter, what happens to it, and what every page may show at most: what a restart right then would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exporter = self._started(folder / "state")
        self.pages: list[tuple[Page, Kept]] = []

    def _started(self, state: Path) -> Exporter:
        exporter = Exporter(self._folder, hold=HOLD, state=state)
        exporter.publisher.births.admit(exporter.worker.engine.itself.metrics)
        return exporter

    def happens(self, what: str, *details: Any) -> None:
        exporter = self._exporter
        if what == "write":
            run_id, stage, lines = details
            with exporter.log.open("ab") as log:
                log.write(attempt(run_id=run_id, stage=stage) * lines)
            read(exporter.worker.engine)
        elif what == "scrape":
            page = exporter.page(later=details[0])
            if page is not None:
                self.pages.append((page, self.restarted()))
        elif what == "save":
            exporter.publisher.save()
        elif what == "disk":
            (exporter.full,) = details
        else:
            self.end()
            self._exporter = self._started(self._folder / "state")
            read(self._exporter.worker.engine)

    def restarted(self) -> Kept:
        """What is shown by one who starts from the disk as it is now, before anything is read."""
        copy = self._folder / "copy"
        shutil.copytree(self._folder / "state", copy)
        after = self._started(copy)
        shown = Kept(after.scrape())
        after.store.close()
        shutil.rmtree(copy)
        return shown

    def end(self) -> None:
        """As by SIGKILL: nothing more is written."""
        self._exporter.store.close()
        self._exporter.worker.engine.close()


@pytest.mark.invariant(3, 6)
@settings(max_examples=60)
@given(st.lists(happenings, min_size=6, max_size=16))
def test_no_page_is_taken_back(tmp_path_factory: pytest.TempPathFactory, story: list[tuple[Any, ...]]) -> None:
    """6: whatever is read, saved and fails in whatever order, nothing takes back what anybody saw."""
    life = Life(tmp_path_factory.mktemp("life"))
    for step in story:
        life.happens(*step)
    life.end()
    shown = [Kept(page.body(CLASSIC).decode()) for page, _ in life.pages]
    for earlier, later in [*pairwise(shown), *zip(shown, [restarted for _, restarted in life.pages], strict=True)]:
        assert {} == {series: later.get(series) for series in earlier if earlier[series] > later.get(series, -1)}


# Full disks


@pytest.mark.invariant(16)
@pytest.mark.parametrize("kind", ["no room", "limit"])
def test_a_disk_that_fills_up_stops_nothing(tmp_path: Path, kind: str) -> None:
    """16: following goes on, what is durable stays, failures are counted, and room is all that it takes to recover.

    The disk is real: a small one where this user may mount one, else a device that is always full or a limit of size.
    """
    command = [sys.executable, "-m", "tests.full_disk", str(tmp_path)]
    if kind == "no room" and full_disk.can_mount():
        command = full_disk.mounting(tmp_path / "state", command)
    done = subprocess.run([*command, kind], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    told = json.loads(done.stdout)
    assert [10, 10, 10, 40] == told["lines"]
    assert [0, 0, 0, 2] == told["failures"]
    assert {"no room": ["No space left on device"] * 2, "limit": ["File too large"] * 2}[kind] == told["errors"]
    assert told["lines"] == told["restarts"]
