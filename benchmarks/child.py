"""Child processes whose CPU time is theirs alone: functions of this package, programs, and the exporter as a server."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

import psutil

P = ParamSpec("P")
T = TypeVar("T")

START_SECONDS = 60
_SOONEST = 0.05
_LATEST = 0.5
"""Between two times that a server is asked whether it is ready: each of them takes it milliseconds."""
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def in_child(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function of a module returns in a fresh process."""
    pool = ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL)
    )  # an interrupt ends the child at once
    with pool:
        return pool.submit(function, *args, **kwargs).result()


class Usage(NamedTuple):
    """CPU seconds of a process, user and system, and its memory at its highest."""

    seconds: float
    peak_bytes: int


_LAUNCH = """
import os, sys
output, *command = sys.argv[1:]
files = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]
_, status, usage = os.wait4(os.posix_spawnp(command[0], command, os.environ, file_actions=files), 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""
"""Starts a program from a process that is smaller than any program that is measured: `ru_maxrss` has the memory of the
starting process in it."""


def usage_of(command: list[str], output: Path) -> Usage:
    """What a program takes that writes its answer to `output`. A session of its own keeps an interrupt from it; it is
    killed when the caller is interrupted.

    Raises OSError where it cannot be run, RuntimeError where it fails.
    """
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"no such program: {command[0]}")
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(output), *command]
    with subprocess.Popen(launch, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            told, _ = process.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    code, seconds, peak = told.split()
    if code != "0":
        raise RuntimeError(f"{command[0]} failed with {code}")
    return Usage(float(seconds), int(peak) * _RSS_UNIT)


def cpu_of(command: list[str], output: Path) -> float:
    """The CPU seconds, user and system, of a program; as `usage_of`."""
    return usage_of(command, output).seconds


class Served(NamedTuple):
    """A running `serve`."""

    process: psutil.Process
    url: str

    def fetch(self, path: str = "/metrics", headers: Mapping[str, str] | None = None) -> bytes:
        """The body of an answer. Raises OSError where it is none or not well."""
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            body: bytes = answer.read()
        return body


@contextmanager
def served(config: Path, environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Runs `serve` with a configuration whose address is `${LISTEN}`, and gives it when it is ready."""
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [sys.executable, "-m", "exporter", "serve", "--config", str(config)],
        env={**os.environ, "LOG_LEVEL": "error", **(environ or {}), "LISTEN": address},
    ) as process:
        try:
            running = Served(psutil.Process(process.pid), f"http://{address}")
            _wait_until_ready(running, process)
            yield running
        finally:
            process.terminate()


def _wait_until_ready(running: Served, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    pause = _SOONEST
    while time.monotonic() < end and process.poll() is None:
        try:
            running.fetch("/-/ready")
            return
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(pause)
        pause = min(2 * pause, _LATEST)
    raise RuntimeError(f"serve is not ready after {START_SECONDS} s" if process.poll() is None else "serve has ended")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
