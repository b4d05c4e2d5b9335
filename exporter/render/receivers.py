"""Who is told of alerts: a user's file of receivers, read with all its mistakes, to what Alertmanager is told of them.

A secret is never in the file: it is in a file of its own, which is there, below the folder of alertmanager.yml, or is a
mistake. What is in it is not looked at.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from exporter.config.document import Document, Value, text_of
from exporter.config.mistake import shown
from exporter.config.scalar import Reader, read_members, read_scalar
from exporter.indicator import SEVERITIES
from exporter.render import messages


class Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to tell somebody. Its fields are called as Alertmanager calls them, which takes them as they are."""

    key: ClassVar[str]
    """Alertmanager's word for a list of such receivers."""

    def told(self, severity: str) -> dict[str, Any]:
        """What Alertmanager is told of it."""
        own: dict[str, Any] = msgspec.to_builtins(self)
        return own | {"send_resolved": True} | self.message(severity)

    def message(self, severity: str) -> dict[str, Any]:
        """What it says of alerts."""
        raise NotImplementedError

    def problem(self) -> str | None:
        """What is wrong with it as a whole."""
        return None


class PagerDuty(Receiver, frozen=True, kw_only=True):
    """A service of PagerDuty's, by its Events API v2."""

    key = "pagerduty_configs"
    routing_key_file: str

    def message(self, severity: str) -> dict[str, Any]:
        return {
            "severity": severity,
            "description": messages.TITLE,
            "client": "pipeline-exporter",
            "client_url": messages.DASHBOARD,
            "links": [
                {"text": "Runbook", "href": messages.RUNBOOK},
                {"text": "Dashboard", "href": messages.DASHBOARD},
            ],
            "details": {"firing": messages.FIRING, "resolved": messages.RESOLVED},
        }


class Slack(Receiver, frozen=True, kw_only=True):
    """A channel of Slack's, by an incoming webhook, whose address is the secret."""

    key = "slack_configs"
    api_url_file: str
    channel: str = ""

    def message(self, severity: str) -> dict[str, Any]:
        return {"title": messages.SLACK_TITLE, "title_link": messages.RUNBOOK, "text": messages.SLACK_TEXT}


class Email(Receiver, frozen=True, kw_only=True):
    """Somebody's mailbox."""

    key = "email_configs"
    to: str
    sender: str = msgspec.field(name="from")
    smarthost: str
    auth_username: str = ""
    auth_password_file: str = ""
    require_tls: bool = True

    def message(self, severity: str) -> dict[str, Any]:
        return {"headers": {"Subject": messages.TITLE}, "text": messages.TEXT, "html": ""}

    def problem(self) -> str | None:
        if bool(self.auth_username) != bool(self.auth_password_file):
            return "auth_username and auth_password_file belong together; give both or none"
        return None


class Webhook(Receiver, frozen=True, kw_only=True):
    """A program that takes Alertmanager's JSON. What may be secret is a bearer token."""

    key = "webhook_configs"
    url: str
    credentials_file: str = ""

    def told(self, severity: str) -> dict[str, Any]:
        told: dict[str, Any] = {"url": self.url, "send_resolved": True}
        if self.credentials_file:
            told["http_config"] = {"authorization": {"credentials_file": self.credentials_file}}
        return told


KINDS: Mapping[str, type[Receiver]] = {"pagerduty": PagerDuty, "slack": Slack, "email": Email, "webhook": Webhook}
"""By the word of a user's file."""

BySeverity = Mapping[str, tuple[Receiver, ...]]


class Receivers(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told, by severity: of all pipelines, and beside them of one."""

    everywhere: BySeverity = {}
    of_pipeline: Mapping[str, BySeverity] = {}

    def told(self, pipeline: str, severity: str) -> dict[str, list[dict[str, Any]]]:
        """What Alertmanager is told of those for a pipeline's alerts of a severity."""
        told: dict[str, list[dict[str, Any]]] = {}
        for by_severity in (self.everywhere, self.of_pipeline.get(pipeline, {})):
            for receiver in by_severity.get(severity, ()):
                told.setdefault(receiver.key, []).append(receiver.told(severity))
        return told


def load(path: str, *, pipelines: Iterable[str], folder: Path) -> Receivers:
    """Reads a file of receivers; its secret files are relative to `folder`. Raises ConfigError."""
    document = Document(text_of(path), source=path, environ=None)
    severities: dict[str, Reader] = dict.fromkeys(SEVERITIES, partial(_receivers, folder=folder))
    of_pipeline: dict[str, Reader] = dict.fromkeys(pipelines, partial(read_members, by_key=severities, what="severity"))
    read = read_members(document.root, severities | of_pipeline, what="severity or pipeline")
    document.check()
    return Receivers(
        everywhere={name: read[name] for name in severities.keys() & read.keys()},
        of_pipeline={name: read[name] for name in of_pipeline.keys() & read.keys()},
    )


def _receivers(value: Value, *, folder: Path) -> tuple[Receiver, ...]:
    by_key = {name: partial(_receiver, kind=kind, folder=folder) for name, kind in KINDS.items()}
    return tuple(read_members(value, by_key, what="receiver").values())


def _receiver(value: Value, *, kind: type[Receiver], folder: Path) -> Receiver | None:
    fields = msgspec.structs.fields(kind)
    read = read_members(value, {field.encode_name: _reader(field, folder) for field in fields})
    missing = [field.encode_name for field in fields if field.required and field.encode_name not in value.members]
    if missing and (value.empty or value.is_mapping):
        value.mistake(f"needs {', '.join(missing)}")
    if any(field.required and field.encode_name not in read for field in fields):
        return None
    receiver = kind(**{field.name: read[field.encode_name] for field in fields if field.encode_name in read})
    if problem := receiver.problem():
        value.mistake(problem)
    return receiver


def _reader(field: msgspec.structs.FieldInfo, folder: Path) -> Reader:
    if field.name.endswith("_file"):
        return partial(_secret_file, folder=folder)
    return _url if field.name == "url" else partial(read_scalar, type=field.type)


def _secret_file(value: Value, *, folder: Path) -> str | None:
    path = value.text("a path")
    if path is not None and not (folder / path).is_file():
        value.mistake(f"{shown(path)} is no file in {folder}, where Alertmanager would look for this secret")
    return path


def _url(value: Value) -> str | None:
    url = value.text("a URL")
    if url is not None and not (url.startswith(("http://", "https://")) and urlsplit(url).hostname):
        value.wrong("a URL like http://localhost:8080/alerts")
    return url
