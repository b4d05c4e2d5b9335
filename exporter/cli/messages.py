"""What commands say: their answer on stdout, everything else on stderr, one line each."""

import sys
from contextlib import suppress
from typing import NoReturn

import click


def answer(text: str | bytes, *, nl: bool = True) -> None:
    """Tells the answer, or a part of it; ends the program where it cannot be written, as on a full disk."""
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:  # nobody wants to know more
        raise
    except OSError as error:
        with suppress(OSError):
            sys.stdout.close()  # what it holds would be tried once more at the end
        fail(f"the answer cannot be written: {error.strerror}")


def fail(text: str) -> NoReturn:
    """Says what is wrong, one line each, and exits 2."""
    for line in text.splitlines():
        say(line)
    sys.exit(2)


def say(line: str) -> None:
    """Tells something that is not the answer."""
    click.echo(f"pipeline-exporter: {line}", err=True)
