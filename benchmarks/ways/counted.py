"""What counting a log took."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


class Counted(NamedTuple):
    """CPU seconds of counting alone, how many lines that were, how many of them were refused, and the process's
    memory at its highest.
    """

    seconds: float
    lines: int
    refused: int = 0
    peak_bytes: int = 0

    @property
    def micros(self) -> float:
        """CPU microseconds per line."""
        return 1e6 * self.seconds / self.lines

    def tell(self) -> None:
        """Prints it, with this process's memory."""
        sys.stdout.write(json.dumps(self._replace(peak_bytes=peak_bytes())))


def told_by(way: str, *arguments: object) -> Counted:
    """What a module of this package tells, run in a fresh process. Raises RuntimeError where it fails.

    A session of its own keeps an interrupt from it; it is killed with its caller's call instead.
    """
    command = [sys.executable, "-m", f"{__package__}.{way}", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, start_new_session=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{way} failed with {done.returncode}")
    return Counted(*json.loads(done.stdout))


def peak_bytes() -> int:
    """This program's memory at its highest; unlike `ru_maxrss`, without that of the program that started it."""
    found = _PEAK.search(Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0
