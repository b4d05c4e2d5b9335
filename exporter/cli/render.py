"""`render`: the files that come from the code."""

import sys
from pathlib import Path

import click

from exporter import render as rendering
from exporter.cli.messages import answer, fail
from exporter.cli.settings import FILE, both
from exporter.config import ConfigError
from exporter.pipeline import discover
from exporter.render import Links, Receivers, Rendering, limits, receivers

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


@click.command("render", epilog=RENDER_HELP)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be, or is left over.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=".", help="The repository's root, or any folder."
)
@click.option("--limits", "limits_path", type=FILE, help="Limits of your own: a YAML file.")
@click.option("--receivers", "receivers_path", type=FILE, help="Who is told: a YAML file.")
@click.option("--runbook-url", default=LINKS.runbook, show_default=True, help="Where alerts find the runbook.")
@click.option("--dashboard-url", default=LINKS.dashboards, show_default=True, help="Where alerts find dashboards.")
@click.option("--alerts-url", default=LINKS.alerts, show_default=True, help="Where dashboards find Alertmanager.")
def command(
    check: bool,
    out: Path,
    limits_path: str | None,
    receivers_path: str | None,
    runbook_url: str,
    dashboard_url: str,
    alerts_url: str,
) -> None:
    """Write the rules, dashboards and documents made of the code.

    These are docs/metrics.md, docs/runbook.md, prometheus/rules, alertmanager and grafana/dashboards.
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
        left = rendering.left(given, out)
    except (ConfigError, rendering.SdkMissingError, OSError) as error:
        fail(error)
    for path in paths:
        answer(f"{path} {'is not what would be rendered: run pipeline-exporter render' if check else 'written'}")
    for path in left:
        answer(f"{path} is left of a pipeline that is gone: remove it")
    sys.exit(1 if check and (paths or left) else 0)
