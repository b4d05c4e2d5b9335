"""`serve`: the running exporter."""

import os
import signal
import sys
from functools import partial

import click

from exporter.cli.messages import fail
from exporter.cli.settings import CONFIG_HELP, FILE, both, loaded, web_config_option
from exporter.config import ConfigError


@click.command("serve", epilog=CONFIG_HELP)
@click.option("--config", "config_path", type=FILE, required=True, help="The YAML file.")
@web_config_option
def command(config_path: str, web_config_path: str | None) -> None:
    """Follow the configured logs and serve their metrics.

    Ends on SIGTERM or Ctrl-C. Counts and offsets are kept in the state directory, so that a restart or a kill loses
    and repeats nothing. SIGHUP or POST /-/reload reads the configuration again.
    """
    from exporter import ownlog  # `--help` tells of this command, and needs no server
    from exporter.server import Server
    from exporter.snapshot import StateError
    from exporter.web.config.inforce import InForce

    ownlog.set_up(os.environ)
    load = partial(loaded, config_path)
    try:
        found, web = both(load, lambda: InForce(web_config_path))
        for number in (signal.SIGTERM, signal.SIGINT):  # until the server takes them over
            signal.signal(number, lambda *_: sys.exit(0))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        server = Server(found, load, web)
    except (ConfigError, StateError, OSError) as error:
        fail(error)
    sys.exit(server.run())
