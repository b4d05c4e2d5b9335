"""alertmanager.yml: amtool accepts it, and every alert finds its receiver. Which alert inhibits which is seen in
tests/e2e/test_alertmanager.py.
"""

import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.indicator import SEVERITIES, Indicator, Unit
from exporter.pipeline import discover
from exporter.render import Receivers, Rendering
from exporter.render.alertmanager import alertmanager_file
from exporter.render.tables import Table
from tests.render.rendered import RECEIVERS, alertmanager_config, render, with_secrets
from tests.tools import find

ROUTES = {
    ("persona", "critical"): "persona-critical",
    ("persona", "warning"): "persona-warning",
    ("persona", "info"): "persona-info",
    ("distillation", "critical"): "distillation-critical",
    ("distillation", "warning"): "distillation-warning",
    ("distillation", "info"): "distillation-info",
    ("tagger", "critical"): "tagger-critical",
    ("tagger", "warning"): "tagger-warning",
    ("tagger", "info"): "tagger-info",
    ("crawl", "critical"): "crawl-critical",
    ("crawl", "warning"): "crawl-warning",
    ("crawl", "info"): "crawl-info",
    ("clustering", "critical"): "clustering-critical",
    ("clustering", "warning"): "clustering-warning",
    ("clustering", "info"): "clustering-info",
    ("exporter", "critical"): "exporter-critical",
    ("exporter", "warning"): "exporter-warning",
    ("exporter", "info"): "exporter-info",
    ("host", "critical"): "host-critical",
    ("host", "warning"): "host-warning",
    ("host", "info"): "host-info",
}


@pytest.fixture(scope="module", params=["off", "on"])
def config(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration with receivers off and on."""
    root = with_secrets(tmp_path_factory.mktemp(request.param))
    done = render(root, receivers=RECEIVERS) if request.param == "on" else render(root)
    assert (0, "") == (done.code, done.err)
    return root / "alertmanager" / "alertmanager.yml"


def amtool(*arguments: str) -> str:
    """What amtool says."""
    done = subprocess.run([find("amtool"), *arguments], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout.strip()


def receiver(config: Path, **labels: str) -> str:
    """Who is told of an alert."""
    alert = [f"{label}={value}" for label, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={config}", *alert)


def test_amtool_accepts_it(config: Path) -> None:
    """Configuration and templates have no mistake."""
    said = amtool("check-config", str(config))
    assert "- 22 receivers" in said
    assert "- 1 templates" in said


@pytest.mark.parametrize(("pipeline", "severity"), ROUTES, ids="-".join)
def test_every_pipeline_and_severity_has_its_receiver(config: Path, pipeline: str, severity: str) -> None:
    """An alert goes to the receiver of its pipeline and severity, and to no other."""
    labels = {"alertname": "Any", "run_id": "deep_1", "instance": "a:10210", "job": "pipeline-exporter"}
    assert ROUTES[pipeline, severity] == receiver(config, pipeline=pipeline, severity=severity, **labels)


def test_every_route_is_tested() -> None:
    """The table of routes above has every pair of table and severity, and no other."""
    tables = Rendering.of(discover()).tables
    assert {(table.name, severity) for table in tables for severity in SEVERITIES} == ROUTES.keys()


def test_what_the_exporter_tells_of_a_stream_is_for_its_pipeline(config: Path) -> None:
    """Lines that are rejected are told to whoever cares for the pipeline that wrote them."""
    labels = {"alertname": "ExporterRejectedRatio", "stream": "attempts", "severity": "critical"}
    assert "persona-critical" == receiver(config, pipeline="persona", **labels)


@pytest.mark.parametrize(
    "labels",
    [
        {"alertname": "Watchdog", "severity": "critical"},
        {"pipeline": "translation", "severity": "critical"},
        {"pipeline": "persona", "severity": "page"},
        {"pipeline": "persona"},
        {"pipeline": "xpersona", "severity": "critical"},
    ],
    ids=str,
)
def test_what_matches_nothing_is_for_the_default_receiver(config: Path, labels: dict[str, str]) -> None:
    """Alerts of others, and such as no table has."""
    assert "default" == receiver(config, **labels)


def test_receivers_are_off_by_default(tmp_path: Path) -> None:
    """Every receiver is a name alone."""
    render(tmp_path)
    assert {("name",)} == {tuple(receiver) for receiver in alertmanager_config(tmp_path)["receivers"]}


def test_the_worse_an_alert_the_sooner_it_is_told(tmp_path: Path) -> None:
    """A critical alert waits the shortest, and is repeated first."""
    render(tmp_path)
    (routes,) = {
        tuple((route["group_wait"], route["repeat_interval"]) for route in pipeline["routes"])
        for pipeline in alertmanager_config(tmp_path)["route"]["routes"]
    }
    assert (("10s", "1h"), ("1m", "4h"), ("5m", "24h")) == routes


def test_labels_of_a_sixth_pipeline_tell_its_alerts_apart() -> None:
    """An alert inhibits the milder one of the same labels alone, also of labels that no other table has."""
    indicator = Indicator(name="errors", title="Errors", unit=Unit.NUMBER, expr="up", of="{language}", meaning="")
    config = yaml.safe_load(alertmanager_file([Table("translation", "", (indicator,))], Receivers()))
    same = ["alertname", "pipeline", "job", "instance", "language"]
    assert [same, same] == [rule["equal"] for rule in config["inhibit_rules"][:2]]
    assert "translation-critical" in {receiver["name"] for receiver in config["receivers"]}
