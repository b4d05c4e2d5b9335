"""`lint`: the lines that would be rejected."""

import sys

import click

from exporter.cli.messages import answer
from exporter.cli.reading import conclude, read, scan
from exporter.cli.settings import LOG_HELP, config_option, configuration, logs_argument
from exporter.engine import Engine
from exporter.intake import Refused
from exporter.pipeline import discover
from exporter.telling import escaped


@click.command("lint", epilog=LOG_HELP)
@config_option
@logs_argument
def command(config_path: str | None, logs: tuple[str, ...]) -> None:
    """List every line that would be rejected, and why.

    Of each its place, the reason, and its beginning, escaped. Exits 1 if there is any, or a log could not be
    read to its end.
    """
    refused = 0

    def report(line: Refused) -> None:
        nonlocal refused
        refused += 1
        answer(f"{line.log}:{line.number}: {line.reason}: {escaped(line.text)}")

    engine = Engine(configuration(config_path, logs), discover(), on_refused=report)
    scan(engine)
    read(engine)
    conclude(engine)
    lines = sum(cell[0] for cell in engine.itself.lines.cells.values())
    click.echo(f"{refused:,} of {lines:,} lines rejected", err=True)
    sys.exit(1 if refused else 0)
