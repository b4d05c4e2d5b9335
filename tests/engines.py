"""A real engine over logs of a test's own, driven by hand, and persona's lines to write into them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exporter.config import Config, Limits, PipelineConfig, StreamConfig
from exporter.demo import lines as demo_lines
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.metric import copied
from exporter.pipeline import Kinds, Options, discover

KINDS = discover()
START = datetime(2026, 1, 31, tzinfo=UTC)

ATTEMPT = {
    "run_id": "25K_1",
    "persona_id": "p",
    "stage": "A",
    "status": "success",
    "latency_ms": 1,
    "prompt_tokens": 1,
    "completion_tokens": 1,
}
BAD = [b"", b"{", b"nope", b'{"run_id": "x"}', b"\xff", b'{"latency_ms": -1}', b"[]", b" ", b'{"stage": 1}', b"null"]


def attempt(**fields: Any) -> bytes:
    return json.dumps(ATTEMPT | fields).encode() + b"\n"


def _mixed() -> bytes:
    good = [line.encode() for line in demo_lines("persona", "attempts", 300, start=START, scenario="collapse")]
    return b"".join(line + b"\n" + BAD[at % len(BAD)] + b"\r\n" * (at % 3 == 0) + b"\n" for at, line in enumerate(good))


MIXED = _mixed()
"""A log with good and bad lines of every kind."""


def config(
    paths: Mapping[str, Mapping[str, Path | str]],
    *,
    kinds: Kinds = KINDS,
    options: Options | None = None,
    **limits: Any,
) -> Config:
    """A configuration that reads these paths, by pipeline and stream."""
    return Config(
        pipelines={
            name: PipelineConfig(
                streams={stream: StreamConfig(paths=(str(path),)) for stream, path in streams.items()},
                options=options or kinds[name].options_type(),
            )
            for name, streams in paths.items()
        },
        limits=Limits(**limits),
    )


def rounds(engine: Engine) -> Iterator[None]:
    """Reads what is there; yields after every step."""
    engine.scan()
    while True:
        yield from engine.steps()
        if not engine.unread():
            return


def read(engine: Engine) -> Engine:
    for _ in rounds(engine):
        pass
    return engine


def pipeline(engine: Engine) -> Any:
    """The only pipeline."""
    (only,) = engine.pipelines.values()
    return only


def exposition(engine: Engine) -> str:
    engine.settle()
    return CLASSIC.text(copied(engine.metrics())).decode()


def stored(engine: Engine) -> bytes:
    engine.settle()
    return engine.store()


def counted(engine: Engine, pipeline: str = "persona", stream: str = "attempts") -> dict[str, int]:
    """The counters of one stream by name; rejected lines in all."""
    itself = engine.itself
    counters = {"lines": itself.lines, "records": itself.records, "bytes": itself.bytes, "skipped": itself.skipped}
    found = {name: counter.cells[pipeline, stream][0] for name, counter in counters.items()}
    found["rejected"] = sum(
        cell[0] for labels, cell in itself.rejected.cells.items() if labels[:2] == (pipeline, stream)
    )
    return found
