"""The exporter's own log: JSON lines for machines, something readable for people, and never a raw line."""

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from exporter.decode import Reason
from exporter.intake import Refused
from exporter.ownlog import RefusedLog, set_up
from exporter.telling import Seldom, escaped
from tests.clock import Clock


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    yield
    structlog.reset_defaults()


class Said:
    """What was written to standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


def refused(reason: Reason = Reason.INVALID_JSON, *, stream: str = "attempts", text: bytes = b"{") -> Refused:
    return Refused("persona", stream, "/logs/a.log", 7, 3, reason, text)


# Settings


def test_entries_are_json_with_level_and_time(stderr: Said) -> None:
    """One line each, in UTC."""
    set_up({})
    structlog.get_logger().info("ready", url="http://ș")
    (entry,) = stderr.entries()
    assert {"event": "ready", "url": "http://ș", "level": "info"} == {
        name: entry[name] for name in ("event", "url", "level")
    }
    assert entry["timestamp"].endswith("Z")


def test_an_exception_is_part_of_its_line(stderr: Said) -> None:
    """A traceback is no line of its own."""
    set_up({})
    structlog.get_logger().error("failed", exc_info=ZeroDivisionError("no"))
    (entry,) = stderr.entries()
    assert "ZeroDivisionError: no" in entry["exception"]


def test_people_get_something_readable(stderr: Said) -> None:
    """`LOG_FORMAT=console` is for a terminal; colours are left out elsewhere."""
    set_up({"LOG_FORMAT": "console"})
    structlog.get_logger().info("ready", url="http://x")
    assert "ready" in stderr.text()
    assert "url=http://x" in stderr.text()
    assert "\x1b" not in stderr.text()


@pytest.mark.parametrize(
    ("level", "events"),
    [("debug", "dwe"), ("info", "we"), ("", "we"), ("WARNING", "we"), ("error", "e"), (None, "we")],
)
def test_the_level_says_what_is_left_out(level: str | None, events: str, stderr: Said) -> None:
    """An empty variable is none, as compose files pass it."""
    set_up({} if level is None else {"LOG_LEVEL": level, "LOG_FORMAT": ""})
    log = structlog.get_logger()
    log.debug("d")
    log.warning("w")
    log.error("e")
    assert events == "".join(entry["event"] for entry in stderr.entries())


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL=loud: no such level (there are: debug, info, warning, error)"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT=xml: no such format (there are: json, console)"),
    ],
)
def test_wrong_settings_are_refused(environ: dict[str, str], error: str) -> None:
    """The text names the variable and the way out."""
    with pytest.raises(ValueError) as raised:
        set_up(environ)
    assert error == str(raised.value)


def test_a_log_that_nobody_reads_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed or broken standard error is no reason to stop counting."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    set_up({})
    closed = io.StringIO()
    closed.close()
    for stream in (Broken(), closed):
        monkeypatch.setattr(sys, "stderr", stream)
        structlog.get_logger().error("x")


# Refused lines


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_standard_error_that_was_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Python has None in its place, as when it is started with `2>&-`."""
    monkeypatch.setattr(sys, "stderr", None)
    set_up({"LOG_FORMAT": form})
    structlog.get_logger().info("ready")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"", ""),
        (b'{"a": "b\\n"}', '{"a": "b\\n"}'),
        (b"\x00\x1b[31m\r\x7f", r"\x00\x1b[31m\x0d\x7f"),
        ("ș".encode(), r"\xc8\x99"),
        (b"\xff\xfe", r"\xff\xfe"),
        (b"x" * 100, "x" * 80),
        (b"\x00" * 100, r"\x00" * 20),
    ],
)
def test_what_is_shown_of_a_line_is_short_and_harmless(text: bytes, shown: str) -> None:
    """No control character reaches a terminal, no line fills a log."""
    assert shown == escaped(text)


def test_a_refused_line_is_reported_with_its_place(stderr: Said) -> None:
    """Who looks for it finds it."""
    set_up({})
    RefusedLog()(refused(text=b"\x1b" * 500))
    (entry,) = stderr.entries()
    del entry["timestamp"]
    assert {
        "event": "line_rejected",
        "level": "warning",
        "pipeline": "persona",
        "stream": "attempts",
        "log": "/logs/a.log",
        "offset": 7,
        "reason": "invalid_json",
        "text": r"\x1b" * 20,
        "unreported": 0,
    } == entry


def test_refused_lines_are_reported_once_a_minute_for_each_reason(stderr: Said) -> None:
    """A broken producer does not fill the disk; how many were passed over is told."""
    set_up({})
    clock = Clock()
    log = RefusedLog(elapsed=clock)
    for _ in range(1000):
        log(refused())
        log(refused(Reason.WRONG_TYPE))
        log(refused(stream="other"))
    assert 3 == len(stderr.entries())
    clock.now += 60
    log(refused())
    assert 999 == stderr.entries()[-1]["unreported"]
    clock.now += 60
    log(refused())
    assert 0 == stderr.entries()[-1]["unreported"]


def test_seldom_is_once_a_minute() -> None:
    """It tells how often it said no meanwhile."""
    clock = Clock()
    may = Seldom(elapsed=clock)
    said = []
    for _ in range(5):
        said.append(may())
        clock.now += 25
    assert [0, None, None, 2, None] == said
