"""`python -m tests.torture`: tortures an exporter for as long as you like, and tells what came of it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import click

from tests.torture.mode import MODES, NotPossibleError
from tests.torture.run import Result, Run

SHOWN_FAULTS = 10


@click.command()
@click.option("--seconds", default=120.0, show_default=True, help="How long in all, shared among the modes.")
@click.option("--kills", type=int, help="Stop each mode after so many kills, if that is sooner.")
@click.option("--seed", type=int, help="Go the way of another run.  [default: by chance, and told]")
@click.option("--mode", "modes", type=click.Choice(list(MODES)), multiple=True, help="Only this one; may be repeated.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="On a real disk.  [default: /var/tmp]")
def main(seconds: float, kills: int | None, seed: int | None, modes: tuple[str, ...], folder: Path | None) -> None:
    """Kill a real exporter again and again while logs are written, rotated and lost, and count every line twice.

    Exits 1 if a line was lost or repeated, a series fell, or anything else was wrong; the seed to see it again, and the
    first bad scrape, are told.
    """
    seed = SystemRandom().randrange(1000) if seed is None else seed
    names = modes or tuple(MODES)
    click.echo(f"seed {seed}", err=True)
    results = list(tortured(names, seconds / len(names), kills, seed, folder or Path("/var/tmp")))
    sys.exit(1 if any(result.faults for result in results) else 0)


def tortured(names: tuple[str, ...], seconds: float, kills: int | None, seed: int, folder: Path) -> Iterator[Result]:
    """One mode after the other, and what each came to."""
    for name in names:
        with tempfile.TemporaryDirectory(prefix="torture", dir=folder) as place:
            try:
                result = Run(Path(place), MODES[name](), seed=seed).run(seconds=seconds, kills=kills)
            except NotPossibleError as error:
                click.echo(f"{name}: NOT RUN: {error}", err=True)
                continue
        click.echo(str(result))
        for fault in result.faults[:SHOWN_FAULTS]:
            click.echo(f"  seed {seed}, {fault}")
        yield result


if __name__ == "__main__":
    main()
