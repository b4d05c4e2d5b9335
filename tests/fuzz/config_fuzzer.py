"""Fuzzes configurations."""

from collections.abc import Iterator

from exporter.config import Config
from exporter.config.reading import parse
from exporter.pipeline import discover
from tests.fuzz.mistakes import SOURCE, SYNTAX, read
from tests.fuzz.target import LOGS, Target

KINDS = discover()
ENVIRON = {"LOGS": "/logs", "EMPTY": "", "ODD": "a: [b\n\0\ud800"}
WORDS = (
    *("${LOGS}", "${ODD}", "${NOPE:-x}", "1h30m"),
    *("pipelines", "listen", "state", "host", "limits", "disks", "directories", "processes", "paths", "start", "end"),
    *("poll_seconds", "catchup_timeout", "birth_hold", "series_per_metric", "line_bytes", "connections", "run_ttl"),
    *("batch_size", "price_per_1000_tokens", "persona", "attempts", "crawl", "tagger", "clustering", "distillation"),
)


def parsed(text: str) -> Config:
    """The configuration that a text is."""
    return parse(text, source=SOURCE, pipelines=KINDS, environ=ENVIRON)


def check(data: bytes) -> None:
    """Reads a configuration's text."""
    read(parsed, data)


def seeds() -> Iterator[bytes]:
    """The configurations that come with the exporter."""
    for path in (*sorted(LOGS.rglob("config.yml")), *sorted(LOGS.parents[1].glob("docs/*.yml"))):
        yield path.read_bytes()


TARGET = Target(check, seeds, (*SYNTAX, *WORDS))
