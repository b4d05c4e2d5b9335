"""Exporter, Prometheus, Alertmanager and a webhook, each as it is run, beside each other on loopback.

Rules and routes are those that `render` writes, prometheus.yml is the repository's; only addresses and time differ.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import yaml

from exporter.demo import BATCH_SIZE
from exporter.indicator import SEVERITIES
from tests.e2e.alertmanager import Alertmanager
from tests.e2e.compressed import compressed
from tests.e2e.mailbox import Mailbox
from tests.e2e.page import Page, pages
from tests.e2e.prometheus import Prometheus, configured
from tests.e2e.serving import Serving, free_port, until
from tests.exposition import key
from tests.render.rendered import render

INTERVALS = {"scrape_interval": "500ms", "evaluation_interval": "250ms"}
"""Not as short as time is compressed: a scrape may take so long and no longer, and the machine may be busy."""
PATIENCE = 60.0
"""Seconds after which what a test waits for counts as never, on a machine that is busy with other things."""
SAID_CHARACTERS = 8_000
"""So much of what each server said last is shown where a test fails."""
SCRAPED = 'sum(up{job=~"pipeline-exporter(-self)?"})'
"""How many of the exporter's two jobs are scraped."""
MACHINE = "host"
"""The pipeline of alerts about the machine itself, which may be busy, and then says so: they are no test's subject."""
HOOK = "/alerts"
HELD = """
import time
from pathlib import Path
from exporter.engine import Engine
steps = Engine.steps
def held(self):
    while not Path({gate!r}).exists():
        time.sleep(0.01)
        yield
    yield from steps(self)
Engine.steps = held
"""
"""Reads nothing until there is a file, so that a test decides how long catching up takes."""


class Stack:
    """The whole way from a log to a page. Begins with `start`; ends, all of it, with `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ends = ExitStack()
        self.mailbox = Mailbox()
        self._ends.callback(self.mailbox.close)
        self.exporter = Serving(folder)
        self._ends.callback(self.exporter.close)
        self.alertmanager = Alertmanager(folder, folder / "alertmanager" / "alertmanager.yml")
        self._ends.callback(self.alertmanager.close)
        self.prometheus = Prometheus(folder, folder / "prometheus" / "prometheus.yml")
        self._ends.callback(self.prometheus.close)

    def __str__(self) -> str:
        """What each has to say."""
        said = {
            "exporter": self.exporter.stderr.read_text() if self.exporter.starts else "",
            "prometheus": self.prometheus.said,
            "alertmanager": self.alertmanager.said,
            "webhook": "".join(f"{page.receiver}: {page.status} {page.labels}\n" for page in self.pages()),
        }
        return "\n".join(f"--- {name}\n{text[-SAID_CHARACTERS:]}" for name, text in said.items())

    # Its beginning and end

    def start(self) -> None:
        """Starts all, and waits until each knows the next and nothing fires.

        For rules with so short a `for`, an exporter that Prometheus has yet to find is down.
        """
        self._render()
        self.exporter.configure(listen=f"127.0.0.1:{free_port()}", pipelines=self._pipelines())
        self.exporter.start()
        self.alertmanager.start()
        addresses = {
            "exporter:10210": self.exporter.port,
            "alertmanager:9093": self.alertmanager.port,
            "localhost:9090": self.prometheus.port,
        }
        here = {address: f"127.0.0.1:{port}" for address, port in addresses.items()}
        (self.folder / "prometheus" / "prometheus.yml").write_text(configured(here, **INTERVALS))
        self.prometheus.start()
        until(lambda: self.prometheus.query(SCRAPED) == {"": 2}, seconds=PATIENCE)
        until(self.prometheus.alertmanagers, seconds=PATIENCE)
        self.until_quiet()

    def close(self) -> None:
        """Ends all."""
        self._ends.close()

    # What is done to it

    def write(self, lines: bytes, *, name: str = "generation.log") -> None:
        """Appends to a log that the exporter follows."""
        self.exporter.write(lines, name=name)

    @contextmanager
    def exporter_catching_up(self) -> Iterator[None]:
        """Starts it; meanwhile, it has not yet read what was written before."""
        gate = self.folder / f"gate {self.exporter.starts}"
        try:
            self.exporter.start(code=HELD.format(gate=str(gate)), ready=False)
            yield
        finally:
            gate.touch()

    @contextmanager
    def quiet_runs_expiring(self) -> Iterator[None]:
        """Meanwhile, a run leaves the exposition when nothing was written to it for a second."""
        try:
            self._reload(run_ttl="1s")
            yield
        finally:
            self._reload()

    # What comes of it

    def pages(self, **labels: str) -> list[Page]:
        """What the webhook was told up to now about alerts with these labels."""
        return [page for page in pages(self.mailbox.at(HOOK)) if page.is_about(**labels)]

    def firing(self, alert: str, **labels: str) -> Page:
        """The first page about an alert, once it has arrived."""
        return self._arrived("firing", alertname=alert, **labels)

    def resolved(self, alert: str, **labels: str) -> Page:
        """The first message that an alert is over, once it has arrived."""
        return self._arrived("resolved", alertname=alert, **labels)

    def inhibitors(self, page: Page) -> list[str]:
        """The fingerprints of the alerts behind which Alertmanager has an alert wait."""
        found = [alert for alert in self.alertmanager.alerts() if alert["fingerprint"] == page.fingerprint]
        return [fingerprint for alert in found for fingerprint in alert["status"]["inhibitedBy"]]

    def alerts(self) -> dict[str, float]:
        """What fires in Prometheus, but for alerts about the machine."""
        return self.prometheus.query(f'ALERTS{{alertstate="firing",pipeline!="{MACHINE}"}}')

    def recorded(self, name: str, **labels: str) -> list[tuple[float, float]]:
        """Time and value of all that Prometheus has of one series."""
        (samples,) = self.prometheus.samples(f"{key(name, **labels)}[1h]", time()).values()
        return samples

    # What is waited for

    def until_judged(self, run_id: str, batch: int) -> None:
        """Until Prometheus has seen a batch of a run closed and has evaluated all rules since."""
        batches = key("persona_batches_total", run_id=run_id)
        until(lambda: self.prometheus.query(batches) == {batches: batch}, seconds=PATIENCE)
        self.until_evaluated()

    def until_evaluated(self) -> None:
        """Until Prometheus has evaluated all rules on what it knows now."""
        now = datetime.now(UTC)
        until(lambda: min(self.prometheus.evaluations().values()) > now, seconds=PATIENCE)

    def until_quiet(self) -> None:
        """Until no alert is active, but for those about the machine."""
        until(lambda: not self.alerts(), seconds=PATIENCE)
        until(lambda: {MACHINE} >= {alert["labels"]["pipeline"] for alert in self.alertmanager.alerts()})

    def _arrived(self, status: str, **labels: str) -> Page:
        return until(lambda: [page for page in self.pages(**labels) if page.status == status], seconds=PATIENCE)[0]

    # What is configured, and what is changed of it

    def _render(self) -> None:
        """Rules, and routes with every receiver turned on."""
        webhook = {"webhook": {"url": f"{self.mailbox.url}{HOOK}"}}
        done = render(self.folder, receivers=yaml.safe_dump(dict.fromkeys(SEVERITIES, webhook)))
        assert 0 == done.code, done.err
        for path in (*self.folder.glob("prometheus/rules/*.yml"), *self.folder.glob("alertmanager/*.yml")):
            path.write_text(compressed(path.read_text()))

    def _pipelines(self, **persona: Any) -> dict[str, Any]:
        logs = self.exporter.logs
        return {
            "persona": {"attempts": f"{logs}/generation*.log", "batch_size": BATCH_SIZE} | persona,
            "tagger": {"events": f"{logs}/tagger*.ndjson"},
        }

    def _reload(self, **persona: Any) -> None:
        self.exporter.configure(pipelines=self._pipelines(**persona))
        assert 200 == self.exporter.ask("POST", "/-/reload").status
