"""A real Prometheus, and what it says when it is asked."""

import re
import urllib.parse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

import yaml

from tests.e2e.program import Program
from tests.exposition import ROOT, key


class Prometheus(Program):
    """Runs with a configuration of the test's own, which may be written up to its start."""

    name = "prometheus"

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(folder)
        self._config = config

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            "--scrape.discovery-reload-interval=100ms",  # else it may wait five seconds more before the first scrape
        ]

    def query(self, expression: str, at: float | None = None) -> dict[str, float]:
        """The values of an instant query at a time, or now, by series."""
        return {series(one["metric"]): float(one["value"][1]) for one in self._results(expression, at or time())}

    def evaluations(self) -> dict[str, datetime]:
        """When each group of rules was evaluated last, by its name."""
        groups = self.ask("/api/v1/rules")["data"]["groups"]
        return {group["name"]: datetime.fromisoformat(group["lastEvaluation"]) for group in groups}

    def alertmanagers(self) -> list[str]:
        """The addresses of those that it sends alerts to."""
        return [one["url"] for one in self.ask("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]]

    def samples(self, selector: str, at: float) -> dict[str, list[tuple[float, float]]]:
        """Time and value of every sample of a range selector that ends at a time, by series."""
        return _samples(self._results(selector, at))

    def course(self, expression: str, start: float, end: float, step: float) -> dict[str, list[tuple[float, float]]]:
        """Time and value of a query every `step` seconds between two times, by series."""
        query = urllib.parse.urlencode({"query": expression, "start": start, "end": end, "step": step})
        return _samples(self.ask(f"/api/v1/query_range?{query}")["data"]["result"])

    def label_values(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """The values that a label has between two times in the series of a selector."""
        query = urllib.parse.urlencode({"match[]": selector, "start": start, "end": end})
        values: list[str] = self.ask(f"/api/v1/label/{label}/values?{query}")["data"]
        return values

    def _results(self, expression: str, at: float) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"query": expression, "time": f"{at:.3f}"})
        result: list[dict[str, Any]] = self.ask(f"/api/v1/query?{query}")["data"]["result"]
        return result


def scraping(port: int, *, milliseconds: int) -> str:
    """A configuration that does nothing but scrape one port."""
    interval = f"{milliseconds}ms"
    job = {"job_name": "exporter", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    timing = {"scrape_interval": interval, "scrape_timeout": interval}
    return yaml.safe_dump({"global": timing, "scrape_configs": [job]})


def configured(addresses: Mapping[str, str], **intervals: str) -> str:
    """The repository's prometheus.yml with other addresses and intervals."""
    config = (ROOT / "prometheus" / "prometheus.yml").read_text()
    for name, interval in intervals.items():
        config = re.sub(rf"{name}: \w+", f"{name}: {interval}", config)
    for address, here in addresses.items():
        config = config.replace(address, here)
    return config


def _samples(results: list[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    return {
        series(one["metric"]): [(float(moment), float(value)) for moment, value in one["values"]] for one in results
    }


def series(labels: Mapping[str, str]) -> str:
    """How a series is written in an exposition, without what Prometheus added."""
    own = {name: value for name, value in labels.items() if name not in ("__name__", "job", "instance")}
    return key(labels.get("__name__", ""), **own)
