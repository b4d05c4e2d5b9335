"""The command line. Each command is a few lines: what it does is elsewhere.

Exit codes: 0 well, 1 the question's answer is no, 2 the call or the configuration is wrong. Answers go to stdout,
everything else to stderr, errors as one line each.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from exporter import __version__, config, demo, ownlog
from exporter import render as rendering
from exporter.config import Config, ConfigError, Mistake
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.follow.scan import look
from exporter.history import History, cores
from exporter.intake import Intake, Refused
from exporter.metric import copied
from exporter.pipeline import discover
from exporter.progress import Reading, progress
from exporter.render import Links, Receivers, Rendering, limits, receivers
from exporter.snapshot import StateError

if TYPE_CHECKING:
    from exporter.processes import Processes

First = TypeVar("First")
Second = TypeVar("Second")

LOG_HELP = """LOG is PIPELINE[.STREAM]=PATH, such as persona=generation.log or crawl.metadata='logs/*.jsonl'. A pipeline
with one main stream (persona, distillation, tagger, clustering) needs no stream name."""

CONFIG_HELP = """\b
The least that FILE says:
  pipelines:
    persona:
      attempts: /logs/persona/generation*.log"""

RENDER_HELP = """\b
--limits names what is otherwise than in the tables of exporter/; `none` takes an alert away, quotes are needed:
  persona:
    repair_ratio: {warning: ">= 0.12", critical: "> 0.25"}
    repair_trend: {critical: none}
    stalled: {for: 30m, keep_firing_for: 1h}

\b
--receivers names who is told, by severity, of all pipelines or of one; each secret is in a file of its own below
DIR/alertmanager, where alertmanager.yml is written:
  critical:
    pagerduty: {routing_key_file: secrets/pagerduty}
  warning:
    slack: {api_url_file: secrets/slack, channel: "#llm-pipelines"}
    email: {to: team@example.org, from: alerts@example.org, smarthost: "smtp.example.org:587",
            auth_username: alerts, auth_password_file: secrets/smtp}
  persona:
    critical:
      webhook: {url: "http://localhost:8080/alerts", credentials_file: secrets/webhook}"""

LINKS = Links()

config_option = click.option(
    "--config", "config_path", type=click.Path(dir_okay=False), help="Settings from this YAML file."
)
web_config_option = click.option(
    "--web.config.file", "web_config_path", type=click.Path(dir_okay=False), help="TLS and users: see the docs."
)
logs_argument = click.argument("logs", metavar="LOG...", nargs=-1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pipeline-exporter")
def main() -> None:
    """Follows the NDJSON logs of LLM data pipelines and serves Prometheus metrics, exactly, through kill -9.

    Start with `pipeline-exporter check --config FILE`, then `serve`. LOG_LEVEL (debug, info, warning, error) and
    LOG_FORMAT (json, console) shape the exporter's own log on stderr.
    """
    try:
        ownlog.set_up(os.environ)
    except ValueError as error:
        fail(str(error))


@main.command(epilog=CONFIG_HELP)
@click.option("--config", "config_path", type=click.Path(dir_okay=False), required=True, help="The YAML file.")
@web_config_option
def serve(config_path: str, web_config_path: str | None) -> None:
    """Follow the configured logs and serve /metrics, until SIGTERM or Ctrl-C.

    Counts and offsets are kept in the state directory, so that a restart or a kill loses and repeats nothing. SIGHUP
    or POST /-/reload reads the configuration again.
    """
    from exporter.server import Server  # the other commands start faster without a web server
    from exporter.web.config import InForce

    load = partial(loaded, config_path)
    try:
        found, web = both(load, lambda: InForce(web_config_path))
        for number in (signal.SIGTERM, signal.SIGINT):  # until the server takes them over
            signal.signal(number, lambda *_: sys.exit(0))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        server = Server(found, load, web)
    except (ConfigError, StateError, OSError) as error:
        fail(str(error))
    sys.exit(server.run())


@main.command(epilog=LOG_HELP)
@config_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=cores,
    show_default="one for each core",
    help="At most so many processes read, each a log at a time; 1 is this one alone. The outcome is the same.",
)
@logs_argument
def once(config_path: str | None, jobs: int, logs: tuple[str, ...]) -> None:
    """Fold logs to their end and print the exposition.

    Counts a last line without newline, expires no run, shows every value at once, and exits 0 however many lines are
    rejected: see pipeline_exporter_rejected_lines_total, or ask `lint`.
    """
    engine = Engine(configuration(config_path, logs), discover())
    scan(engine)
    read(History(engine, jobs=jobs, pool=workers, say=say))
    engine.settle()
    click.echo(CLASSIC.text(copied(engine.metrics())), nl=False)


@main.command(epilog=LOG_HELP)
@config_option
@logs_argument
def lint(config_path: str | None, logs: tuple[str, ...]) -> None:
    """List every line that would be rejected: its place, the reason, and the beginning of the line, escaped.

    Exits 1 if there is any.
    """
    refused = 0

    def report(line: Refused) -> None:
        nonlocal refused
        refused += 1
        click.echo(f"{line.log}:{line.number}: {line.reason}: {ownlog.escaped(line.text)}")

    engine = Engine(configuration(config_path, logs), discover(), on_refused=report)
    scan(engine)
    read(engine)
    lines = sum(cell[0] for cell in engine.itself.lines.cells.values())
    click.echo(f"{refused:,} of {lines:,} lines rejected", err=True)
    sys.exit(1 if refused else 0)


@main.command(epilog=CONFIG_HELP)
@config_option
@web_config_option
def check(config_path: str | None, web_config_path: str | None) -> None:
    """Check a configuration and show what each of its patterns matches now; check a web configuration and the
    certificates that it names.
    """
    from exporter.web.config import InForce

    if config_path is None and web_config_path is None:
        raise click.UsageError("nothing to check; give --config or --web.config.file")
    try:
        found, _ = both(lambda: config_path and loaded(config_path), lambda: InForce(web_config_path))
    except ConfigError as error:
        fail(str(error))
    if found:
        show_matches(found)
    for path in filter(None, (config_path, web_config_path)):
        click.echo(f"{path}: ok")


def show_matches(found: Config) -> None:
    """Prints what each pattern matches."""
    for name, pipeline in found.pipelines.items():
        for stream, where in pipeline.streams.items():
            seen = look(where.paths)
            click.echo(f"{name}.{stream}: {', '.join(where.paths)}")
            for path, status in seen.files.items():
                click.echo(f"  {path} ({status.st_size:,} bytes)")
            for path, why in seen.unfollowed.items():
                click.echo(f"  {path} cannot be followed: {why}")
            if not seen.files:
                click.echo("  nothing yet: waits for the first file")


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


@main.command("demo")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rate", default=50.0, show_default=True, help="Lines a second, over all pipelines.")
@click.option("--scenario", type=click.Choice(demo.SCENARIOS), default="healthy", show_default=True)
@click.option("--seed", default=0, show_default=True, help="The same seed writes the same lines.")
def demo_command(directory: Path, rate: float, scenario: str, seed: int) -> None:
    """Write live, rotating logs of all five pipelines below DIRECTORY, until SIGTERM or Ctrl-C.

    In the scenario `collapse` each persona run loses its "feel" from its ninth batch on, as seed 001 describes.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    try:
        demo.run(directory, stop=end.is_set, sleep=end.wait, rate=rate, scenario=scenario, seed=seed)
    except (ValueError, OSError) as error:
        fail(str(error))


@main.command(epilog=RENDER_HELP)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be written.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=".", help="The repository's root, or any folder."
)
@click.option("--limits", "limits_path", type=click.Path(dir_okay=False), help="Limits of your own: a YAML file.")
@click.option("--receivers", "receivers_path", type=click.Path(dir_okay=False), help="Who is told: a YAML file.")
@click.option("--runbook-url", default=LINKS.runbook, show_default=True, help="Where alerts find the runbook.")
@click.option("--dashboard-url", default=LINKS.dashboards, show_default=True, help="Where alerts find dashboards.")
@click.option("--alerts-url", default=LINKS.alerts, show_default=True, help="Where dashboards find Alertmanager.")
def render(
    check: bool,
    out: Path,
    limits_path: str | None,
    receivers_path: str | None,
    runbook_url: str,
    dashboard_url: str,
    alerts_url: str,
) -> None:
    """Write the files that come from the code: docs/metrics.md, docs/runbook.md, prometheus/rules, alertmanager,
    grafana/dashboards.
    """
    kinds = discover()
    tables = tuple(rendering.tables(kinds))
    names = [table.name for table in tables]
    secrets = out / rendering.ALERTMANAGER
    try:
        own, told = both(
            lambda: limits.load(limits_path, tables) if limits_path else tables,
            lambda: receivers.load(receivers_path, pipelines=names, folder=secrets) if receivers_path else Receivers(),
        )
        links = Links(runbook=runbook_url, dashboards=dashboard_url.rstrip("/"), alerts=alerts_url)
        given = Rendering(kinds=kinds, tables=own, links=links, receivers=told)
        paths = rendering.stale(given, out) if check else rendering.write(given, out)
    except (ConfigError, rendering.SdkMissingError, OSError) as error:
        fail(str(error))
    for path in paths:
        click.echo(f"{path} {'is not what would be rendered: run pipeline-exporter render' if check else 'written'}")
    sys.exit(1 if check and paths else 0)


def configuration(config_path: str | None, logs: tuple[str, ...]) -> Config:
    """The configuration that a command works with; ends the program where it is wrong."""
    kinds = discover()
    try:
        loaded = config.load(config_path, pipelines=kinds, environ=os.environ) if config_path else None
        return checked(config.with_logs(loaded, logs, pipelines=kinds))
    except (ConfigError, OSError) as error:
        fail(str(error))


def loaded(config_path: str) -> Config:
    """What a file says, after a look at the files that it matches. Raises ConfigError."""
    return checked(config.load(config_path, pipelines=discover(), environ=os.environ))


def checked(found: Config) -> Config:
    """The configuration, after a look at the files that it matches. Raises ConfigError."""
    mistakes = config.overlaps(found, pipelines=discover(), match=lambda pattern: map(_absolute, look([pattern]).files))
    if mistakes:
        raise ConfigError(mistakes)
    return found


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def scan(engine: Engine) -> None:
    """Looks what there is to read; ends the program where there is nothing."""
    engine.scan(settled=True)
    unreadable = [
        Mistake(f"{intake.pipeline.name}.{intake.name}", problem)
        for intake in engine.intakes
        for problem in unread(intake)
    ]
    if unreadable:
        fail(str(ConfigError(unreadable)))
    engine.aim()


def read(reading: Reading) -> None:
    """Reads everything to its end, with progress on a terminal; ends the program where that fails."""
    try:
        with interruptible(), closing(progress(reading)) as steps:
            for _ in steps:
                pass
    except BrokenExecutor:
        say("a worker process was ended, perhaps for lack of memory; `--jobs 1` reads without workers")
        sys.exit(1)


def workers(jobs: int, parts: int) -> "Processes":
    """Worker processes to read a history."""
    from exporter.processes import Processes  # a tenth of the start of a short run

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that it ends its workers
    return Processes(jobs, parts)


def unread(intake: Intake) -> Iterator[str]:
    """What keeps a stream's files from being read to their end. A directory beside files that match is none."""
    found = intake.paths()
    if intake.patterns and not found and not intake.unfollowed():
        yield f"no file matches {', '.join(intake.patterns)}"
    for path, why in intake.unfollowed().items():
        if why != "directory" or not found:
            yield f"{path} cannot be read: {why}"


@contextmanager
def interruptible() -> Iterator[None]:
    """Ends the program quietly on Ctrl-C, as the shell expects."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)


def fail(text: str) -> NoReturn:
    """Says what is wrong, one line each, and exits 2."""
    for line in text.splitlines():
        say(line)
    sys.exit(2)


def say(line: str) -> None:
    """Tells something that is not the answer."""
    click.echo(f"pipeline-exporter: {line}", err=True)
