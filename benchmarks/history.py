"""Do two processes read a history of several logs in less time than one, at what cost, and is the outcome the same?"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks import logs, subjects
from benchmarks.figure import Figure, Sizes, say
from exporter import demo
from exporter.pipeline import discover, main_stream

FASTER = 1.7
WHY = (
    "What two processes that share nothing gain on this machine is in the row of the bare decode; what is lost beside "
    "that is to start them, and to merge what they counted."
)
JOBS = (1, 2)
LOOK_SECONDS = 0.02
"""Between two looks at how much memory is taken."""
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_CRAWL = "metadata"
"""The crawler's stream that grows fastest; it has no main one."""


class Run(NamedTuple):
    """What a run of `once` took, its start included: seconds by the clock, CPU seconds of its own and of its workers,
    and MiB of the largest of its processes."""

    wall: float
    own: float
    workers: float
    peak: float

    @property
    def cpu(self) -> float:
        """All CPU seconds."""
        return self.own + self.workers

    def at_least(self, jobs: int) -> float:
        """The seconds that it takes where nothing else runs, and workers have as much to do as each other."""
        return self.own + self.workers / jobs


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """Two logs of persona attempts, and two logs of each pipeline's main stream, by one process and by two in turns.

    What the machine gives to two processes that share nothing is told beside it: the bare decode of both logs of
    attempts, one after the other, and both at once.
    """
    say(f"history: writing twice {sizes.history_lines:,} lines, and ten logs of {sizes.history_demo_lines:,}")
    attempts = list(_attempts(directory, sizes.history_lines))
    mixed = list(chain.from_iterable(_demo_logs(directory, name, sizes.history_demo_lines) for name in discover()))
    return [
        *_figures("two logs of persona attempts", attempts, directory, sizes, at_least=FASTER),
        _of_the_machine([Path(log.partition("=")[2]) for log in attempts], sizes),
        *_figures("two logs of each pipeline", mixed, directory, sizes),
    ]


def _attempts(directory: Path, lines: int) -> Iterator[str]:
    for at in range(2):
        log = directory / f"generation-{at}.log"
        yield f"persona={logs.write(log, logs.persona_lines(lines, first_run=1000 * at))}"


def _demo_logs(directory: Path, pipeline: str, lines: int) -> Iterator[str]:
    """Two logs of a pipeline; the demo's lines over and over, as making one takes longer than reading it."""
    stream = main_stream(discover()[pipeline]) or _CRAWL
    for at in range(2):
        made = demo.lines(
            pipeline, stream, logs.TEMPLATES // 4, start=logs.START, seed=at, interval=timedelta(seconds=1)
        )
        log = directory / f"{pipeline}-{at}.log"
        written = (f"{line}\n" for line in islice(cycle(made), lines))
        yield f"{pipeline}.{stream}={logs.write(log, written)}"


def _figures(
    what: str, given: list[str], directory: Path, sizes: Sizes, *, at_least: float | None = None
) -> list[Figure]:
    taken: dict[int, list[Run]] = {jobs: [] for jobs in JOBS}
    printed = set()
    for repeat in range(sizes.repeats):
        for jobs in JOBS:
            say(f"history: {what}, {jobs} at a time, {repeat + 1} of {sizes.repeats}")
            output = directory / "once"
            taken[jobs].append(_once(jobs, given, output))
            printed.add(output.read_bytes())
    one, two = (min(taken[jobs], key=lambda run: run.wall) for jobs in JOBS)
    size = sum(Path(log.partition("=")[2]).stat().st_size for log in given) / 1e6
    same = "the same bytes printed" if len(printed) == 1 else "**THEY PRINT DIFFERENTLY**"
    middle = median(run.wall for run in taken[1]) / median(run.wall for run in taken[2])
    return [
        Figure(
            f"{what}: wall time of `once` with one process ÷ with two",
            one.wall / two.wall,
            "times",
            at_least=at_least,
            note=f"{size:,.0f} MB, best of {sizes.repeats}, of medians {middle:.2f}; {same}",
            why=WHY,
        ),
        Figure(
            "the same by CPU time, its own and half of its workers'",
            min(run.at_least(1) for run in taken[1]) / min(run.at_least(2) for run in taken[2]),
            "times",
            at_least=at_least,
            note="what a machine with nothing else to do would show",
            why=WHY,
        ),
        Figure("wall time with two", two.wall, "s", note=f"{one.wall:.2f} s with one; {size / two.wall:.0f} MB/s"),
        Figure("CPU time with two", two.cpu, "s", note=f"{one.cpu:.2f} s with one"),
        Figure("largest process with two", two.peak, "MiB", note=f"{one.peak:.0f} MiB with one"),
    ]


def _of_the_machine(attempts: list[Path], sizes: Sizes) -> Figure:
    """How much sooner two processes are done that know nothing of each other."""
    taken: dict[int, list[float]] = {jobs: [] for jobs in JOBS}
    for repeat in range(sizes.repeats):
        for jobs in JOBS:
            say(f"history: bare decode, {jobs} at a time, {repeat + 1} of {sizes.repeats}")
            started = time.perf_counter()
            with ThreadPoolExecutor(jobs) as pool:
                list(pool.map(subjects.SUBJECTS[0].bare, attempts))
            taken[jobs].append(time.perf_counter() - started)
    one, two = (min(taken[jobs]) for jobs in JOBS)
    return Figure("bare decode of one log after the other ÷ of both at once", one / two, "times", note=f"{two:.2f} s")


def _once(jobs: int, given: list[str], output: Path) -> Run:
    """Runs it to its end. Raises RuntimeError where it fails."""
    command = [sys.executable, "-m", "exporter", "once", "--jobs", str(jobs), *given]
    with output.open("wb") as file:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
        peak = 0.0
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            peak = max(peak, _peak(process.pid))
            time.sleep(LOOK_SECONDS)
        wall = time.perf_counter() - started
        spent = psutil.Process(process.pid).cpu_times()  # before it is gone
    if process.wait():
        raise RuntimeError(f"once failed with {process.returncode}")
    return Run(wall, spent.user + spent.system, spent.children_user + spent.children_system, peak)


def _peak(pid: int) -> float:
    """The most MiB that a process or one of its children has had. What the system tells of one that has ended may be
    of the process that started it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        told = "".join(Path(f"/proc/{each}/status").read_text() for each in (str(pid), *children))
    except OSError:
        return 0.0  # one has just ended
    return max(map(int, _PEAK.findall(told)), default=0) / 1024
