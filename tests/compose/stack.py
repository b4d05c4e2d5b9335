"""Services of the compose file, brought up by testcontainers on the Docker engine that answers, and asked questions."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from testcontainers.compose import DockerCompose

from tests.compose.files import COMPOSE, ROOT, explained, services
from tests.exposition import samples

PORTS = {
    name: int(service["ports"][0].rpartition(":")[2]) for name, service in services().items() if "ports" in service
}
ANSWER_SECONDS = 10


class Stack:
    """Some of the services, with `files` beside docker-compose.yml. Brought up and ended by `brought_up`."""

    def __init__(self, image: str, names: list[str], files: tuple[str, ...]) -> None:
        self.image = image
        self._compose = DockerCompose(ROOT, compose_file_name=[COMPOSE.name, *files], services=names)
        self.seconds = 0.0
        """How long the last start took, until all were healthy."""

    def start(self) -> None:
        """Brings up what is not up, and waits until all are healthy."""
        began = time.monotonic()
        self._compose.start()
        self.seconds = time.monotonic() - began

    def end(self) -> None:
        """Ends everything, volumes, network and image included."""
        self._compose.services = None  # which would keep what belongs to no service
        self._compose.stop()
        subprocess.run(["docker", "image", "rm", self.image], capture_output=True, check=False)

    def run(self, *arguments: str) -> None:
        """Has docker compose do something."""
        command = [*self._compose.compose_command_property, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stderr

    # Looking into containers

    def inside(self, service: str, *command: str) -> str:
        """What a command prints that is run in a service's container."""
        done = subprocess.run(
            [*self._compose.compose_command_property, "exec", "-T", service, *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def log(self, service: str) -> list[str]:
        """What a service wrote, line by line."""
        written, _ = self._compose.get_logs(service)
        return [line for _, line in re.findall(r"^([^|]*\| )(.*)$", written, re.MULTILINE)]

    def memory(self, service: str) -> float:
        """MiB that a service's container takes, as `docker stats` tells."""
        name = self._compose.get_container(service).Name
        assert name is not None
        told = subprocess.run(
            ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", name],
            capture_output=True,
            text=True,
            check=True,
        )
        used = told.stdout.partition("/")[0].strip()
        assert used.endswith("MiB"), used
        return float(used.removesuffix("MiB"))

    # Asking over HTTP

    def ask(self, service: str, path: str) -> str:
        """What a service answers. Raises OSError where it does not, or not well."""
        host, port = self._compose.get_service_host_and_port(service, PORTS[service])
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=ANSWER_SECONDS) as answer:
            text: str = answer.read().decode()
        return text

    def scrape(self) -> dict[str, float]:
        """All samples of the exporter's page; none while it catches up."""
        try:
            return samples(self.ask("exporter", "/metrics"))
        except urllib.error.HTTPError:
            return {}

    def prometheus(self, path: str, **query: str) -> Any:
        """What Prometheus' API answers."""
        answer = self.ask("prometheus", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
        return json.loads(answer)["data"]

    def value(self, expression: str) -> float | None:
        """The value of an expression that has one series now, or None."""
        result = self.prometheus("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else None


@contextmanager
def brought_up(names: list[str], settings: Mapping[str, str], *files: str) -> Iterator[Stack]:
    """A project of its own, on free ports: nothing of the caller's environment or .env file counts but `settings`."""
    project = f"pipeline-exporter-test-{os.getpid()}"
    with pytest.MonkeyPatch.context() as environment:
        for name in explained():
            environment.delenv(name, raising=False)
        own = {f"{name.upper()}_PORT": "0" for name in PORTS}
        own |= {"COMPOSE_PROJECT_NAME": project, "COMPOSE_DISABLE_ENV_FILE": "true"}
        for name, value in (own | dict(settings)).items():
            environment.setenv(name, value)
        stack = Stack(project, names, files)
        try:
            stack.run("build", "--quiet", "exporter")
            stack.start()
            yield stack
        finally:
            stack.end()
