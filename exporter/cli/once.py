"""`once`: logs folded to their end, by as many processes as pay."""

import signal
import sys
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

import click

from exporter.cli.messages import answer, say
from exporter.cli.reading import conclude, read, scan
from exporter.cli.settings import LOG_HELP, config_option, configuration, logs_argument
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.history import History, cores
from exporter.metric import copied
from exporter.pipeline import discover

if TYPE_CHECKING:
    from exporter.processes import Processes


@click.command("once", epilog=LOG_HELP)
@config_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=cores,
    show_default="one for each core",
    help="At most so many processes read, each a log at a time; 1 is this one alone. The outcome is the same.",
)
@logs_argument
def command(config_path: str | None, jobs: int, logs: tuple[str, ...]) -> None:
    """Fold logs to their end and print the exposition.

    Counts a last line without newline, expires no run, shows every value at once, and exits 0 however many lines are
    rejected: see pipeline_exporter_rejected_lines_total, or ask `lint`. Exits 1, and prints nothing, where a log could
    not be read to its end.
    """
    engine = Engine(configuration(config_path, logs), discover())
    scan(engine)
    try:
        read(History(engine, jobs=jobs, pool=workers, say=say))
    except BrokenExecutor:
        say("a worker process was ended, perhaps for lack of memory; `--jobs 1` reads without workers")
        sys.exit(1)
    conclude(engine)
    engine.settle()
    answer(CLASSIC.text(copied(engine.metrics())), nl=False)


def workers(jobs: int, parts: int) -> "Processes":
    """Worker processes to read a history."""
    from exporter.processes import Processes  # a tenth of the start of a short run

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that it ends its workers
    return Processes(jobs, parts)
