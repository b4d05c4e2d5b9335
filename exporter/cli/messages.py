"""What commands say that is not their answer: on stderr, one line each."""

import sys
from typing import NoReturn

import click


def fail(text: str) -> NoReturn:
    """Says what is wrong, one line each, and exits 2."""
    for line in text.splitlines():
        say(line)
    sys.exit(2)


def say(line: str) -> None:
    """Tells something that is not the answer."""
    click.echo(f"pipeline-exporter: {line}", err=True)
