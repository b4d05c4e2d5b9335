"""Many files: a thousand that nobody writes to, and a hundred that are written to steadily, beside mtail."""

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from benchmarks import logs
from benchmarks.child import START_SECONDS, free_port, served
from benchmarks.figure import Figure, Sizes, say
from benchmarks.neighbour import neighbour
from benchmarks.serving import config_for_persona
from benchmarks.watching import shares, steadily

PROGRAM = Path(__file__).parent / "programs" / "persona.mtail"
LINES = 5
"""In each file at first, and for each busy one in each second."""
POLL_SECONDS = 0.5
"""The exporter's default; mtail looks as often here."""
WITHOUT_MTAIL = "mtail is not installed"
_TICK = 0.1


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """`serve` with many logs of persona attempts, looking at them twice a second, and mtail, which is told to look as
    often: the CPU of both over the same seconds, when nothing is written, and when some lines a second are appended to
    each file. A neighbour is at work: see [Idle](#idle)."""
    idle = _watched(directory / "idle", sizes.idle_files, sizes, busy=False)
    busy = _watched(directory / "busy", sizes.busy_files, sizes, busy=True)
    return [
        *_figures(f"{sizes.idle_files:,} idle files", idle, sizes),
        *_figures(f"{sizes.busy_files:,} busy files", busy, sizes, f"{LINES} lines/s each; "),
    ]


def _figures(what: str, found: list[float], sizes: Sizes, how: str = "") -> list[Figure]:
    over = f"{how}of a core over {sizes.watch_seconds:g} s, the least of {sizes.turns_watched}"
    ours, *theirs = found
    return [
        Figure(f"CPU with {what}", ours, "%", note=over),
        Figure(f"mtail's CPU with {what}", theirs[0] if theirs else None, "%", note="" if theirs else WITHOUT_MTAIL),
        Figure(f"mtail ÷ exporter, {what}", theirs[0] / ours if theirs and ours else None, "times"),
    ]


def _watched(directory: Path, files: int, sizes: Sizes, *, busy: bool) -> list[float]:
    """Percent of a core that the exporter takes, and mtail where it is installed."""
    directory.mkdir()
    lines = cycle(list(logs.persona_lines(logs.TEMPLATES // 10)))
    paths = [directory / f"generation{number:04}.log" for number in range(files)]
    for path in paths:
        path.touch()
    with ExitStack() as stack:
        mtail = stack.enter_context(_mtail(directory)) if shutil.which("mtail") else None
        exporter = stack.enter_context(served(*config_for_persona(directory)))
        for path in paths:
            logs.write(path, islice(lines, LINES))
        if mtail:
            mtail.wait(files * LINES)
        step = _writing(stack, paths, lines) if busy else (lambda _: None)
        say(f"{files:,} files: watching for {sizes.turns_watched} times {sizes.watch_seconds:g} s")
        steadily(sizes.settle_seconds, 4 * LINES, step)
        stack.enter_context(neighbour())
        return shares(
            [exporter.process.pid, *([mtail.process.pid] if mtail else [])],
            sizes.watch_seconds,
            turns=sizes.turns_watched,
            meanwhile=lambda seconds: steadily(seconds, 4 * LINES, step),
        )


def _writing(stack: ExitStack, paths: list[Path], lines: Iterator[str]) -> Callable[[int], None]:
    """What appends a line to every fourth file at a time."""
    files = [stack.enter_context(path.open("a", encoding="utf-8")) for path in paths]

    def write(number: int) -> None:
        for file in files[number % 4 :: 4]:
            file.write(next(lines))
            file.flush()

    return write


class _Mtail(NamedTuple):
    """A running mtail."""

    process: subprocess.Popen[bytes]
    url: str

    def wait(self, lines: int) -> None:
        """Until it answers, and has read so many lines. Raises RuntimeError where it does not."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if self._lines() >= lines:
                return
            time.sleep(_TICK)
        raise RuntimeError(f"mtail has not read {lines} lines" if self.process.poll() is None else "mtail has ended")

    def _lines(self) -> float:
        try:
            with urllib.request.urlopen(self.url, timeout=START_SECONDS) as answer:
                page = answer.read().decode()
        except OSError:
            return -1
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("mtail_lines_total "))


@contextmanager
def _mtail(directory: Path) -> Iterator[_Mtail]:
    """Runs mtail on the logs; it counts what is written from then on."""
    port = free_port()
    options = {
        "progs": PROGRAM,
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
            found = _Mtail(process, f"http://127.0.0.1:{port}/metrics")
            found.wait(0)
            yield found
        finally:
            process.terminate()
