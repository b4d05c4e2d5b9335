"""A server of the Prometheus family in a process of its own, on a free port of loopback."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e.serving import free_port, until
from tests.tools import find

START_SECONDS = 60.0
ANSWER_SECONDS = 60.0


class Program:
    """Found by its name, started with what `arguments` says, asked over HTTP. What it says lies in `folder`."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cwd = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> list[str]:
        """Its command line, without its name and port."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        command = [find(self.name), *self.arguments(), f"--web.listen-address=127.0.0.1:{self.port}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.cwd, stdout=log, stderr=log)
        until(self._is_ready, seconds=START_SECONDS)

    def close(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def said(self) -> str:
        """What it wrote on stdout and stderr."""
        return self._log.read_text() if self._log.exists() else ""

    def ask(self, path: str, *, body: Any = None) -> Any:
        """What it answers, read as JSON, where it is any; a body is posted as JSON."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error
        return json.loads(content) if content else None

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
