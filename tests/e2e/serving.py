"""A real exporter in a process of its own, and what a test does to it."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.exposition import samples

T = TypeVar("T")

EAGER = "from exporter import publisher\npublisher.FRESH_SECONDS = 0.05"
"""A page is otherwise a second old before it is made anew, and a test would wait for that each time."""

SLOWLY = """
import time
from exporter.engine import Engine
steps = Engine.steps
def slow(self):
    for step in steps(self):
        time.sleep(0.05)
        yield step
Engine.steps = slow
"""
"""Makes reading slow, so that a test can look in between."""

DEADLINE = 10.0
"""Seconds after which what a test waits for counts as never."""


def until(holds: Callable[[], T], *, seconds: float = DEADLINE) -> T:
    """What `holds` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Answer:
    """A response."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.content = response.read()

    @property
    def text(self) -> str:
        return self.content.decode()


class Serving:
    """`pipeline-exporter serve` on a port of its own. The test changes `config`, `web` and files in `folder`.

    It is asked over TLS where `tls` says how, with `headers` on every request.
    """

    eager = EAGER

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self.log = self.logs / "generation.log"
        self.state = folder / "state"
        self.config: dict[str, Any] = {
            "listen": "127.0.0.1:0",
            "state": str(self.state),
            "poll_seconds": 0.05,
            "birth_hold": 0,
            "pipelines": {"persona": {"attempts": f"{self.logs}/generation*.log"}},
        }
        self.web: dict[str, Any] | None = None
        self.tls: ssl.SSLContext | None = None
        self.headers: dict[str, str] = {}
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    # The process

    @property
    def config_path(self) -> Path:
        return self.folder / "c.yml"

    def configure(self, **changes: Any) -> None:
        self.config |= changes
        self.config_path.write_text(yaml.safe_dump(self.config))

    @property
    def web_path(self) -> Path:
        return self.folder / "web.yml"

    def configure_web(self, **changes: Any) -> None:
        """Writes the web configuration as it should be done: the new file takes the place of the old one at once."""
        self.web = (self.web or {}) | changes
        fresh = self.folder / "web.yml.new"
        fresh.write_text(yaml.safe_dump(self.web))
        fresh.replace(self.web_path)

    def launch(self, *, code: str = "") -> None:
        """Starts the process. `code` is run in it before."""
        self.configure()
        self.starts += 1
        self.stderr = self.folder / f"stderr {self.starts}"
        command = ["serve", "--config", str(self.config_path)]
        if self.web is not None:
            command += ["--web.config.file", str(self.web_path)]
        start = f"{code}\n{self.eager}\nfrom exporter.cli import main\nmain({command!r})"
        with self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start],
                stderr=stderr,
                env={**os.environ, "PYTHONPATH": ":".join(sys.path), "LOG_FORMAT": "json"},
            )

    def start(self, *, code: str = "", ready: bool = True) -> "Serving":
        """Starts the process and waits until it serves, or is ready."""
        self.launch(code=code)
        self.port = int(until(lambda: self.said("serving"))[0]["url"].rpartition(":")[2])
        if ready:
            until(lambda: self.get("/-/ready").status == 200)
        return self

    def said(self, event: str = "") -> list[dict[str, Any]]:
        """The entries of its own log."""
        lines = self.stderr.read_text().splitlines(keepends=True)
        assert self.process is not None
        assert event != "serving" or self.process.poll() is None, "".join(lines)
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        return [entry for entry in entries if event in ("", entry["event"])]

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        assert self.process is not None
        return self.process.wait(DEADLINE)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def end(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # Talking to it

    def connection(self, *, timeout: float = DEADLINE) -> http.client.HTTPConnection:
        if self.tls is not None:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def ask(self, method: str, path: str, *, timeout: float = DEADLINE, **headers: str) -> Answer:
        connection = self.connection(timeout=timeout)
        try:
            connection.request(method, path, headers=self.headers | headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **kwargs: Any) -> Answer:
        return self.ask("GET", path, **kwargs)

    def scrape(self) -> dict[str, float]:
        """All samples of /metrics."""
        answer = self.get("/metrics")
        assert answer.status == 200, answer.text
        return samples(answer.text)

    def own(self) -> dict[str, float]:
        """All samples of /metrics/self."""
        return samples(self.get("/metrics/self").text)

    def eventually(self, series: str, value: float) -> dict[str, float]:
        """The first scrape in which a series has a value."""

        def scraped() -> dict[str, float]:
            now = self.scrape()
            return now if now.get(series) == value else {}

        return until(scraped)

    def write(self, *lines: bytes, name: str = "generation.log") -> None:
        with (self.logs / name).open("ab") as file:
            file.write(b"".join(lines))
