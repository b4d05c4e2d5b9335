"""What does the server spend on a scrape of so many series, and how long does it take?"""

import gzip
import time
from contextlib import nullcontext
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from benchmarks import logs, page
from benchmarks.child import Served, served
from benchmarks.figure import Figure, Found, Sizes, Table, number, say
from benchmarks.neighbour import neighbour
from benchmarks.serving import config_for_persona
from benchmarks.watching import cpu_seconds

CPU_MS = {10_000: 10.0, 100_000: 150.0}
"""The targets, by the number of series."""
GZIP = "OpenMetrics, gzip"
FORMATS = {
    GZIP: {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"},
    "OpenMetrics": {"Accept": "application/openmetrics-text;version=1.0.0"},
    "classic": {},
}
APPENDED = 100
"""Lines that are appended before each scrape: the runs that are there go on."""
WHY = (
    "The floor is what every scrape costs, however few series there are: the request, the host's figures, the disk's "
    "part; and after a second's rest the caches of the processor are cold."
)
RESTING = f"{GZIP}, machine at rest"


def run(directory: Path, sizes: Sizes) -> Found:
    """GET /metrics of persona runs while a log grows: CPU time of the whole process, all threads and the kernel's work
    for it, from before the request until the answer is there; and wall time. Each scrape gets a page of its own, made
    durable first. Prometheus asks for OpenMetrics and gzip. A neighbour is at work, where a row does not say
    otherwise: see [Idle](#idle).
    """
    figures, rows = [], []
    for samples in sizes.samples:
        folder = directory / str(samples)
        folder.mkdir()
        lines = list(page.many_runs(samples))
        logs.write(folder / "0.log", iter(lines))
        with served(*config_for_persona(folder, batch_size=page.BATCH_SIZE)) as exporter:
            found = len(page.SAMPLE.findall(exporter.fetch()))
            for name, headers in {**FORMATS, RESTING: FORMATS[GZIP]}.items():
                say(f"scrape: {found:,} series, {name}, {sizes.scrapes} times")
                with nullcontext() if name == RESTING else neighbour():
                    spent, took, size = _scrapes(exporter, folder / "1.log", lines, headers, sizes)
                peak = page.peak_mib(exporter.process.pid) or 0
                values = min(spent), median(spent), min(took), size / 1e6, peak
                rows.append((f"{found:,}", name, *map(number, values)))
                if name == GZIP:
                    note = f"least of {len(spent)}, median {median(spent):.1f}; {found:,} series"
                    what = f"CPU of a scrape of {samples:,} series"
                    figures.append(Figure(what, min(spent), "ms", at_most=CPU_MS.get(samples), note=note, why=WHY))
    head = (
        "Series",
        "Format",
        "CPU, least (ms)",
        "CPU, median (ms)",
        "wall, least (ms)",
        "size (MB)",
        "peak memory so far (MiB)",
    )
    return [*figures, Table("By format", head, rows)]


def _scrapes(
    exporter: Served, log: Path, lines: list[str], headers: dict[str, str], sizes: Sizes
) -> tuple[list[float], list[float], int]:
    """CPU and wall time in milliseconds of each scrape, and the size of the last one's body."""
    going_on = cycle(lines)
    spent, took, body = [], [], b""
    exporter.fetch(headers=headers)
    for _ in range(sizes.scrapes):
        with log.open("a", encoding="utf-8") as file:
            file.writelines(islice(going_on, APPENDED))
        time.sleep(sizes.fresh_seconds)
        before, started = cpu_seconds(exporter.process.pid), time.perf_counter()
        body = exporter.fetch(headers=headers)
        took.append(1000 * (time.perf_counter() - started))
        spent.append(1000 * (cpu_seconds(exporter.process.pid) - before))
    assert b"# EOF" in (gzip.decompress(body) if "Accept-Encoding" in headers else body) or not headers
    return spent, took, len(body)
