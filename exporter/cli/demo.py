"""`demo`: live logs of all five pipelines."""

import signal
import threading
from pathlib import Path

import click

from exporter import demo
from exporter.cli.messages import fail


@click.command("demo")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rate", default=50.0, show_default=True, help="Lines a second, over all pipelines.")
@click.option("--scenario", type=click.Choice(demo.SCENARIOS), default="healthy", show_default=True)
def command(directory: Path, rate: float, scenario: str) -> None:
    """Write live, rotating logs of all five pipelines.

    They are written below DIRECTORY, until SIGTERM or Ctrl-C. In the scenario `collapse` each persona run loses its
    "feel" from its ninth batch on, as seed 001 describes.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    try:
        demo.run(directory, stop=end.is_set, sleep=end.wait, rate=rate, scenario=scenario)
    except (ValueError, OSError) as error:
        fail(error)
