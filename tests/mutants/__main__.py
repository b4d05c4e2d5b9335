"""`python -m tests.mutants`: breaks every rule in turn, and tells whether the tests see it."""

import sys
import tempfile
from pathlib import Path
from time import monotonic

import click

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

SECONDS = 300.0
"""How long the tests of one may take."""


@click.command()
@click.option("--invariant", type=int, help="Only those that break this one.")
@click.option("--word", default="", help="Only those of which the description has this in it.")
def main(invariant: int | None, word: str) -> None:
    """Break each rule of counting exactly on purpose, in a copy, and see that a test fails.

    Exits 1 if one that is broken goes unseen.
    """
    chosen = [mutant for mutant in MUTANTS if invariant in (None, mutant.invariant) and word in str(mutant)]
    unseen = [mutant for mutant in chosen if not tried(mutant)]
    click.echo(f"{len(chosen) - len(unseen)} of {len(chosen)} broken rules are seen by their tests")
    sys.exit(1 if unseen else 0)


def tried(mutant: Mutant) -> bool:
    """Runs the tests against one, and tells what came of it."""
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant", dir="/var/tmp") as folder:
        seen, said = mutant.is_seen(Path(folder), seconds=SECONDS)
    click.echo(f"{'seen' if seen else 'NOT SEEN'} ({monotonic() - started:.0f} s) {mutant}\n    {said[:300]}")
    return seen


if __name__ == "__main__":
    main()
