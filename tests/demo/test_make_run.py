"""`make run`: the demo's writer and the exporter end with it, however that is ended."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.e2e.serving import until
from tests.exposition import ROOT

SECONDS = 30.0
STUB = """#!/bin/sh
trap "" HUP  # the exporter reads its configuration again
echo $$ >> pids
exec sleep 60
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What `make run` needs, with programs in place of the writer and the exporter that only a signal ends."""
    for path in ("Makefile", "pyproject.toml", "constraints.txt", "deploy/run-demo"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    program = tmp_path / ".venv" / "bin" / "pipeline-exporter"
    program.parent.mkdir(parents=True)
    program.write_text(STUB)
    program.chmod(0o755)
    (tmp_path / ".venv" / "installed").touch()
    return tmp_path


def heed() -> None:
    """What a shell runs in its background ignores Ctrl-C, and so would all that these tests start."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "tell"),
    [(signal.SIGINT, os.killpg), (signal.SIGHUP, os.killpg), (signal.SIGTERM, os.kill)],
    ids=["Ctrl-C", "terminal closed", "make terminated"],
)
def test_nothing_of_it_is_left(folder: Path, number: signal.Signals, tell: Callable[[int, int], None]) -> None:
    """A terminal tells the whole group; who started make tells make alone."""
    with subprocess.Popen(
        ["make", "run"], cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=heed
    ) as process:
        pids = until(lambda: started(folder), seconds=SECONDS)
        tell(process.pid, number)
        process.wait(SECONDS)
        left = psutil.wait_procs(pids, timeout=SECONDS)[1]
        for each in left:
            each.kill()
        assert [] == left


def started(folder: Path) -> list[psutil.Process]:
    """The writer and the exporter, as soon as both are there."""
    pids = folder / "pids"
    found = [psutil.Process(int(pid)) for pid in pids.read_text().split()] if pids.exists() else []
    return found if len(found) == 2 else []
