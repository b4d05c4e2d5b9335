"""A real Prometheus that scrapes one exporter, and what it says when it is asked."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.serving import free_port, until
from tests.exposition import key
from tests.tools import find

START_SECONDS = 60.0


class Prometheus:
    """Scrapes a port every so many milliseconds, once it is started."""

    def __init__(self, folder: Path, port: int, *, scrape_milliseconds: int) -> None:
        self.port = free_port()
        self._folder = folder
        self._config = folder / "prometheus.yml"
        interval = f"{scrape_milliseconds}ms"
        job = {"job_name": "exporter", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        timing = {"scrape_interval": interval, "scrape_timeout": interval}
        self._config.write_text(yaml.safe_dump({"global": timing, "scrape_configs": [job]}))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        command = [
            find("prometheus"),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._is_ready, seconds=START_SECONDS)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def query(self, expression: str, at: float) -> dict[str, float]:
        """The values of an instant query at a time, by series."""
        return {series(one["metric"]): float(one["value"][1]) for one in self._ask(expression, at)}

    def samples(self, selector: str, at: float) -> dict[str, list[tuple[float, float]]]:
        """Time and value of every sample of a range selector that ends at a time, by series."""
        return {
            series(one["metric"]): [(float(time), float(value)) for time, value in one["values"]]
            for one in self._ask(selector, at)
        }

    def _ask(self, expression: str, at: float) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"query": expression, "time": f"{at:.3f}"})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{query}", timeout=60) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return result


def series(labels: Mapping[str, str]) -> str:
    """How a series is written in an exposition, without what Prometheus added."""
    own = {name: value for name, value in labels.items() if name not in ("__name__", "job", "instance")}
    return key(labels.get("__name__", ""), **own)
