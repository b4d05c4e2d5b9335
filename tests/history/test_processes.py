"""Worker processes: real ones, which are interrupted and killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from exporter.processes import Processes
from tests.commands.running import run
from tests.exposition import ROOT
from tests.golden import PIPELINES
from tests.history.reading import alone, apart, configured, write
from tests.test_engine import attempt

LINES = 400_000
"""Two logs of so many take workers some seconds."""
SECONDS = 60.0
SMALL = "from exporter import history; history.WORTH_BYTES, history.PART_BYTES = 0, 1"
ENVIRONMENT = {"PYTHONPATH": ":".join(sys.path)}


def test_processes_read_what_one_process_reads(tmp_path: Path) -> None:
    """Three for seven logs of two pipelines, bad lines and a log over the cap among them; none is left afterwards."""
    stages = [b"".join(attempt(stage=f"s{stage}") for stage in range(at)) + b"bad\n" for at in range(6)]
    logs = [f"persona={write(tmp_path / f'{at}.log', content)}" for at, content in enumerate(stages)]
    pages = f"crawl.failures={write(tmp_path / 'f.log', b'{}')}"
    for cap in (2000, 5):
        found = configured(*logs, pages, cap=cap)
        outcome = apart(found, jobs=3, pool=Processes)
        assert (alone(found), cap == 5) == (outcome.text, outcome.said != [])
    assert [] == [child for child in psutil.Process().children(recursive=True) if "spawn_main" in child.cmdline()]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_command_prints_the_same_with_any_number_of_processes(pipeline: str) -> None:
    """Of each pipeline's sample logs, configured with relative paths."""
    command = ["once", "--config", f"tests/logs/{pipeline}/config.yml"]
    texts = [
        subprocess.run(
            [sys.executable, "-c", f"{SMALL}; from exporter.cli import main; main({[*command, '--jobs', jobs]})"],
            cwd=ROOT,
            env=ENVIRONMENT,
            check=True,
            capture_output=True,
        )
        for jobs in ("1", "3")
    ]
    assert (texts[0].stdout, b"") == (texts[1].stdout, texts[1].stderr)
    assert texts[0].stdout == (ROOT / "tests" / "logs" / pipeline / "expected.prom").read_bytes()


@pytest.mark.parametrize("jobs", ["0", "-1", "many", ""])
def test_a_number_of_processes_is_one_at_least(jobs: str, tmp_path: Path) -> None:
    """Anything else is a mistake in the call."""
    done = run("once", "--jobs", jobs, f"persona={write(tmp_path / 'a.log', attempt())}")
    assert (2, "") == (done.code, done.out)
    assert "Invalid value for '--jobs'" in done.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_mistakes_are_told_alike(jobs: str, tmp_path: Path) -> None:
    """A missing file, a directory: before anything is read."""
    log = write(tmp_path / "a.log", attempt())
    done = run("once", "--jobs", jobs, f"persona={log}", f"persona={tmp_path}", f"tagger={tmp_path}/nope")
    assert (2, f"pipeline-exporter: tagger.events: no file matches {tmp_path}/nope\n") == (done.code, done.err)


# While it reads


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("logs")
    return [f"persona={write(folder / name, attempt() * LINES)}" for name in ("a.log", "b.log")]


@contextmanager
def reading(logs: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """`once` in a group of its own, as at a terminal, while its two workers read."""
    start = f"{SMALL}; from exporter.cli import main; main({['once', '--jobs', '2', *logs]})"
    with subprocess.Popen(
        [sys.executable, "-c", start],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            yield process, until(lambda: working(process, logs))
        finally:
            process.kill()


def working(process: subprocess.Popen[bytes], logs: list[str]) -> list[psutil.Process] | None:
    """The workers, if both have opened a log."""
    try:
        children = psutil.Process(process.pid).children()
        names = {log.partition("=")[2] for log in logs}
        reading = [child for child in children if any(file.path in names for file in child.open_files())]
    except psutil.Error:
        return None
    return reading if len(reading) == 2 else None


def until(find: Callable[[], list[psutil.Process] | None]) -> list[psutil.Process]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


def outcome(process: subprocess.Popen[bytes], workers: list[psutil.Process]) -> tuple[int, bytes, bytes]:
    """How it ended: code, what it printed, what it said; and its workers with it."""
    out, err = process.communicate(timeout=SECONDS)
    assert ([], len(workers)) == (psutil.wait_procs(workers, timeout=SECONDS)[1], 2)
    return process.returncode, out, err


def test_ctrl_c_ends_all_of_it(logs: list[str]) -> None:
    """A terminal interrupts the whole group; nobody prints anything."""
    with reading(logs) as (process, workers):
        os.killpg(process.pid, signal.SIGINT)
        assert (130, b"", b"") == outcome(process, workers)


def test_a_killed_worker_is_an_error(logs: list[str]) -> None:
    """Not a result that lacks what it read; the way out is named."""
    with reading(logs) as (process, workers):
        workers[0].kill()
        said = b"a worker process was ended, perhaps for lack of memory; `--jobs 1` reads without workers"
        assert (1, b"", b"pipeline-exporter: " + said + b"\n") == outcome(process, workers)


def test_a_terminated_run_ends_all_of_it(logs: list[str]) -> None:
    """As `timeout` does it, which speaks to this process alone."""
    with reading(logs) as (process, workers):
        process.terminate()
        assert (128 + signal.SIGTERM, b"", b"") == outcome(process, workers)


def test_workers_end_with_their_parent(logs: list[str]) -> None:
    """Also where it has no time to end them; what Python says of its own is all that is said."""
    with reading(logs) as (process, workers):
        process.kill()
        code, out, _ = outcome(process, workers)
        assert (-signal.SIGKILL, b"") == (code, out)
