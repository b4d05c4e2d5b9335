"""Simulates runs, sees which alerts they raise, and writes docs/detection.md with its plot."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import track

from benchmarks.detection import figures
from benchmarks.detection.alerts import INTERVAL, tool
from benchmarks.detection.outcome import QUIET, Outcome, outcome
from benchmarks.detection.page import page
from benchmarks.detection.plan import Size

INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--runs", type=click.IntRange(min=2), default=200, show_default=True, help="Every other one collapses.")
@click.option("--batches", type=click.IntRange(min=5), default=Size().batches, show_default=True, help="Of a run.")
@click.option("--personas", type=click.IntRange(min=4), default=Size().personas, show_default=True, help="Of a batch.")
@click.option("--seed", type=int, default=1, show_default=True, help="Decides everything.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("docs"), show_default=True)
@click.option("--plot/--no-plot", default=True, help="Draw detection.svg beside the page; needs matplotlib.")
def main(runs: int, batches: int, personas: int, seed: int, out: Path, plot: bool) -> None:
    """Write detection.md: how well, and how soon, the alerts see a collapse.

    Exits 0 if what has to be reached is reached, 1 if it is not, 2 if something needed is missing.
    """
    if personas % Size().steps:
        raise click.BadParameter(f"{personas} is no multiple of {Size().steps}", param_hint="--personas")
    try:
        tool()
        if plot and find_spec("matplotlib") is None:
            raise RuntimeError("matplotlib is missing: `make detection` installs it, --no-plot does without")
        found = list(outcomes(runs, seed, Size(batches, personas)))
    except RuntimeError as error:
        click.echo(f"detection: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("detection: interrupted, nothing is written", err=True)
        sys.exit(INTERRUPTED)
    write(found, seed, out, plot=plot)
    targets = figures.targets(found)
    click.echo(f"missed: {targets.missed}, batches late: {targets.late}, false pages: {targets.false}")
    click.echo(f"{out / 'detection.md'} is written", err=True)
    sys.exit(0 if targets.met else 1)


def outcomes(runs: int, seed: int, size: Size) -> Iterator[Outcome]:
    """What comes of each run, in order; as many are worked on at a time as there are cores."""
    console = Console(stderr=True)
    with TemporaryDirectory(prefix="pipeline-exporter-detection-") as folder:
        one = partial(outcome, seed=seed, size=size, folder=Path(folder))
        pool = ProcessPoolExecutor(
            mp_context=get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL)
        )  # an interrupt ends the children at once
        try:
            yield from track(
                pool.map(one, range(runs)),
                "simulating runs",
                total=runs,
                console=console,
                transient=True,
                disable=not console.is_terminal,
            )
        finally:
            pool.shutdown(cancel_futures=True)


def write(found: list[Outcome], seed: int, out: Path, *, plot: bool) -> None:
    """Writes the page, and the plot beside it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "detection.md").write_text(page(found, seed=seed, quiet=QUIET * INTERVAL // 60), encoding="utf-8")
    if plot:
        from benchmarks.detection.plot import draw  # matplotlib, which `make detection` installs

        draw(found, out / "detection.svg")


if __name__ == "__main__":
    main()
