"""A scraper that holds every page against the one before it and against the ledger.

In come pages; out come the first thing that is wrong, and how many steps went backward.
"""

import http.client
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from tests.torture.ledger import Ledger

SCRAPE_SECONDS = 0.02
OPENMETRICS_EVERY = 7
"""One page in so many is asked for in OpenMetrics, which says when each series began."""

OPENMETRICS = "application/openmetrics-text;version=1.0.0"

Samples = dict[str, float]

CUMULATIVE = ("_total", "_bucket", "_count", "_sum", "_created")
LIVE = ("host_", "process_", "python_", "pipeline_exporter_host_")
"""What is read from the machine when somebody asks, and belongs to no log."""


def parsed(text: str) -> Samples:
    """The samples of a page that grow: of counters and histograms, and when they began. By their text."""
    samples = {}
    for line in text.split("\n"):
        if line and line[0] != "#":
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0].endswith(CUMULATIVE) and not series.startswith(LIVE):
                samples[series] = float(value)
    return samples


class Watch:
    """Scrapes `port` until it is told to stop. A process that is down answers nothing, and that is no fault.

    `forgets` says which series may start anew or vanish now.
    """

    def __init__(self, port: int, ledger: Ledger, *, forgets: Callable[[str], bool] = lambda series: False) -> None:
        self.scrapes = 0
        self.refusals = 0
        """Pages that the gate kept back."""
        self.backward = 0
        self.faults: list[str] = []
        self.last: Samples = {}
        """The last page in the classic format."""
        self._port = port
        self._ledger = ledger
        self._forgets = forgets
        self._created: Samples = {}
        self._scraped = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_page(self, patience: float) -> bool:
        """Waits for the next page; whether one came."""
        with self._scraped:
            return self._scraped.wait(patience)

    def fault(self, text: str) -> None:
        """Notes something that is wrong."""
        self.faults.append(f"scrape {self.scrapes}: {text}")

    def _run(self) -> None:
        due = monotonic()
        while not self._stop.wait(max(0.0, due - monotonic())):
            due = max(due + SCRAPE_SECONDS, monotonic())
            with suppress(OSError, http.client.HTTPException):
                self._scrape()

    def _scrape(self) -> None:
        openmetrics = (self.scrapes + self.refusals) % OPENMETRICS_EVERY == 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS if openmetrics else "text/plain"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status == 200:
            self.judge(parsed(text), openmetrics=openmetrics)
        elif response.status == 503 and "{" not in text:
            self.refusals += 1
        else:
            self.fault(f"{response.status} {text[:200]!r}")

    def judge(self, page: Samples, *, openmetrics: bool) -> None:
        """Holds a page against what is known."""
        self.scrapes += 1
        before = self._created if openmetrics else self.last
        for series, value in before.items():
            now = page.get(series)
            moved = now is None or (now != value if is_time(series) else now < value)
            if moved and not self._forgets(series):
                self.backward += 1
                self.fault(f"{series} went from {value!r} to {now!r}")
        self._judge_lines(page)
        with self._scraped:
            if openmetrics:
                self._created = {series: value for series, value in page.items() if is_time(series)}
            else:
                self.last = page
            self._scraped.notify_all()

    def _judge_lines(self, page: Samples) -> None:
        """Every line is a record, skipped or rejected, and none is counted that was not written."""
        written = self._ledger.lines()
        for (pipeline, stream), lines in written.items():
            counted = {name: counted_lines(page, pipeline, stream, name) for name in ("lines", "records")}
            refused = counted_lines(page, pipeline, stream, "skipped_lines")
            refused += sum(
                value
                for series, value in page.items()
                if series.startswith("pipeline_exporter_rejected_lines_total")
                and f'pipeline="{pipeline}"' in series
                and f'stream="{stream}"' in series
            )
            if counted["lines"] != counted["records"] + refused:
                self.fault(f"{pipeline}.{stream}: {counted} are not conserved, {refused} were refused")
            if counted["lines"] > lines:
                self.fault(f"{pipeline}.{stream}: {counted['lines']} lines are counted, {lines} written")


def is_time(series: str) -> bool:
    """Whether a series tells when another one began."""
    return series.partition("{")[0].endswith("_created")


def counted_lines(page: Samples, pipeline: str, stream: str, what: str) -> float:
    """A counter of the exporter about its reading; 0 where the page has none."""
    return page.get(f'pipeline_exporter_{what}_total{{pipeline="{pipeline}",stream="{stream}"}}', 0.0)
