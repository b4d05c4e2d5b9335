"""A demo of all five pipelines, followed by a real exporter, scraped by a real Prometheus, with the committed rules.

docs/demo.yml and prometheus.yml are used: only addresses differ, time is short between two scrapes, and the process
that is watched is the demo.
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from time import time

import yaml

from tests.e2e.grafana import Grafana
from tests.e2e.prometheus import Prometheus, configured
from tests.e2e.serving import DEADLINE, Serving, free_port, until
from tests.exposition import ROOT

SCRAPE_SECONDS = 0.5
INTERVALS = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
BIRTH_HOLD = 1.5
"""Seconds that a new series is 0: as ever, longer than between two scrapes."""
RATE = 500
"""Lines that the demo writes in a second."""
BEFORE_SECONDS = 3.0
"""How far back a dashboard's query looks that compares with a minute or a day before."""
JOBS = 'up{job=~"pipeline-exporter(-self)?"}'
UP, DOWN = f"min({JOBS}) == 1", f"max({JOBS}) == 0"
SCRAPES = f"min(count_over_time({JOBS}[1h]))"
WELL = f"min(min_over_time({JOBS}[3s])) == 1"
"""No scrape failed lately, so that there is whatever an evaluation of the rules needs."""
PATIENCE = 60.0
"""Seconds after which what a test waits for counts as never, on a machine that is busy with other things."""


class Demonstration:
    """Begins with `start`: the exporter is scraped before there is any log. Ends, all of it, with its block."""

    def __init__(self, folder: Path) -> None:
        self._ends = ExitStack()
        self._folder = folder
        self._exporter = Serving(folder)
        self._ends.callback(self._exporter.close)
        self.prometheus = Prometheus(folder, folder / "prometheus.yml")
        self._ends.callback(self.prometheus.close)

    def __enter__(self) -> "Demonstration":
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def start(self) -> None:
        """Starts exporter and Prometheus, and waits until one scrapes the other."""
        text = (ROOT / "docs" / "demo.yml").read_text().replace("${LOGS_DIR:-demo/logs}", str(self._exporter.logs))
        config = yaml.safe_load(text)
        self._exporter.configure(
            listen=f"127.0.0.1:{free_port()}",
            birth_hold=BIRTH_HOLD,
            pipelines=config["pipelines"],
            host=config["host"] | {"processes": {"demo": str(self._exporter.logs)}},
        )
        self._exporter.configure_web(http_server_config={})
        self._exporter.start()
        here = {
            "exporter:10210": f"127.0.0.1:{self._exporter.port}",
            "alertmanager:9093": f"127.0.0.1:{free_port()}",
            "localhost:9090": f"127.0.0.1:{self.prometheus.port}",
            "rules/": f"{ROOT}/prometheus/rules/",
        }
        (self._folder / "prometheus.yml").write_text(configured(here, **INTERVALS))
        self.prometheus.start()
        self._start = time()
        self._until(UP)

    def demo(self, *, scenario: str, rate: float = RATE) -> None:
        """Writes logs from now on."""
        arguments = [str(self._exporter.logs), "--rate", str(rate), "--scenario", scenario]
        process = subprocess.Popen([sys.executable, "-m", "exporter", "demo", *arguments], cwd=ROOT)
        self._ends.callback(process.wait, DEADLINE)
        self._ends.callback(process.terminate)

    def write(self, line: bytes) -> None:
        """Appends a line to a log of personas beside the demo's."""
        self._exporter.write(line, name="persona/generation_by_hand.log")

    def scraped(self, times: int) -> None:
        """Waits for some scrapes more."""
        so_far = self._now(SCRAPES)
        self._until(f"{SCRAPES} >= {so_far + times}")

    def restart(self) -> None:
        """Ends the exporter, and starts it again when Prometheus has told that it is down."""
        assert 0 == self._exporter.end()
        self._until(f"exporter:down and on () {DOWN}")
        self._exporter.start()
        self._until(UP)

    def grafana(self) -> Grafana:
        """Looks at what there is up to the last scrape, whatever comes later."""
        self._until(WELL)
        return Grafana(
            self.prometheus,
            start=self._start,
            end=self._now(f"min(timestamp({JOBS}))"),
            step=2 * SCRAPE_SECONDS,
            scrape=SCRAPE_SECONDS,
            before=BEFORE_SECONDS,
        )

    def _until(self, condition: str) -> None:
        """Waits until a query has values."""
        until(lambda: self.prometheus.query(condition), seconds=PATIENCE)

    def _now(self, expression: str) -> float:
        """The one value that a query has."""
        (value,) = self.prometheus.query(expression).values()
        return value
