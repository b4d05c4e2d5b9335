"""`pipeline-exporter render` into a folder of a test's own."""

from pathlib import Path
from typing import Any

import yaml

from tests.commands.running import Outcome, run

RECEIVERS = """\
critical:
  pagerduty: {routing_key_file: secrets/pagerduty}
warning:
  slack: {api_url_file: secrets/slack, channel: "#llm-pipelines"}
info:
  email:
    to: team@example.org
    from: alertmanager@example.org
    smarthost: smtp.example.org:587
    auth_username: alertmanager
    auth_password_file: secrets/smtp
persona:
  critical:
    webhook: {url: "http://localhost:8080/alerts", credentials_file: secrets/webhook}
"""
"""One receiver of each kind, one of them for one pipeline alone."""


def render(root: Path, *arguments: str, **files: str) -> Outcome:
    """Renders below a folder; each file of the user's is written there and named by the option of its name."""
    options = list(arguments)
    for name, text in files.items():
        (root / f"{name}.yml").write_text(text)
        options += [f"--{name}", str(root / f"{name}.yml")]
    return run("render", "--out", root, *options)


def mistakes(root: Path, **files: str) -> list[str]:
    """What is said of the user's files, which are refused; places without the folder."""
    done = render(root, **files)
    assert (2, "") == (done.code, done.out)
    return [line.removeprefix(f"pipeline-exporter: {root}/") for line in done.err.splitlines()]


def with_secrets(root: Path) -> Path:
    """The same folder with the secret files that `RECEIVERS` names."""
    secrets = root / "alertmanager" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("pagerduty", "slack", "smtp", "webhook"):
        (secrets / name).write_text("secret")
    return root


def alertmanager_config(root: Path) -> dict[str, Any]:
    """The rendered alertmanager.yml."""
    config: dict[str, Any] = yaml.safe_load((root / "alertmanager" / "alertmanager.yml").read_text())
    return config
