"""mtail that follows logs of persona attempts, to be watched beside the exporter."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.child import START_SECONDS, Served, free_port

INSTALLED = shutil.which("mtail") is not None
MISSING = "mtail is not installed"
PERSONA = Path(__file__).parent / "programs" / "persona.mtail"
POLL_SECONDS = 0.5
"""The exporter's default; mtail looks as often here."""
_TICK = 0.1


class Mtail(Served):
    """A running mtail."""

    def wait(self, lines: int) -> None:
        """Until it answers, and has read so many lines. Raises RuntimeError where it does not."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.status() != psutil.STATUS_ZOMBIE:
            if self._lines() >= lines:
                return
            time.sleep(_TICK)
        raise RuntimeError(f"mtail has ended, or not read {lines} lines")

    def _lines(self) -> float:
        try:
            page = self.fetch().decode()
        except OSError:
            return -1
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("mtail_lines_total "))


@contextmanager
def following(directory: Path) -> Iterator[Mtail]:
    """Runs mtail on the logs of persona attempts in a directory; it counts what is written from then on."""
    port = free_port()
    options = {
        "progs": PERSONA,
        "logs": directory / "*.log",
        "log_dir": directory.parent,
        "address": "127.0.0.1",
        "port": port,
        "poll_interval": f"{POLL_SECONDS}s",
        "poll_log_interval": f"{POLL_SECONDS}s",
    }
    with subprocess.Popen(
        ["mtail", *(f"--{name}={value}" for name, value in options.items())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            found = Mtail(psutil.Process(process.pid), f"http://127.0.0.1:{port}")
            found.wait(0)
            yield found
        finally:
            process.terminate()
