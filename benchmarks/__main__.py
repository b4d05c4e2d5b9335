"""Runs the benchmarks that are named, or all, and prints their figures as one Markdown table."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import cut, history, holdup, persona, scrape, serving
from benchmarks.figure import QUICK, Figure, Sizes, machine, say, table

Benchmark = Callable[[Path, Sizes], list[Figure]]

BENCHMARKS: dict[str, Benchmark] = {
    "persona": persona.run,
    "following": serving.following,
    "idle": serving.idle,
    "cut": cut.run,
    "scrape": scrape.run,
    "hold-up": holdup.run,
    "history": history.run,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", metavar="[NAME...]", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--quick", is_flag=True, help="Small sizes: does it run, not how fast is it.")
def main(names: tuple[str, ...], quick: bool) -> None:
    """Measure; NAME is one of persona, following, idle, cut, scrape, hold-up, history. Exits 0 whatever comes of it."""
    sizes = QUICK if quick else Sizes()
    before = machine()
    rows = [(name, figure) for name in names or BENCHMARKS for figure in measured(BENCHMARKS[name], sizes)]
    click.echo(f"Measured on {datetime.now(UTC):%Y-%m-%d} on {before} (afterwards: {machine().rpartition(', ')[2]}).")
    click.echo(f"{'Small sizes, so no evidence of speed. ' if quick else ''}Times per line are CPU time.\n")
    click.echo(table(rows), nl=False)


def measured(benchmark: Benchmark, sizes: Sizes) -> list[Figure]:
    """What a benchmark finds; one that fails is a row that says so."""
    with TemporaryDirectory(prefix="pipeline-exporter-bench-") as directory:
        try:
            return benchmark(Path(directory), sizes)
        except (OSError, RuntimeError) as error:
            say(f"failed: {error}")
            return [Figure("**failed**", None, note=str(error))]


if __name__ == "__main__":
    sys.exit(main())
