"""Progress on a terminal while much is read."""

import sys
from collections.abc import Iterator

from exporter.engine import Engine

WORTH_SHOWING_BYTES = 20_000_000
STEPS = 32
"""So many steps pass between two looks at how far reading has come."""


def progress(engine: Engine) -> Iterator[None]:
    """Reads everything that `engine` found, showing how far it has come where somebody can see it."""
    total = engine.backlog()
    if total < WORTH_SHOWING_BYTES or not sys.stderr.isatty():
        yield from engine.read_all()
        return
    from rich.console import Console  # a quarter of the start of a short run
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        for step, _ in enumerate(engine.read_all()):
            if step % STEPS == 0:
                bar.update(task, completed=total - engine.backlog())
            yield
