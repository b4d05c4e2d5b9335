"""A real process under load: its memory, descriptors and threads stay under what docs/limits.md says."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.serving import Serving, until
from tests.engines import attempt

pytestmark = pytest.mark.invariant(13)

FILES = 500
"""In each of two streams."""
MAY_OPEN = 300
HALF_OPEN = 100
MOST_MEMORY = 110 << 20
MOST_THREADS = 32

FEW_DESCRIPTORS = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({MAY_OPEN}, {MAY_OPEN}))
"""

ATTEMPTS = 'pipeline_exporter_records_total{pipeline="persona",stream="attempts"}'
EVENTS = 'pipeline_exporter_records_total{pipeline="clustering",stream="events"}'


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that follows a thousand logs, and may have few files open."""
    serving = Serving(tmp_path_factory.mktemp("loaded"))
    serving.configure(pipelines={"persona": {"attempts": f"{serving.logs}/*.log"}})
    serving.config["pipelines"]["clustering"] = {"events": f"{serving.logs}/*.events"}
    append(serving, lines=3)
    yield serving.start(code=FEW_DESCRIPTORS)
    serving.close()


def append(serving: Serving, *, lines: int) -> None:
    """Writes to every log."""
    for number in range(FILES):
        serving.write(attempt(run_id=f"run {number % 50}") * lines, name=f"{number}.log")
        serving.write(b'{"event": "page_tagged"}\n' * lines, name=f"{number}.events")


def about(serving: Serving, *path: str) -> Path:
    assert serving.process is not None
    return Path("/proc", str(serving.process.pid), *path)


def most_memory(status: str) -> int:
    """The peak of a process' resident memory in bytes."""
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def descriptors(serving: Serving) -> int:
    return len(os.listdir(about(serving, "fd")))


def threads(serving: Serving) -> int:
    return len(os.listdir(about(serving, "task")))


@pytest.mark.invariant(1, 14)
def test_a_thousand_logs_are_counted_with_few_descriptors(loaded: Serving) -> None:
    """Every line of each counts, what is appended too, and no log is taken for another one."""
    now = loaded.scrape()
    assert (3 * FILES, 3 * FILES) == (now[ATTEMPTS], now[EVENTS])
    append(loaded, lines=1)
    loaded.eventually(ATTEMPTS, 4 * FILES)
    now = loaded.eventually(EVENTS, 4 * FILES)
    for name in ("rotations_total", "truncations_total", "lost_bytes_total"):
        assert {0} == {value for series, value in now.items() if series.startswith(f"pipeline_exporter_{name}")}
    assert MAY_OPEN // 4 + 30 >= descriptors(loaded)
    assert MOST_MEMORY >= most_memory(about(loaded, "status").read_text())


def test_half_open_clients_take_nothing_from_others(loaded: Serving) -> None:
    """A hundred of them cost neither descriptors, nor memory, nor threads, and a scrape finds its place."""
    with ExitStack() as clients:
        for number in range(HALF_OPEN):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", loaded.port)))
            if number % 2:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ")
        assert ATTEMPTS in loaded.scrape()
        assert MAY_OPEN // 4 + 30 + 64 >= descriptors(loaded)
        assert MOST_THREADS >= threads(loaded)
    assert MOST_MEMORY >= most_memory(about(loaded, "status").read_text())


def test_many_scrapes_at_once_take_few_threads(loaded: Serving) -> None:
    """They wait for each other."""
    answers: list[int] = []
    most = 0
    scrapers = [threading.Thread(target=lambda: answers.append(loaded.get("/metrics").status)) for _ in range(60)]
    for scraper in scrapers:
        scraper.start()

    def done() -> bool:
        nonlocal most
        most = max(most, threads(loaded))
        return not any(scraper.is_alive() for scraper in scrapers)

    until(done)
    assert [200] * 60 == answers
    assert MOST_THREADS >= most


FOLD = """
import sys
from pathlib import Path
from exporter.config import Config, PipelineConfig, StreamConfig
from exporter.engine import Engine
from exporter.pipeline import discover

kinds = discover()
streams = {"attempts": StreamConfig(paths=(sys.argv[1],))}
engine = Engine(Config(pipelines={"persona": PipelineConfig(streams=streams, options=kinds["persona"].options_type())}),
                kinds)
engine.scan()
engine.aim()
whole = engine.backlog()
early = 0
while engine.backlog():
    for _ in engine.steps():
        pass
    if not early and engine.backlog() < whole * 0.9:
        engine.settle()
        engine.store()
        early = Path("/proc/self/status").read_text()
engine.settle()
engine.store()
print(early, Path("/proc/self/status").read_text(), engine.itself.records.cell("persona", "attempts")[0], sep="\\0")
"""

BLOCK = 2500
"""Lines of fifty runs with twenty opening moves each: a thousand series of that metric alone."""
BLOCKS = 80


def test_a_large_log_takes_no_more_memory_than_its_beginning(tmp_path: Path) -> None:
    """Folding two hundred thousand lines takes what folding the first tenth took."""
    block = b"".join(
        attempt(run_id=f"run {at // 50}", opening_move=f"move {at % 20}", persona_id=at, latency_ms=at % 999)
        for at in range(BLOCK)
    )
    log = tmp_path / "large.log"
    with log.open("wb") as file:
        for _ in range(BLOCKS):
            file.write(block)
    command = [sys.executable, "-c", FOLD, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    early, late, records = done.stdout.split("\0")
    assert BLOCK * BLOCKS == int(records)
    assert most_memory(early) + (2 << 20) >= most_memory(late)
    assert MOST_MEMORY >= most_memory(late)
