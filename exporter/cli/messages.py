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
