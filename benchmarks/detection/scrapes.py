"""What a scraper sees of a run while the exporter follows its log.

In come attempts, step by step; out go the values of every series that the rules ask for, one for each scrape. The log
is a real file, followed, decoded, folded and shown by the real exporter; only its server is left out.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import yaml

from benchmarks.detection.attempts import Attempt
from exporter.config.reading import parse
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.metric import copied
from exporter.pipeline import discover

RULES = Path(__file__).parents[2] / "prometheus" / "rules" / "persona.yml"
MISSING = "_"
"""How promtool writes that a scrape has no such series."""
KINDS = discover()
_METRIC = re.compile(r"\bpersona_\w+")

Series = dict[str, list[str]]
"""A value for each scrape, by the series as it is written in an exposition."""


@cache
def asked() -> set[str]:
    """The exporter's metrics that the rules name."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {name for group in groups for rule in group["rules"] for name in _METRIC.findall(rule["expr"])}


def scraped(folder: Path, steps: Iterable[list[Attempt]], *, batch_size: int, quiet: int) -> Series:
    """The series of a run whose log, in `folder`, grows by a step before each scrape, and then is quiet for a while."""
    log = folder / "generation.log"
    text = f"pipelines: {{persona: {{attempts: '{log}', batch_size: {batch_size}}}}}"
    engine = Engine(parse(text, source="detection", pipelines=KINDS, environ={}), KINDS)
    seen: Series = {}
    scrapes = 0
    with log.open("wb") as file:
        for scrapes, attempts in enumerate(steps, 1):
            file.write(msgspec.json.Encoder().encode_lines(attempts))
            file.flush()
            for series, value in _scrape(engine):
                values = seen.setdefault(series, [])
                values += [MISSING] * (scrapes - 1 - len(values)) + [value]
    engine.close()
    return {
        series: values + [values[-1] if len(values) == scrapes else MISSING] * (scrapes - len(values) + quiet)
        for series, values in seen.items()
    }


def _scrape(engine: Engine) -> Iterator[tuple[str, str]]:
    engine.scan()
    for _ in engine.read_all():
        pass
    engine.settle()
    page = CLASSIC.text(copied(metric for metric in engine.metrics() if metric.name in asked())).decode()
    for line in page.splitlines():
        if not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            yield series, value
