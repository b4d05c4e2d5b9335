"""`once` with worker processes that are interrupted, terminated and killed while they read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.e2e.serving import until
from tests.engines import attempt
from tests.history.reading import write

LINES = 400_000
"""Two logs of so many take workers a second or more."""
SECONDS = 60.0


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("logs")
    return [f"persona={write(folder / name, attempt() * LINES)}" for name in ("a.log", "b.log")]


@contextmanager
def reading(logs: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """`once` in a group of its own, as at a terminal, while its two workers read."""
    with subprocess.Popen(
        [sys.executable, "-m", "exporter", "once", "--jobs", "2", *logs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
        start_new_session=True,
        preexec_fn=heed_interrupts,
    ) as process:
        try:
            yield process, until(lambda: working(process, logs), seconds=SECONDS)
        finally:
            process.kill()


def heed_interrupts() -> None:
    """What a shell runs in its background ignores Ctrl-C, and so would all that these tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def working(process: subprocess.Popen[bytes], logs: list[str]) -> list[psutil.Process]:
    """The workers, as soon as both have opened a log."""
    try:
        children = psutil.Process(process.pid).children()
        names = {log.partition("=")[2] for log in logs}
        reading = [child for child in children if any(file.path in names for file in child.open_files())]
    except psutil.Error:
        return []
    return reading if len(reading) == 2 else []


def outcome(process: subprocess.Popen[bytes], workers: list[psutil.Process]) -> tuple[int, bytes, bytes]:
    """How it ended: code, what it printed, what it said; and its workers with it."""
    out, err = process.communicate(timeout=SECONDS)
    assert [] == psutil.wait_procs(workers, timeout=SECONDS)[1]
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
