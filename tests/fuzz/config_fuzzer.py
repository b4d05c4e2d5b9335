"""Fuzzes configurations: any text is one, or has mistakes, each on a line of its own with its place."""

import re
from collections.abc import Iterator

from exporter.config import ConfigError, Mistake, parse
from exporter.pipeline import discover
from tests.fuzz.target import LOGS, Target

KINDS = discover()
ENVIRON = {"LOGS": "/logs", "EMPTY": "", "ODD": "a: [b\n\0\ud800"}
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def check(data: bytes) -> None:
    """Reads a configuration's text."""
    text = data.decode(errors="replace")
    last = len(_LINE_END.split(text)) + 1
    mistakes: tuple[Mistake, ...] = ()
    try:
        parse(text, source="c.yml", pipelines=KINDS, environ=ENVIRON)
    except ConfigError as error:
        mistakes = error.mistakes
    for mistake in mistakes:
        line = str(mistake)
        assert 1 <= int(mistake.place.removeprefix("c.yml:")) <= last
        assert line.startswith(f"{mistake.place}: ")
        assert all(character >= " " for character in line)


def seeds() -> Iterator[bytes]:
    """The configurations that come with the exporter."""
    for path in (*sorted(LOGS.rglob("config.yml")), *sorted(LOGS.parents[1].glob("docs/*.yml"))):
        yield path.read_bytes()


WORDS = (
    *(
        ": ",
        "\n  ",
        "- ",
        "&a ",
        "*a",
        "${",
        "${LOGS}",
        "${ODD}",
        "${NOPE:-x}",
        "$${",
        "!!str ",
        "|",
        ">",
        "#",
        "'",
        '"',
    ),
    *(
        "\\U00110000",
        "\\ud800",
        "%YAML 1.2\n---\n",
        "<<: ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        "1e400",
        "0x10",
        "1h30m",
        ".inf",
        "~",
    ),
    *("pipelines", "listen", "state", "host", "limits", "disks", "directories", "processes", "paths", "start", "end"),
    *("poll_seconds", "catchup_timeout", "birth_hold", "series_per_metric", "line_bytes", "connections", "run_ttl"),
    *("batch_size", "price_per_1000_tokens", "persona", "attempts", "crawl", "tagger", "clustering", "distillation"),
)

TARGET = Target(check, seeds, WORDS)
