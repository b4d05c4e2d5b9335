"""Runs a command in this process."""

from dataclasses import dataclass

import structlog
from click.testing import CliRunner

from exporter.cli import main


@dataclass
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*args: object, **environ: str) -> Outcome:
    """Runs `pipeline-exporter ARGS`."""
    try:
        done = CliRunner(env=environ).invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    finally:
        structlog.reset_defaults()
    return Outcome(done.exit_code, done.stdout, done.stderr)
