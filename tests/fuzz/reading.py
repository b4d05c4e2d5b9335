"""Reads a log through the real engine, however much at a time, and tells what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.decode import Reason
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.follow import file
from exporter.intake import Refused
from exporter.metric import copied
from tests.engines import config, counted
from tests.fuzz.corpus import KINDS

CHUNK_SIZES = (1, 7, 4096, 1 << 20)


@dataclass
class Outcome:
    """What became of a stream: its lines by what they are, in which log and where each refused one began and why, and
    the page."""

    lines: int
    records: int
    skipped: int
    size: int
    refused: dict[tuple[str, int], Reason]
    classic: bytes
    openmetrics: bytes


def outcome(stream: str, path: Path, chunk_bytes: int, patch: pytest.MonkeyPatch, **limits: Any) -> Outcome:
    """What becomes of one log (or what a glob matches), read `chunk_bytes` at a time."""
    patch.setattr(file, "CHUNK_BYTES", chunk_bytes)
    pipeline, _, name = stream.partition(".")
    refused: list[Refused] = []
    engine = Engine(config({pipeline: {name: path}}, kinds=KINDS, **limits), KINDS, on_refused=refused.append)
    engine.scan(settled=True)
    for _ in engine.read_all():
        pass
    engine.settle()
    shown = copied(engine.metrics())
    numbers = counted(engine, pipeline, name)
    engine.close()
    assert numbers["rejected"] == len(refused)
    return Outcome(
        numbers["lines"],
        numbers["records"],
        numbers["skipped"],
        numbers["bytes"],
        {(one.log, one.offset): one.reason for one in refused},
        CLASSIC.text(shown),
        OPENMETRICS.text(shown),
    )


def write(path: Path, lines: Iterable[bytes]) -> list[int]:
    """Writes whole lines; returns where each begins."""
    starts = []
    with path.open("wb") as log:
        for line in lines:
            starts.append(log.tell())
            log.write(line + b"\n")
    return starts
