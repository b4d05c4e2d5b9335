"""What running processes take of a core over the same seconds, and how something is done steadily meanwhile."""

import sys
import time
from collections.abc import Callable, Sequence

import psutil


def cpu_seconds(pid: int) -> float:
    """The CPU seconds that a process took so far, user and system.

    On Linux every process has a clock of its own for that, which `clock_getcpuclockid` makes of its number and which
    counts nanoseconds; elsewhere there are steps of 10 ms.
    """
    if sys.platform == "linux":
        return time.clock_gettime(~pid << 3 | 2)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def shares(
    pids: Sequence[int], seconds: float, *, turns: int = 1, meanwhile: Callable[[float], object] = time.sleep
) -> list[float]:
    """Percent of one core that each of some processes takes while `meanwhile` spends so many seconds, over the same
    seconds; of several turns the least, since what else runs on a machine only adds."""
    found = [_shares(pids, seconds, meanwhile) for _ in range(turns)]
    return [min(of_one) for of_one in zip(*found, strict=True)]


def _shares(pids: Sequence[int], seconds: float, meanwhile: Callable[[float], object]) -> list[float]:
    before, started = [cpu_seconds(pid) for pid in pids], time.monotonic()
    meanwhile(seconds)
    after, took = [cpu_seconds(pid) for pid in pids], time.monotonic() - started
    return [100 * (end - start) / took for start, end in zip(before, after, strict=True)]


def steadily(seconds: float, per_second: float, step: Callable[[int], object]) -> None:
    """Does something so many times a second, in a steady rhythm; `step` is told how often it was done."""
    started = time.monotonic()
    for number in range(round(seconds * per_second)):
        time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        step(number)
    time.sleep(max(0.0, started + seconds - time.monotonic()))
