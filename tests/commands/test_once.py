"""`once`: logs folded to their end, and nothing but the exposition on stdout."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.cli import reading
from exporter.progress import Reading
from tests.commands.running import run
from tests.engines import attempt
from tests.exposition import samples
from tests.tools import check_metrics

LINES = 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"}'
BATCHES = 'persona_batches_total{run_id="25K_1"}'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def test_the_exposition_is_all_that_is_printed(write) -> None:
    """It can be piped into promtool; a last line without newline counts, values are shown at once."""
    log = write("a.log", attempt() * 2 + attempt()[:-1])
    done = run("once", f"persona={log}")
    assert (0, "") == (done.code, done.err)
    assert 3 == samples(done.out)['persona_attempts_total{run_id="25K_1",stage="A",status="success"}']
    assert "" == check_metrics(done.out.encode())


def test_rejected_lines_are_no_failure(write) -> None:
    """They are counted; `lint` is who judges."""
    done = run("once", f"persona={write('a.log', b'nope' + bytes([10]) + attempt())}")
    counted = samples(done.out)
    assert (0, 2) == (done.code, counted[LINES])
    rejected = 'pipeline_exporter_rejected_lines_total{pipeline="persona",reason="invalid_json",stream="attempts"}'
    assert 1 == counted[rejected]


def test_several_logs_add_up(write) -> None:
    """Of one pipeline or of several."""
    a, b = write("a.log", attempt()), write("b.log", attempt() * 2)
    failures = write("failures.jsonl", b'{"url": "http://x", "stage": "fetch", "exception_type": "E"}\n')
    counted = samples(run("once", f"persona={a}", f"persona.attempts={b}", f"crawl.failures={failures}").out)
    assert 3 == counted[LINES]
    assert 1 == counted['pipeline_exporter_records_total{pipeline="crawl",stream="failures"}']


def test_a_glob_takes_all_that_match(write) -> None:
    """The exporter expands it, not only the shell; rotated files that match are read before their log."""
    for name in ("a.log", "b.log", "a.log.1"):
        write(name, attempt(error=name))
    assert 3 == samples(run("once", f"persona={write('c.log', attempt()).parent}/[ab].log*").out)[LINES]


@pytest.mark.invariant(9)
def test_one_file_by_two_names_counts_once(write, tmp_path: Path) -> None:
    """Overlapping patterns and links are one log."""
    log = write("a.log", attempt())
    (tmp_path / "link.log").symlink_to(log)
    assert 1 == samples(run("once", f"persona={log}", f"persona={tmp_path}/*.log").out)[LINES]


def test_settings_come_from_the_configuration(write) -> None:
    """With `--config` its batch size holds, and LOG takes the place of its paths."""
    log = write("a.log", b"".join(attempt(persona_id=at) for at in range(9)))
    configured = write(
        "c.yml",
        b"pipelines:\n  persona:\n    attempts: /nowhere\n    batch_size: 4\n  crawl:\n    metadata: /nowhere\n",
    )
    assert 2 == samples(run("once", "--config", configured, f"persona={log}").out)[BATCHES]
    assert not samples(run("once", f"persona={log}").out).get(BATCHES)


def test_without_logs_the_configured_ones_are_read(write) -> None:
    """The configuration says where they are."""
    log = write("a.log", attempt())
    configured = write("c.yml", f"pipelines:\n  persona:\n    attempts: {log}\n".encode())
    assert 1 == samples(run("once", "--config", configured).out)[LINES]


def test_folders_beside_a_log_are_counted(write) -> None:
    """They need not be named, nor be there."""
    articles = write("law/metrics.jsonl", b"")
    dumps = 'distillation_error_dumps{filter="law"}'
    assert dumps not in samples(run("once", f"distillation={articles}").out)
    write("law/error_logs/1.txt", b"")
    assert 1 == samples(run("once", f"distillation={articles}").out)[dumps]


@pytest.mark.invariant(15)
def test_the_same_logs_give_the_same_bytes(write) -> None:
    """No clock, no hash seed."""
    log = write("a.log", b"".join(attempt(stage=f"s{at % 7}", repairs=[f"r{at % 5}"]) for at in range(500)))
    texts = {
        subprocess.run(
            [sys.executable, "-m", "exporter", "once", f"persona={log}"],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert 1 == len(texts)


# Mistakes


@pytest.mark.parametrize(
    ("logs", "error"),
    [
        (["persona={}/nope.log"], "persona.attempts: no file matches {}/nope.log"),
        (["persona={}/*.log"], "persona.attempts: no file matches {}/*.log"),
        (["persona={}"], "persona.attempts: {} cannot be read: directory"),
        (["persona"], "persona: is not PIPELINE[.STREAM]=PATH"),
        (["nope=x"], "nope=x: no such pipeline `nope` (there are: clustering, crawl, distillation, persona, tagger)"),
        (["persona.nope=x"], "persona.nope=x: no such stream `nope` (persona has: attempts)"),
        ([], "LOG: no log is given; name one as PIPELINE[.STREAM]=PATH"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, logs: list[str], error: str) -> None:
    """It names the thing as it was written, and the way out."""
    done = run("once", *[log.format(tmp_path) for log in logs])
    assert (2, "", f"pipeline-exporter: {error.format(tmp_path)}\n") == (done.code, done.out, done.err)


def test_each_log_that_is_named_has_to_be_there(write, tmp_path: Path) -> None:
    """One with a mistake in its name is not left out in silence, whatever stands beside it."""
    log = write("a.log", attempt())
    (tmp_path / "b.log").mkdir()
    done = run("once", *[f"persona={path}" for path in (log, tmp_path / "nope.log", tmp_path / "b.log")])
    assert (2, "") == (done.code, done.out)
    assert [
        f"pipeline-exporter: persona.attempts: no file matches {tmp_path}/nope.log",
        f"pipeline-exporter: persona.attempts: {tmp_path}/b.log cannot be read: directory",
    ] == done.err.splitlines()
    assert 0 == run("once", f"persona={tmp_path}/*.log").code


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to run it twice."""
    done = run("once", f"persona={tmp_path}/a", f"tagger={tmp_path}/b", f"clustering={tmp_path}/c")
    assert (2, 3) == (done.code, len(done.err.splitlines()))


def test_progress_is_shown_to_who_can_see_it(write) -> None:
    """A long run shows on a terminal how far it has come; stdout has nothing but the answer."""
    log = write("a.log", attempt() * 20_000)
    terminal, end = os.openpty()
    start = f"""
from exporter import cli, progress
progress.WORTH_SHOWING_BYTES = 1
cli.main(["once", "persona={log}"])
"""
    done = subprocess.run(
        [sys.executable, "-c", start],
        stdout=subprocess.PIPE,
        stderr=end,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "TERM": "xterm"},
    )
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "MB" in shown
    assert 20_000 == samples(done.stdout.decode())[LINES]


def test_a_reader_that_goes_away_is_no_failure(write) -> None:
    """`once … | head` says nothing on stderr."""
    log = write("a.log", b"".join(attempt(stage=f"stage {at}") for at in range(1500)))
    command = [sys.executable, "-m", "exporter", "once", f"persona={log}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert b"" == process.stderr.read()


@pytest.mark.invariant(14)
@pytest.mark.parametrize("command", ["once", "lint"])
@pytest.mark.parametrize("after", range(6))
def test_what_could_not_be_read_to_its_end_is_no_answer(write, command: str, after: int) -> None:
    """Wherever reading fails, the last line without newline included, nothing is printed that looks like one."""
    log = write("a.log", attempt() * 2 + attempt()[:-1])
    real, left = os.pread, iter(range(after))

    def fail(*args: int) -> bytes:
        if next(left, None) is None:
            raise OSError(errno.EIO, "Input/output error")
        return real(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", fail)
        done = run(command, f"persona={log}", *(["--jobs", "1"] if command == "once" else []))
    assert next(left, None) is None
    assert "" == done.out
    assert f"pipeline-exporter: persona.attempts: {log} cannot be read: error\n" == done.err
    assert done.code in (1, 2)


@pytest.mark.parametrize("command", ["once", "lint"])
def test_a_log_that_goes_when_it_was_read_was_read(write, command: str) -> None:
    """Whether its name is still there afterwards does not matter."""
    log = write("a.log", attempt() * 2)
    real = reading.read

    def read(given: Reading) -> None:
        real(given)
        log.unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"exporter.cli.{command}.read", read)
        assert 0 == run(command, f"persona={log}").code
    assert not log.exists()


def test_nothing_counted_is_an_exposition_too(write) -> None:
    """An empty log is no mistake."""
    done = run("once", f"persona={write('a.log', b'')}")
    assert (0, 0) == (done.code, samples(done.out)[LINES])
