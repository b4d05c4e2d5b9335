"""Worker processes: real ones, as many as are asked for."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from exporter.processes import Processes
from tests.commands.running import run
from tests.engines import attempt
from tests.exposition import ROOT
from tests.golden import PIPELINES
from tests.history.reading import alone, apart, begun, configured, write

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
    assert [
        f"pipeline-exporter: persona.attempts: {tmp_path} cannot be read: directory",
        f"pipeline-exporter: tagger.events: no file matches {tmp_path}/nope",
    ] == done.err.splitlines()
    assert (2, "") == (done.code, done.out)


def test_a_worker_tells_how_far_it_is(tmp_path: Path) -> None:
    """For who watches a terminal; of each part by its number."""
    log = write(tmp_path / "a.log", attempt() * 10)
    engine = begun(configured(f"persona={log}"))
    with Processes(1, 2) as pool:
        part = engine.only(engine.intakes[0], [str(log)])
        assert pool.submit(1, *part).result()
        assert (0, 10 * len(attempt())) == (pool.read(0), pool.read(1))
