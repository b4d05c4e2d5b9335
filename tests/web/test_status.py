"""The status page: what people see, nothing of it unescaped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.engine import Engine
from exporter.web.status import StreamStatus, describe, page
from tests.engines import KINDS, attempt, config, read
from tests.web.page import Parsed

NOW = 1_769_904_000.0


def stream(**fields: Any) -> StreamStatus:
    plain: dict[str, Any] = {
        "pipeline": "persona",
        "stream": "attempts",
        "paths": ["/logs/a.log"],
        "lines": 1234,
        "rejected": {},
        "lag": 0,
        "last_record": NOW - 7300,
        "unfollowed": {},
    }
    return StreamStatus(**plain | fields)


def shown(*streams: StreamStatus, backlog: int = 0, failure: str | None = None) -> str:
    return page(streams, backlog=backlog, failure=failure, now=NOW)


def test_a_stream_is_described_as_it_stands(tmp_path: Path) -> None:
    """What was read, what was refused, what is left."""
    log = tmp_path / "a.log"
    log.write_bytes(attempt(ts=60) * 3 + b"nope\n{")
    (tmp_path / "b.log").mkdir()
    engine = read(Engine(config({"persona": {"attempts": tmp_path / "*.log"}}), KINDS))
    expected = StreamStatus(
        "persona",
        "attempts",
        paths=[str(log)],
        lines=4,
        rejected={"invalid_json": 1},
        lag=1,
        last_record=60,
        unfollowed={str(tmp_path / "b.log"): "directory"},
    )
    assert [expected] == describe(engine)


def test_the_page_says_what_is_read() -> None:
    """Counts, sizes and ages, in units that people read."""
    text = Parsed(shown(stream(lag=2048, rejected={"invalid_json": 1, "too_long": 1200}))).text
    for part in (
        "persona",
        "attempts",
        "/logs/a.log",
        "1,234",
        "2.0 KiB",
        "2 h ago",
        "invalid_json: 1, too_long: 1,200",
    ):
        assert part in text


def test_a_stream_without_files_waits() -> None:
    """That nothing is there is no mistake."""
    text = Parsed(shown(stream(paths=[], last_record=None))).text
    assert "waiting for the first file" in text
    assert "none yet" in text


def test_many_files_are_not_all_listed() -> None:
    """A page of a thousand rotated files would help nobody."""
    assert "and 990 more" in Parsed(shown(stream(paths=[f"/logs/{at}" for at in range(1000)]))).text


@pytest.mark.parametrize(("backlog", "failure"), [(0, None), (5 * 1024**3, None), (0, "No space left on device")])
def test_what_is_not_well_is_said_first(backlog: int, failure: str | None) -> None:
    """A backlog and a snapshot that failed."""
    text = shown(stream(), backlog=backlog, failure=failure)
    assert bool(backlog) == ("5.0 GiB" in text)
    assert bool(failure) == ("No space left" in text)


EVIL = "<script>alert('\"&')</script>"


def fields() -> Iterator[tuple[str, Any]]:
    yield from (("pipeline", EVIL), ("stream", EVIL), ("paths", [EVIL]))
    yield from (("rejected", {EVIL: 1}), ("unfollowed", {EVIL: EVIL}))


@pytest.mark.parametrize("field", dict(fields()))
def test_nothing_becomes_markup(field: str) -> None:
    """A file's name is a text, whatever it is."""
    parsed = Parsed(shown(stream(**{field: dict(fields())[field]}), failure=EVIL))
    assert "script" not in parsed.tags
    assert EVIL in parsed.text


@pytest.mark.parametrize(
    ("expected", "moment"),
    [
        ("1e+30", 1e30),
        ("-1e+30", -1e30),
        ("9007199254740992.0", float(2**53)),
        ("1970-01-01 00:00:00 |(20485 d ago)", 0.0),
        ("2026-02-12 13:46:40 |(11 d ahead)", NOW + 1e6),
    ],
)
def test_a_record_of_any_time_is_shown(expected: str, moment: float) -> None:
    """Far future and past are data; what no calendar has is a number."""
    assert f"|{expected}|" in Parsed(shown(stream(last_record=moment))).text
