"""What a real Alertmanager makes of the rendered configuration: which alert inhibits which, and what messages say."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.alertmanager import Alertmanager
from tests.e2e.mailbox import Mailbox
from tests.e2e.serving import until
from tests.render.rendered import render

Labels = Mapping[str, str]

HERE = {"instance": "here:10210", "job": "pipeline-exporter"}
THERE = {"instance": "there:10210", "job": "pipeline-exporter"}
SELF = {"instance": "here:10210", "job": "pipeline-exporter-self"}
CRITICAL, WARNING, INFO = ({"severity": severity} for severity in ("critical", "warning", "info"))
DOWN = {"alertname": "ExporterDown", "pipeline": "exporter"} | CRITICAL
REPAIR = {"alertname": "PersonaRepairRatio", "pipeline": "persona", "run_id": "deep_1"} | HERE
DRIFT = {"alertname": "PersonaDrift", "pipeline": "persona", "run_id": "deep_1", "signal": "repairs"} | HERE
REJECTED = {"alertname": "ExporterRejectedRatio", "pipeline": "persona", "stream": "attempts"} | HERE
COST = {"alertname": "PersonaCost", "pipeline": "persona", "run_id": "deep_1"}
"""A sum over hosts: without an instance."""
WITNESS = {"alertname": "Witness", "instance": "witness"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path], Alertmanager]]:
    """Starts an Alertmanager with a configuration, and ends it after the test."""
    started: list[Alertmanager] = []

    def start(config: Path) -> Alertmanager:
        alertmanager = Alertmanager(tmp_path, config)
        started.append(alertmanager)
        alertmanager.start()
        return alertmanager

    yield start
    for one in started:
        one.close()


@pytest.fixture
def alertmanager(tmp_path: Path, start: Callable[[Path], Alertmanager]) -> Alertmanager:
    """One with the configuration as it is in the repository."""
    render(tmp_path)
    return start(tmp_path / "alertmanager" / "alertmanager.yml")


def inhibited(alertmanager: Alertmanager, *alerts: Labels) -> list[Labels]:
    """Which of the alerts are inhibited.

    Alerts are looked at in the order in which they come. So when a last one inhibits what it must, all were.
    """
    alertmanager.post(*alerts)
    alertmanager.post(WITNESS | CRITICAL, WITNESS | WARNING)
    until(lambda: WITNESS | WARNING in waiting(alertmanager))
    return waiting(alertmanager)


def waiting(alertmanager: Alertmanager) -> list[Labels]:
    """The alerts that wait behind others."""
    return [alert["labels"] for alert in alertmanager.alerts() if alert["status"]["inhibitedBy"]]


@pytest.mark.parametrize(
    ("alert", "other"),
    [
        (REPAIR | CRITICAL, REPAIR | WARNING),
        (REPAIR | CRITICAL, REPAIR | INFO),
        (REPAIR | WARNING, REPAIR | INFO),
        (REJECTED | CRITICAL, REJECTED | WARNING),
        (COST | CRITICAL, COST | WARNING),
        (DOWN | HERE, REPAIR | CRITICAL),
        (DOWN | HERE, REJECTED | SELF | CRITICAL),
        (DOWN | HERE, {"alertname": "HostCpuRatio", "pipeline": "host"} | HERE | WARNING),
        (DOWN | HERE, {"alertname": "ExporterCatchingUp", "pipeline": "exporter"} | SELF | WARNING),
        (DOWN | HERE, COST | CRITICAL),
        (DOWN, COST | CRITICAL),
    ],
    ids=str,
)
def test_an_alert_inhibits_what_tells_less(alertmanager: Alertmanager, alert: Labels, other: Labels) -> None:
    """The same at a milder severity, and behind an exporter that is down all that it told."""
    assert other in inhibited(alertmanager, alert, other)


@pytest.mark.parametrize(
    ("alert", "other"),
    [
        (REPAIR | CRITICAL, REPAIR | {"run_id": "deep_2"} | WARNING),
        (REPAIR | CRITICAL, REPAIR | THERE | WARNING),
        (REPAIR | CRITICAL, REPAIR | {"alertname": "PersonaRepairTrend"} | WARNING),
        (DRIFT | CRITICAL, DRIFT | {"signal": "variety"} | WARNING),
        (REJECTED | CRITICAL, REJECTED | {"pipeline": "tagger", "stream": "events"} | WARNING),
        (DOWN | HERE, REPAIR | THERE | CRITICAL),
        (DOWN | HERE, DOWN | THERE),
        (DOWN | HERE, {"alertname": "Watchdog"} | CRITICAL),
        (DOWN | HERE, {"alertname": "Watchdog"} | HERE | CRITICAL),
        (DOWN | HERE, DOWN | HERE),
        (REPAIR | CRITICAL, DOWN | HERE),
        (REPAIR | WARNING, REPAIR | CRITICAL),
        (REPAIR | INFO, REPAIR | WARNING),
    ],
    ids=str,
)
def test_an_alert_inhibits_no_other(alertmanager: Alertmanager, alert: Labels, other: Labels) -> None:
    """Another run, host, indicator or stream is told, and so is an exporter that is down, and what is not ours."""
    assert other not in inhibited(alertmanager, alert, other)


def test_messages_arrive(tmp_path: Path, start: Callable[[Path], Alertmanager]) -> None:
    """Secrets are found where the configuration lies, a token is shown to the webhook, and a text of a log is text."""
    with closing(Mailbox()) as mailbox:
        secrets = tmp_path / "alertmanager" / "secrets"
        secrets.mkdir(parents=True)
        (secrets / "slack").write_text(f"{mailbox.url}/slack")
        (secrets / "webhook").write_text("t0ken")
        receivers = (
            "critical: {slack: {api_url_file: secrets/slack, channel: '#runs'},\n"
            f"  webhook: {{url: '{mailbox.url}/webhook', credentials_file: secrets/webhook}}}}"
        )
        assert 0 == render(tmp_path, receivers=receivers).code
        config = tmp_path / "alertmanager" / "alertmanager.yml"
        config.write_text(config.read_text().replace("group_wait: 10s", "group_wait: 0s"))
        alertmanager = start(config)
        alertmanager.post(REPAIR | {"run_id": "<!channel>"} | CRITICAL)
        (webhook,) = until(lambda: mailbox.at("/webhook"))
        (slack,) = until(lambda: mailbox.at("/slack"))
    assert {"Bearer t0ken", None} == {message.authorization for message in mailbox.messages}
    assert ("firing", "persona-critical") == (webhook["status"], webhook["receiver"])
    assert "#runs" == slack["channel"]
    assert "run: &lt;!channel&gt;" in slack["attachments"][0]["text"]
