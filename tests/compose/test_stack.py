"""The exporter, the demo, Prometheus and Alertmanager in containers, from the compose file as users bring it up.

Grafana is brought up with them where the engine has its image: nothing else that is asked here depends on it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from exporter import demo
from tests.compose.files import ROOT, services
from tests.compose.stack import Stack, brought_up
from tests.conftest import TOLD
from tests.e2e.serving import until
from tests.exposition import key
from tests.tools import engine

REAL_BASE_MB = 121
"""What python:3.13.15-slim-bookworm takes on disk, by docker-library/repo-info. Another image may stand in for it."""
IMAGE_MB = 150
MEMORY_MIB = 100
START_SECONDS = 60
PAGE_SECONDS = 60
SCRAPE_SECONDS = 40
"""Two scrapes, and time to spare."""

COUNT_LINES = """cd /logs && for pipeline in *; do
    echo "$pipeline $(find "$pipeline" -type f ! -name '*.json' ! -path '*/error_logs/*' -exec cat {} + | wc -l)"
done"""
"""Lines by pipeline, without what is no log of lines."""

UNREADABLE = key("pipeline_exporter_rejected_lines_total", pipeline="persona", stream="attempts", reason="invalid_json")
LINES = re.compile(r'pipeline_exporter_lines_total{pipeline="(\w+)",stream="(?!session")\w+"}')
COUNTER = re.compile(r"(?!process_|python_)\w+_(total|count|sum|bucket)")
"""Names of samples that never fall while the state is kept; what a process tells of itself begins anew."""


@cache
def has(image: str) -> bool:
    """Whether the engine has an image, so that it need not be fetched."""
    try:
        return not subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False


GRAFANA = ["grafana"] if has(services()["grafana"]["image"]) else []
STARTED = ["exporter", "demo", "prometheus", "alertmanager", *GRAFANA]


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """All services with a collapsing demo, and with receivers of a user's own that lead to a mailbox."""
    engine()
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "receivers.yml").write_text('critical: {webhook: {url: "http://mailbox:8080/"}}')
    render = [
        sys.executable,
        "-m",
        "exporter",
        "render",
        "--receivers",
        f"{folder}/receivers.yml",
        "--out",
        str(folder),
    ]
    subprocess.run(render, cwd=ROOT, check=True, capture_output=True)
    settings = {"ALERTS_DIR": str(folder), "DEMO_RATE": "200"}
    with brought_up([*STARTED, "mailbox"], settings, "tests/compose/mailbox.yml") as found:
        yield found


def test_all_are_healthy_within_a_minute(stack, record_property):
    """From images that are there to services that say they are well, it takes less than a minute."""
    assert START_SECONDS > stack.seconds
    missing = "" if GRAFANA else f"; NOT RUN: grafana, as its image is not here ({services()['grafana']['image']})"
    record_property(TOLD, f"compose: {', '.join(STARTED)} healthy after {stack.seconds:.0f} s{missing}")


def test_the_image_is_small(stack, record_property):
    """What is added to the base image leaves the whole below 150 MB."""
    added = size(stack.image) - size(re.findall(r"^FROM (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)[-1])
    record_property(TOLD, f"compose: image of {REAL_BASE_MB} + {added:.1f} MB")
    assert IMAGE_MB > REAL_BASE_MB + added


def size(image: str) -> float:
    """Megabytes of all layers of an image."""
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Size}}", image], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1e6


@pytest.mark.parametrize("service", ["exporter", "demo"])
def test_a_container_of_ours_can_do_little(stack, service):
    """Neither is root, has any capability, can gain one, or can write to its image."""
    status = dict(re.findall(r"^(\w+):\s+(\w+)", stack.inside(service, "cat", "/proc/1/status"), re.MULTILINE))
    assert ("10210", "10210") == (status["Uid"], status["Gid"])
    assert {"0" * 16} == {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}
    assert "1" == status["NoNewPrivs"]
    assert "Read-only file system" in stack.inside(service, "touch", "/opt/venv/written")


@pytest.mark.parametrize("service", ["prometheus", "alertmanager", *GRAFANA])
def test_a_container_of_others_can_do_little(stack, service):
    """None is root, or can write to its image."""
    assert "0" != stack.inside(service, "id", "-u").strip()
    assert "Read-only file system" in stack.inside(service, "touch", "/bin/written")


def test_the_exporter_cannot_write_logs(stack):
    """What it follows it cannot change."""
    assert "Read-only file system" in stack.inside("exporter", "touch", "/logs/written")


def test_it_takes_little_memory(stack, record_property):
    """With the demo's logs the exporter's container takes less than 100 MiB."""
    used = stack.memory("exporter")
    record_property(TOLD, f"compose: the exporter takes {used:.0f} MiB")
    assert MEMORY_MIB > used


def test_all_targets_are_up(stack):
    """Prometheus reaches whatever its configuration names."""

    def health() -> dict[str, str]:
        targets = stack.prometheus("targets", state="active")["activeTargets"]
        found = {target["labels"]["job"]: target["health"] for target in targets}
        return found if "unknown" not in found.values() else {}

    jobs = ["pipeline-exporter", "pipeline-exporter-self", "prometheus", "alertmanager"]
    assert dict.fromkeys(jobs, "up") == until(health, seconds=SCRAPE_SECONDS)


def test_all_rules_are_loaded(stack):
    """Every rule file that was rendered is in force, and no rule fails."""
    groups = stack.prometheus("rules")["groups"]
    rendered = {path.stem for path in (ROOT / "prometheus" / "rules").glob("*.yml")}
    assert rendered == {group["file"].rpartition("/")[2].removesuffix(".yml") for group in groups}
    rules = [rule for group in groups for rule in group["rules"]]
    assert [] == [rule["name"] for rule in rules if rule["health"] == "err"]


@pytest.mark.invariant(1)
def test_a_kill_loses_nothing(stack):
    """Killed and brought up again while the demo goes on writing, the exporter has counted every line once; those, too,
    whose log is gone meanwhile.
    """
    stack.inside("demo", "sh", "-c", "yes unreadable | head -n 3 > /logs/persona/generation-gone.log")
    before = until(lambda: with_value(stack.scrape(), UNREADABLE, 3))
    stack.inside("demo", "rm", "/logs/persona/generation-gone.log")
    stack.run("kill", "--signal", "KILL", "exporter")
    stack.start()
    after = until(stack.scrape, seconds=START_SECONDS)
    counters = [sample for sample in before if COUNTER.fullmatch(sample.partition("{")[0])]
    assert [] == [sample for sample in counters if after.get(sample, -1) < before[sample]]

    stack.run("stop", "demo")
    found = re.findall(r"(\w+) (\d+)", stack.inside("exporter", "sh", "-c", COUNT_LINES))
    written = {pipeline: int(count) for pipeline, count in found}
    written["persona"] += 3
    assert set(demo.STREAMS) == set(written)
    until(lambda: sum(lines(stack.scrape()).values()) >= sum(written.values()))
    assert written == lines(stack.scrape())

    scraped = f"sum(pipeline_exporter_lines_total) >= {sum(written.values())}"
    until(lambda: stack.value(scraped), seconds=SCRAPE_SECONDS)
    assert 0 == stack.value("sum(resets(pipeline_exporter_lines_total[5m]))")


def with_value(scraped: dict[str, float], sample: str, value: float) -> dict[str, float]:
    """A scrape in which a sample has a value; else nothing."""
    return scraped if scraped.get(sample) == value else {}


def lines(scraped: dict[str, float]) -> dict[str, float]:
    """The lines that were counted, by pipeline, without documents."""
    found: dict[str, float] = {}
    for sample, value in scraped.items():
        if known := LINES.fullmatch(sample):
            found[known[1]] = found.get(known[1], 0) + value
    return found


def test_a_page_is_delivered(stack):
    """Of the demo's collapsing run the receiver of critical alerts is told, with where to look."""

    def paged() -> list[dict[str, Any]]:
        alerts = [alert for line in stack.log("mailbox") for alert in json.loads(line)["alerts"]]
        return [alert for alert in alerts if alert["labels"]["alertname"] == "PersonaRepairRatio"]

    alert = until(paged, seconds=PAGE_SECONDS)[0]
    assert ("firing", "critical") == (alert["status"], alert["labels"]["severity"])
    assert alert["annotations"]["runbook_url"].startswith("http://localhost:10210/runbook#")
