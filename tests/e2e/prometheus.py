"""A real Prometheus that scrapes one exporter, and what it says when it is asked."""

import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.program import Program
from tests.exposition import key


class Prometheus(Program):
    """Scrapes a port every so many milliseconds, once it is started."""

    name = "prometheus"

    def __init__(self, folder: Path, port: int, *, scrape_milliseconds: int) -> None:
        super().__init__(folder)
        self._config = folder / "prometheus.yml"
        interval = f"{scrape_milliseconds}ms"
        job = {"job_name": "exporter", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        timing = {"scrape_interval": interval, "scrape_timeout": interval}
        self._config.write_text(yaml.safe_dump({"global": timing, "scrape_configs": [job]}))

    def arguments(self) -> list[str]:
        return [f"--config.file={self._config}", f"--storage.tsdb.path={self.folder / 'tsdb'}"]

    def query(self, expression: str, at: float) -> dict[str, float]:
        """The values of an instant query at a time, by series."""
        return {series(one["metric"]): float(one["value"][1]) for one in self._results(expression, at)}

    def samples(self, selector: str, at: float) -> dict[str, list[tuple[float, float]]]:
        """Time and value of every sample of a range selector that ends at a time, by series."""
        return {
            series(one["metric"]): [(float(time), float(value)) for time, value in one["values"]]
            for one in self._results(selector, at)
        }

    def _results(self, expression: str, at: float) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"query": expression, "time": f"{at:.3f}"})
        result: list[dict[str, Any]] = self.ask(f"/api/v1/query?{query}")["data"]["result"]
        return result


def series(labels: Mapping[str, str]) -> str:
    """How a series is written in an exposition, without what Prometheus added."""
    own = {name: value for name, value in labels.items() if name not in ("__name__", "job", "instance")}
    return key(labels.get("__name__", ""), **own)
