"""Where commands have their settings from: options and arguments of the command line, and the configuration that comes
of them, with all mistakes at once.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from exporter import config
from exporter.cli.messages import fail
from exporter.config import Config, ConfigError, Mistake
from exporter.follow.scan import look
from exporter.pipeline import discover

First = TypeVar("First")
Second = TypeVar("Second")

LOG_HELP = """LOG is PIPELINE[.STREAM]=PATH, such as persona=generation.log or crawl.metadata='logs/*.jsonl'. A pipeline
with one main stream (persona, distillation, tagger, clustering) needs no stream name."""

CONFIG_HELP = """\b
The least that FILE says:
  pipelines:
    persona:
      attempts: /logs/persona/generation*.log"""


class FilePath(click.Path):
    """The path of a file, which is not empty: an unset variable would leave out what the file says, unseen."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not value:
            self.fail("the path is empty; name a file, or leave the option out", param, ctx)
        return super().convert(value, param, ctx)


FILE = FilePath()

config_option = click.option("--config", "config_path", type=FILE, help="Settings from this YAML file.")
web_config_option = click.option("--web.config.file", "web_config_path", type=FILE, help="TLS and users: see the docs.")
logs_argument = click.argument("logs", metavar="LOG...", nargs=-1)


def configuration(config_path: str | None, logs: tuple[str, ...]) -> Config:
    """The configuration that a command works with; ends the program where it is wrong."""
    kinds = discover()
    try:
        found = _read(config_path) if config_path else None
        return checked(config.with_logs(found, logs, pipelines=kinds))
    except ConfigError as error:
        fail(error)


def loaded(config_path: str) -> Config:
    """What a file says, after a look at the files that it matches. Raises ConfigError."""
    return checked(_read(config_path))


def _read(config_path: str) -> Config:
    from exporter.config.reading import load  # YAML is not needed where logs are named by arguments

    return load(config_path, pipelines=discover(), environ=os.environ)


def checked(found: Config) -> Config:
    """The configuration, after a look at the files that it matches. Raises ConfigError."""
    mistakes = config.overlaps(found, pipelines=discover(), match=lambda pattern: map(_absolute, look([pattern]).files))
    if mistakes:
        raise ConfigError(mistakes)
    return found


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What both make. Raises ConfigError with the mistakes of both."""
    mistakes: list[Mistake] = []
    made: list[Any] = []
    for make in (first, second):
        try:
            made.append(make())
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(mistakes)
    return made[0], made[1]
