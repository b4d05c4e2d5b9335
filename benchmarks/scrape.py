"""How long does a scrape of 10 000 series take, in each format?"""

import gzip
import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks import logs
from benchmarks.child import Served, served
from benchmarks.figure import Figure, Sizes, say, spread
from benchmarks.serving import config_for_persona

SECONDS = 0.25
RUN_PERSONAS = 1_100
"""Enough to close a batch, so that a run shows all that it can."""
FORMATS = {
    "classic": {},
    "OpenMetrics": {"Accept": "application/openmetrics-text;version=1.0.0"},
    "OpenMetrics, gzip (as Prometheus asks)": {
        "Accept": "application/openmetrics-text;version=1.0.0",
        "Accept-Encoding": "gzip",
    },
}
SAMPLE = re.compile(rb"^[^#\n]", re.MULTILINE)


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """The wall time of GET /metrics where the page has to be made anew: of persona runs, and of counters alone."""
    figures = []
    for name, what, lines in (
        ("runs", f"{sizes.runs} persona runs", many_runs(sizes.runs)),
        ("counters", f"{sizes.counters:,} label sets of one counter", many_counters(sizes.counters)),
    ):
        say(f"scrape: {what}")
        (directory / name).mkdir()
        logs.write(directory / name / "generation.log", lines)
        with served(*config_for_persona(directory / name)) as exporter:
            figures += _scrapes(exporter, what, sizes, FORMATS if name == "runs" else {"classic": {}})
    return figures


def many_runs(runs: int) -> Iterator[str]:
    """Whole small runs of plausible attempts."""
    lines = round(runs * RUN_PERSONAS * 1.08)
    return logs.persona_lines(lines, run_personas=RUN_PERSONAS, first_run=1000)


def many_counters(counters: int) -> Iterator[str]:
    """Attempts whose opening moves are all different, for one metric with so many label sets."""
    for number, line in enumerate(islice(logs.persona_lines(counters, first_run=2000), counters)):
        yield re.sub('"opening_move": "[^"]*"', f'"opening_move": "opening_{number:05}"', line, count=1)


def _scrapes(exporter: Served, what: str, sizes: Sizes, formats: dict[str, dict[str, str]]) -> list[Figure]:
    series = len(SAMPLE.findall(exporter.fetch()))
    figures = []
    for name, headers in formats.items():
        say(f"scrape: {name}, {sizes.scrapes} times")
        seconds, size = [], 0
        for _ in range(sizes.scrapes):
            time.sleep(sizes.fresh_seconds)
            started = time.perf_counter()
            body = exporter.fetch(headers=headers)
            seconds.append(time.perf_counter() - started)
            size = len(body)
            assert len(gzip.decompress(body) if "Accept-Encoding" in headers else body) > series
        note = f"{series:,} series, {what}, {size / 1e6:.2f} MB; {spread(seconds, 3)}"
        figures.append(Figure(f"GET /metrics, {name}", median(seconds), "s", at_most=SECONDS, note=note))
    return figures
