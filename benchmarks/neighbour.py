"""A busy neighbour, since an exporter stands beside a pipeline at work, not on a machine that rests.

That is not the same: on a virtual machine with nothing else to do, memory that was not touched for a second may cost
microseconds for each page when it is, which is the host's doing and a hundred times what the page costs otherwise. A
program that wakes up twice a second pays it each time.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

PAGE_BYTES = 4096
PAGES = 2048
REST_SECONDS = 1.0

_WORK = """
import os
os.nice(19)
memory = bytearray(256 << 20)
while True:
    for at in range(0, len(memory), 4096):
        memory[at] = 1
"""


@contextmanager
def neighbour() -> Iterator[None]:
    """Something passes over a quarter of a gigabyte meanwhile, again and again, whenever a core is free."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", _WORK]) as process:
        try:
            yield
        finally:
            process.kill()


def page_micros(repeats: int) -> float:
    """CPU µs that it takes to touch a page of memory after a second's rest, the least of some repeats."""
    memory = bytearray(PAGES * PAGE_BYTES)
    return min(_touched(memory) for _ in range(repeats))


def _touched(memory: bytearray) -> float:
    time.sleep(REST_SECONDS)
    started = time.process_time()
    for at in range(0, len(memory), PAGE_BYTES):
        memory[at] = 1
    return 1e6 * (time.process_time() - started) / PAGES
