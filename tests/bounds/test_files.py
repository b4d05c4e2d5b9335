"""Many files: what is open, what is followed and what is remembered is bounded, and every line still counts."""

import gc
import resource
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from exporter.config import Config, Limits, PipelineConfig, StreamConfig
from exporter.engine import Engine
from exporter.follow import descriptors
from exporter.follow.descriptors import OPEN_FILES, most_open
from exporter.follow.follower import DESERTED_LOGS
from exporter.pipelines.persona import PersonaOptions
from tests.engines import KINDS, attempt, config, read

pytestmark = pytest.mark.invariant(13)

STREAM = ("persona", "attempts")


def follow(folder: Path, stored: bytes | None = None, *, most: int = 1000) -> Engine:
    """An engine that has read what is there."""
    what = config({"persona": {"attempts": folder / "*.log"}}, files_per_stream=most)
    return read(Engine(what, KINDS, stored=stored))


def write(folder: Path, *numbers: int, lines: int = 1) -> None:
    for number in numbers:
        with (folder / f"{number:04}.log").open("ab") as file:
            file.write(attempt() * lines)


def counts(engine: Engine) -> dict[str, int | float]:
    """Records, and what is said of the files."""
    engine.settle()
    itself = engine.itself
    return {
        "records": itself.records.cell(*STREAM)[0],
        "files": itself.files.values[STREAM],
        "waiting": itself.unfollowed.values[*STREAM, "too_many"],
        "lost": itself.lost.cell(*STREAM)[0],
    }


# Files that are followed


def test_files_over_the_limit_wait(tmp_path: Path) -> None:
    """They are counted as unfollowed, not read in part, and read from their beginning when there is room."""
    write(tmp_path, *range(10), lines=2)
    engine = follow(tmp_path, most=6)
    assert {"records": 12, "files": 6, "waiting": 4, "lost": 0} == counts(engine)
    for number in range(3):
        (tmp_path / f"{number:04}.log").unlink()
    for _ in range(3):
        read(engine)
    assert {"records": 18, "files": 6, "waiting": 1, "lost": 0} == counts(engine)


def test_a_newcomer_pushes_out_no_file_that_is_followed(tmp_path: Path) -> None:
    """Whatever its name, it waits; also over a restart."""
    write(tmp_path, *range(10, 16))
    engine = follow(tmp_path, most=6)
    write(tmp_path, 1, *range(10, 16))
    assert {"records": 12, "files": 6, "waiting": 1, "lost": 0} == counts(read(engine))
    again = follow(tmp_path, engine.store(), most=6)
    assert {"records": 12, "files": 6, "waiting": 1, "lost": 0} == counts(again)


def test_documents_over_the_limit_wait(tmp_path: Path) -> None:
    """Those that were read go first, whatever the names of others."""
    what = config({"distillation": {"session": tmp_path / "*.json"}}, files_per_stream=2)
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "c.json").write_text("{}")
    engine = Engine(what, KINDS)
    for _ in range(2):
        read(engine)
    (tmp_path / "a.json").write_text("{}")
    for _ in range(2):
        read(engine)
    engine.settle()
    assert 2 == engine.itself.records.cell("distillation", "session")[0]
    assert 1 == engine.itself.unfollowed.values["distillation", "session", "too_many"]
    assert [str(tmp_path / "b.json"), str(tmp_path / "c.json")] == engine.intakes[0].paths()


def test_the_limit_is_a_setting() -> None:
    """And as far from what people have as it is from what memory holds."""
    assert 10_000 == Limits().files_per_stream


# Files that are open


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def few_allowed() -> Iterator[int]:
    """How many files this process may open: few more than are open now."""
    gc.collect()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 2 * open_files() + 250
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, before[1]))
    yield few
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_quarter_of_what_a_process_may_open_is_for_logs(few_allowed: int) -> None:
    """Clients, those that knock, the snapshot and the folders need some, too."""
    assert min(few_allowed // 4, OPEN_FILES) == most_open()


def test_at_most_so_many_are_open() -> None:
    """However many the process may open."""
    assert OPEN_FILES >= most_open()


@pytest.mark.invariant(1, 14)
def test_streams_share_what_may_be_open(tmp_path: Path, few_allowed: int) -> None:
    """Two streams with more files than the process may open are read to their ends, again and again."""
    streams = {}
    for stream in ("false_positives", "false_negatives"):
        (tmp_path / stream).mkdir()
        streams[stream] = tmp_path / stream / "*.log"
    paths = [tmp_path / stream / f"{number}.log" for stream in streams for number in range(few_allowed)]
    before = open_files()
    engine = Engine(config({"crawl": streams}), KINDS)
    for expected in (1, 2, 3):
        for path in paths:
            with path.open("ab") as file:
                file.write(b'{"correct_category": "research"}\n')
        read(engine)
        engine.settle()
        for stream in streams:
            assert expected * few_allowed == engine.itself.records.cell("crawl", stream)[0]
            assert 0 == engine.itself.unfollowed.values["crawl", stream, "error"]
            assert 0 == engine.itself.lost.cell("crawl", stream)[0]
        assert before + most_open() >= open_files()
    engine.close()


# What is remembered


def weight(engine: Engine) -> int:
    """How many objects an engine holds on to, of any kind, short of code and types."""
    seen: set[int] = set()
    found: list[Any] = [engine.intakes, engine.pipelines, engine.itself]
    while found:
        held = found.pop()
        if id(held) not in seen and not isinstance(held, type | ModuleType | FunctionType):
            seen.add(id(held))
            found += gc.get_referents(held)
    return len(seen)


def test_what_came_and_went_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs, documents, half-written archives and runs with ever new names leave nothing behind, in memory or stored."""
    monkeypatch.setattr(descriptors, "OPEN_FILES", 5)
    persona = PipelineConfig(
        streams={"attempts": StreamConfig(paths=(f"{tmp_path}/*.log",))}, options=PersonaOptions(run_ttl=1)
    )
    distillation = PipelineConfig(
        streams={"session": StreamConfig(paths=(f"{tmp_path}/*/session.json",))},
        options=KINDS["distillation"].options_type(),
    )
    engine = Engine(Config(pipelines={"persona": persona, "distillation": distillation}), KINDS)
    (tmp_path / "same.log").write_bytes(attempt())
    measured = []
    for at in range(3 * DESERTED_LOGS):
        come_and_go(engine, tmp_path, f"{at:04}")
        engine.settle()
        measured.append((weight(engine), len(engine.store())))
    settled, last = measured[-DESERTED_LOGS], measured[-1]
    assert last[0] <= settled[0] + 20
    assert last[1] <= settled[1] + 40
    assert 3 * DESERTED_LOGS * 2 + 1 == engine.itself.records.cell(*STREAM)[0]
    assert 3 * DESERTED_LOGS == engine.itself.records.cell("distillation", "session")[0]


def come_and_go(engine: Engine, folder: Path, name: str) -> None:
    """Everything that a day leaves behind, read and deleted."""
    log, archive = folder / f"{name}.log", folder / f"same.log-2026-01-31-{name}.gz.tmp"
    session = folder / f"filter{name}" / "session.json"
    session.parent.mkdir()
    session.write_text('{"ended_at": "2026-01-31T00:00:00Z"}')
    log.write_bytes(attempt(run_id=name, ts="2026-01-31T00:00:00Z") * 2)
    archive.write_bytes(b"\x1f\x8b half")
    for _ in range(2):
        read(engine)
    engine.expire(0.5)
    for path in (log, archive, session):
        path.unlink()
    session.parent.rmdir()
    engine.store()
    for _ in range(3):
        read(engine)
    engine.expire(2)
    engine.store()


def test_the_last_event_time_outlives_the_logs(tmp_path: Path) -> None:
    """Of those that were forgotten the latest is kept: the gauge neither falls nor vanishes."""
    write(tmp_path, 0)
    newest = tmp_path / "newest.log"
    newest.write_bytes(attempt(ts="2030-01-01T00:00:00Z"))
    engine = follow(tmp_path)
    newest.unlink()
    for at in range(DESERTED_LOGS + 5):
        log = tmp_path / f"x{at}.log"
        log.write_bytes(attempt(ts="2026-01-31T00:00:00Z"))
        read(engine)
        log.unlink()
        for _ in range(3):
            read(engine)
        engine.store()
    engine.settle()
    assert {STREAM: 1893456000.0} == engine.itself.last_record.values


def test_logs_that_no_pattern_matches_any_more_are_kept_while_they_are_there(tmp_path: Path) -> None:
    """They go on where they were when they are named again; of those that are gone, only the last few are kept."""
    write(tmp_path, *range(DESERTED_LOGS + 30))
    stored = follow(tmp_path).store()
    for number in range(DESERTED_LOGS + 20):
        (tmp_path / f"{number:04}.log").unlink()
    elsewhere = config({"persona": {"attempts": tmp_path / "other" / "*.log"}})
    parked = read(Engine(elsewhere, KINDS, stored=stored))
    parked.settle()
    kept = parked.intakes[0].stored().files.logs
    assert DESERTED_LOGS + 10 == len(kept)
    again = follow(tmp_path, parked.store())
    assert DESERTED_LOGS + 30 == counts(again)["records"]
