"""What commands say that is not their answer: on stderr, one line each."""

import sys
from typing import NoReturn

import click


def fail(wrong: str | Exception) -> NoReturn:
    """Says what is wrong, one line each, and exits 2."""
    text = _of_system(wrong) if isinstance(wrong, OSError) else str(wrong)
    for line in text.splitlines():
        say(line)
    sys.exit(2)


def say(line: str) -> None:
    """Tells something that is not the answer."""
    click.echo(f"pipeline-exporter: {line}", err=True)


def _of_system(error: OSError) -> str:
    """What befell which file, without the number that the system has for it; or what we say of it ourselves."""
    return ": ".join(str(part) for part in (error.filename, error.strerror) if part) or str(error)
