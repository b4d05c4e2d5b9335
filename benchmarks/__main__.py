"""Runs the benchmarks that are named, or all, and prints what they find; a whole run writes docs/performance.md."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from benchmarks import catchup, cut, files, following, history, holdup, idle, lines, memory, scrape
from benchmarks.figure import QUICK, Figure, Found, Sizes, say
from benchmarks.report import Machine, Section, page

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
INTERRUPTED = 130


class Benchmark(NamedTuple):
    """A section of the page: its title, and what fills it; the function's docstring says what it measures."""

    title: str
    run: Callable[[Path, Sizes], Found]


BENCHMARKS = {
    "lines": Benchmark("Lines", lines.run),
    "memory": Benchmark("Memory", memory.run),
    "following": Benchmark("Following", following.run),
    "idle": Benchmark("Idle", idle.run),
    "files": Benchmark("Many files", files.run),
    "catch-up": Benchmark("Catch-up", catchup.run),
    "cut": Benchmark("Snapshot and text", cut.run),
    "scrape": Benchmark("Scrape", scrape.run),
    "hold-up": Benchmark("Hold-up", holdup.run),
    "history": Benchmark("History", history.run),
}
"""By the name that a call says, in the order of the page."""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=f"Measure, and print figures beside their targets. NAME is one of {', '.join(BENCHMARKS)}; without any, all "
    f"are run and docs/performance.md is written. Exits 0 whatever comes of it.",
)
@click.argument("names", metavar="[NAME...]", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--quick", is_flag=True, help="Small sizes: does it run, not how fast is it. Writes nothing.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here, whatever is run.")
def main(names: tuple[str, ...], quick: bool, out: Path | None) -> None:
    """The command."""
    sizes = QUICK if quick else Sizes()
    before = Machine.here()
    try:
        sections = [measured(BENCHMARKS[name], sizes) for name in names or BENCHMARKS]
    except KeyboardInterrupt:
        say("interrupted, nothing is written")
        sys.exit(INTERRUPTED)
    text = page(sections, before, quick=quick)
    click.echo(text, nl=False)
    target = out if names or quick else out or PAGE
    if target is not None:
        target.write_text(text, encoding="utf-8")
        say(f"{target.name} is written")


def measured(benchmark: Benchmark, sizes: Sizes) -> Section:
    """What a benchmark finds; of one that fails the section says so."""
    found: Found
    with TemporaryDirectory(prefix="pipeline-exporter-bench-") as directory:
        try:
            found = benchmark.run(Path(directory), sizes)
        except (OSError, RuntimeError) as error:
            say(f"failed: {error}")
            found = [Figure("**failed**", None, note=str(error))]
    return Section(benchmark.title, inspect.getdoc(benchmark.run) or "", found)


if __name__ == "__main__":
    main()
