"""`check`: a configuration, and what its patterns match."""

import os

import click

from exporter.cli.messages import answer, fail
from exporter.cli.settings import CONFIG_HELP, both, config_option, loaded, web_config_option
from exporter.config import Config, ConfigError
from exporter.follow.scan import look


@click.command("check", epilog=CONFIG_HELP)
@config_option
@web_config_option
def command(config_path: str | None, web_config_path: str | None) -> None:
    """Check a configuration and show what its patterns match.

    Of a web configuration, the certificates that it names are checked as well.
    """
    if config_path is None and web_config_path is None:
        raise click.UsageError("nothing to check; give --config or --web.config.file")
    try:
        found, _ = both(
            lambda: loaded(config_path) if config_path else None,
            lambda: _web(web_config_path) if web_config_path else None,
        )
    except ConfigError as error:
        fail(error)
    if found:
        show_matches(found)
    for path in filter(None, (config_path, web_config_path)):
        answer(f"{path}: ok")


def _web(path: str) -> object:
    from exporter.web.config.loading import load  # OpenSSL is for who serves by a web configuration

    return load(path)


def show_matches(found: Config) -> None:
    """Prints what each pattern matches."""
    for name, pipeline in found.pipelines.items():
        for stream, where in pipeline.streams.items():
            seen = look(where.paths)
            answer(f"{name}.{stream}: {', '.join(where.paths)}")
            for path, status in seen.files.items():
                readable = os.access(path, os.R_OK)
                answer(
                    f"  {path} ({status.st_size:,} bytes)" if readable else f"  {path} cannot be followed: permission"
                )
            for path, why in seen.unfollowed.items():
                answer(f"  {path} cannot be followed: {why}")
            if not seen.files:
                answer("  nothing yet: waits for the first file")
