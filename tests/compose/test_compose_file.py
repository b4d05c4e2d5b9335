"""What docker-compose.yml, the Dockerfile and .env.example promise as they stand, without an engine."""

import re
import subprocess
import sys

import pytest

from tests.compose.files import COMPOSE, ROOT, explained, read, services

EXACT = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+(-[\w-]+)?")
"""An image of one version, down to its patch."""

MODES = ("BATCH_SIZE", "RUN_TTL")
"""Variables whose default depends on whose logs are followed."""


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_it_keeps_to_the_compose_specification():
    """The file is what the compose specification's JSON schema allows."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_image_is_of_one_version():
    """Images that are not built here, and the one that is built on, are named down to their patch."""
    named = [service["image"] for service in services().values() if "build" not in service]
    named += re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
    assert 5 == len(named)
    assert [] == [image for image in named if not EXACT.fullmatch(image)]


def test_the_image_names_its_base():
    """Both stages are built on the same image, which a label of the result names."""
    bases = set(re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE))
    label = re.search(r'base\.name="docker\.io/library/(\S+)"', dockerfile())
    assert label is not None
    assert {label[1]} == bases


@pytest.mark.parametrize("name", services())
def test_a_service_is_contained(name):
    """Each service has a read-only root, no capabilities, nothing to gain, and bounds."""
    service = services()[name]
    assert service["read_only"] is True
    assert ["ALL"] == service["cap_drop"]
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 256
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices", "user"} & service.keys()


def test_ports_are_open_to_this_machine_only():
    """Every published port is one of 127.0.0.1, and each service but the demo's writer has one."""
    ports = {name: service.get("ports", []) for name, service in services().items()}
    assert {"demo"} == {name for name, published in ports.items() if not published}
    assert [] == [port for published in ports.values() for port in published if not port.startswith("127.0.0.1:")]


def test_every_service_has_a_health_check():
    """Each says itself when it is well; the exporter's check is its image's."""
    assert {"exporter"} == {name for name, service in services().items() if "healthcheck" not in service}
    assert "HEALTHCHECK" in dockerfile()


def test_services_wait_for_those_that_they_need_to_be_healthy():
    """Who depends on another waits until that is well, not only started."""
    conditions = [
        needed["condition"] for service in services().values() for needed in service.get("depends_on", {}).values()
    ]
    assert {"service_healthy"} == set(conditions)


def test_the_demo_writes_to_a_volume_of_its_own():
    """Whatever LOGS_DIR says, nothing but the demo's volume is mounted where its writer writes."""
    assert ["demo-logs:/logs"] == services()["demo"]["volumes"]


def test_logs_are_mounted_read_only():
    """The exporter reads logs and cannot change them."""
    assert "${LOGS_DIR:-demo-logs}:/logs:ro" in services()["exporter"]["volumes"]


def test_every_variable_is_explained():
    """.env.example names the variables that the file asks for, no others, and the defaults that they have there."""
    asked = re.findall(r"\$\{([A-Z_]+)(?::([-+])((?:[^{}]|\{[^{}]*\})*))?\}", COMPOSE.read_text())
    assert {name for name, _, _ in asked} == explained().keys() | {"COMPOSE_PROJECT_NAME"}
    defaults = {(name, default) for name, mark, default in asked if mark == "-" and name not in MODES}
    explains = {(name, explained()[name]) for name, _ in defaults}
    own = {("LOGS_DIR", "demo-logs"), ("GRAFANA_ADMIN_PASSWORD", "$$__file{/proc/sys/kernel/random/uuid}")}
    assert own == defaults - explains


def test_what_is_listened_on_is_what_is_published():
    """The port that the image listens on, checks and exposes is the one that the compose file publishes."""
    [port] = {published.rpartition(":")[2] for published in services()["exporter"]["ports"]}
    assert f"LISTEN=0.0.0.0:{port}" in dockerfile()
    assert f"EXPOSE {port}\n" in dockerfile()
    assert f"('127.0.0.1', {port})" in dockerfile()


def test_what_prometheus_asks_are_services():
    """Every address in prometheus.yml is a service's by its name and port."""
    inside = {f"{name}:{port.rpartition(':')[2]}" for name, one in services().items() for port in one.get("ports", [])}
    config = read(ROOT / "prometheus" / "prometheus.yml")
    asked = [*config["scrape_configs"], *config["alerting"]["alertmanagers"]]
    targets = {target for one in asked for group in one["static_configs"] for target in group["targets"]}
    assert {"localhost:9090"} == targets - inside
