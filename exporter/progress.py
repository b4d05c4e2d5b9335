"""Progress on a terminal while much is read."""

import sys
from collections.abc import Generator
from contextlib import closing
from time import monotonic
from typing import Protocol

WORTH_SHOWING_BYTES = 20_000_000
REFRESH_SECONDS = 0.1
"""So much time passes between two looks at how far reading has come."""


class Reading(Protocol):
    """What takes long."""

    def backlog(self) -> int:
        """Bytes that are left."""

    def read_all(self) -> Generator[None, None, None]:
        """Reads everything, step by step."""


def progress(reading: Reading) -> Generator[None, None, None]:
    """Reads everything, showing how far it has come where somebody can see it."""
    total = reading.backlog()
    if total < WORTH_SHOWING_BYTES or not sys.stderr.isatty():
        yield from reading.read_all()
        return
    from rich.console import Console  # a quarter of the start of a short run
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    with shown as bar, closing(reading.read_all()) as steps:
        task = bar.add_task("reading", total=total)
        due = monotonic()
        for _ in steps:
            if monotonic() >= due:
                bar.update(task, completed=total - reading.backlog())
                due = monotonic() + REFRESH_SECONDS
            yield
