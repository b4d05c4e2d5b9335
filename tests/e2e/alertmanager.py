"""A real Alertmanager, the alerts that it is sent, and what it makes of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.program import Program


class Alertmanager(Program):
    """Runs with a configuration of the test's own; talks to no other of its kind."""

    name = "alertmanager"

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(folder)
        self._config = config.absolute()
        self.cwd = self._config.parent  # some secret files are relative to where it runs, others to its configuration

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self._config}",
            f"--storage.path={self.folder / 'alertmanager'}",
            "--cluster.listen-address=",
        ]

    def post(self, *alerts: Mapping[str, str]) -> None:
        """Sends firing alerts, each by its labels, as Prometheus does."""
        self.ask("/api/v2/alerts", body=[{"labels": dict(labels)} for labels in alerts])

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts that it knows, as its API tells them: `labels`, `receivers`, `fingerprint`, and `status` with
        `inhibitedBy`, the fingerprints of what inhibits them.
        """
        found: list[dict[str, Any]] = self.ask("/api/v2/alerts")
        return found
