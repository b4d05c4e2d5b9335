"""The command line. Each command is a module of its name, imported when it is asked for: what it does is elsewhere.

Exit codes: 0 well, 1 the question's answer is no, 2 the call or the configuration is wrong. Answers go to stdout,
everything else to stderr, errors as one line each.
"""

import os
from importlib import import_module

import click

from exporter import __version__
from exporter.cli.messages import fail

COMMANDS = ("check", "demo", "lint", "once", "render", "serve")


class Commands(click.Group):
    """The commands. A short one would else wait for what the others need, which is several times its own part."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"exporter.cli.{cmd_name}").command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pipeline-exporter")
def main() -> None:
    """Follows the NDJSON logs of LLM data pipelines and serves Prometheus metrics, exactly, through kill -9.

    Start with `pipeline-exporter check --config FILE`, then `serve`. LOG_LEVEL (debug, info, warning, error) and
    LOG_FORMAT (json, console) shape the exporter's own log on stderr.
    """
    from exporter.telling import Told  # `--version` is answered before

    try:
        Told.by(os.environ)
    except ValueError as error:
        fail(error)
