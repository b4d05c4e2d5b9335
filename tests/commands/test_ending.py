"""How commands end that cannot go on: on Ctrl-C before there is anything to tidy up, and where stdout is full."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines import attempt

INTERRUPTED = """
import os, signal, sys, types
signal.signal(signal.SIGINT, signal.{before})
from exporter.__main__ import main
sys.modules["exporter.cli"] = types.SimpleNamespace(main=lambda: os.kill(os.getpid(), signal.SIGINT))
main()
"""


@pytest.mark.parametrize(
    ("before", "code"), [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 0)], ids=["heeded", "ignored"]
)
def test_ctrl_c_while_a_command_is_imported_is_quiet(before: str, code: int) -> None:
    """As the shell expects: no traceback, and not the exit code of an answer. Where it is ignored it stays so."""
    start = [sys.executable, "-c", INTERRUPTED.format(before=before)]
    done = subprocess.run(start, capture_output=True, text=True, check=False)
    assert (code, "", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["once", "lint", "check"])
def test_an_answer_that_cannot_be_written_is_an_error(tmp_path: Path, command: str) -> None:
    """One line; exit code 1 would be lint's answer."""
    log = tmp_path / "a.log"
    log.write_bytes(attempt() + b"nope\n")
    config = tmp_path / "c.yml"
    config.write_text(f"pipelines:\n  persona:\n    attempts: {log}\n")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", command, "--config", str(config)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
    error = "pipeline-exporter: the answer cannot be written: No space left on device\n"
    assert (2, error) == (done.returncode, done.stderr)
