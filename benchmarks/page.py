"""An exporter without a server, to make pages of, and the logs that give it as many series as a benchmark needs.

A persona run is short, and its batches are small, so that it shows all that it can after some 65 lines.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from msgspec.structs import replace

from benchmarks import logs
from exporter import config, demo
from exporter.births import Births
from exporter.config import Config, Limits
from exporter.engine import Engine
from exporter.pipeline import discover

KINDS = discover()
BATCH_SIZE = 50
RUN_PERSONAS = 60
RUN_SAMPLES = 155
"""About so many samples are shown of a run."""
SERIES = 110_000
"""Room for more series than anybody should have."""
SAMPLE = re.compile(rb"^[^#\n]", re.MULTILINE)


def config_of(logs: list[str]) -> Config:
    """What is to be read, as `PIPELINE[.STREAM]=PATH`."""
    pipelines = config.with_logs(None, logs, pipelines=KINDS).pipelines
    if persona := pipelines.get("persona"):
        pipelines["persona"] = replace(persona, options=replace(persona.options, batch_size=BATCH_SIZE))
    return Config(pipelines=pipelines, limits=Limits(series_per_metric=SERIES))


def read(engine: Engine) -> Births:
    """Reads everything that is there and shows it at once."""
    engine.scan()
    for _ in engine.read_all():
        pass
    births = Births(0)
    births.admit(engine.metrics())
    return births


def many_runs(samples: int) -> Iterator[str]:
    """Whole small runs of plausible attempts, of which about so many samples are shown."""
    lines = round(max(1, samples // RUN_SAMPLES) * RUN_PERSONAS * 1.08)
    return logs.persona_lines(lines, run_personas=RUN_PERSONAS, first_run=1000)


def write_mix(directory: Path, samples: int) -> list[str]:
    """Logs of persona runs, for three quarters of the samples, and of crawled domains and tags."""
    persona = logs.write(directory / "generation.log", many_runs(samples * 3 // 4))
    metadata = logs.write(directory / "metadata.jsonl", _crawl("metadata", samples // 3))
    failures = logs.write(directory / "failures.jsonl", _crawl("failures", samples // 7))
    return [f"persona={persona}", f"crawl.metadata={metadata}", f"crawl.failures={failures}"]


def write_counters(directory: Path, samples: int) -> list[str]:
    """A log for one counter with so many label sets: attempts whose opening moves are all different."""
    attempts = enumerate(islice(logs.persona_lines(samples, first_run=2000), samples))
    lines = (
        re.sub('"opening_move": "[^"]*"', f'"opening_move": "opening_{at:06}"', line, count=1) for at, line in attempts
    )
    return [f"persona={logs.write(directory / 'generation.log', lines)}"]


def _crawl(stream: str, count: int) -> Iterator[str]:
    """Lines of the crawler: a domain of its own for each, and some 300 tags."""
    made = demo.lines("crawl", stream, min(count, 1000), start=datetime(2026, 1, 31, tzinfo=UTC))
    for number, line in enumerate(islice(cycle(list(made)), count)):
        line = re.sub('"url": "[^"]*"', f'"url": "https://site-{number:05}.example.org/{number}"', line, count=1)
        yield re.sub(r'"tags": \[[^]]*\]', f'"tags": ["tag-{number % 301:03}"]', line, count=1) + "\n"


def peak_mib(process: int) -> float | None:
    """The most memory that it ever had, where the system tells."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)
