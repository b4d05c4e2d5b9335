"""Fuzzes lines: any bytes that a log may hold are decoded, folded, stored and shown, and every line has an outcome."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from exporter.decode import BOM, Decoded, Decoder
from exporter.encoding import decode as restored
from exporter.encoding import encode
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.metric import MetricState, copied
from exporter.pipeline import Pipeline, Source, Stream, discover
from exporter.record import event_time
from tests.fuzz.corpus import declared
from tests.fuzz.target import LOGS, Target

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
PLACE = "/logs/law/metrics.jsonl"
CAP = 7
"""Series of a metric: few, so that the cap is met."""

KINDS = discover()
STREAMS: list[tuple[str, str, Stream]] = [
    (pipeline, name, stream)
    for pipeline, kind in sorted(KINDS.items())
    for name, stream in kind.streams.items()
    if stream.source is not Source.FOLDER
]
DECODERS = {(pipeline, name): Decoder(stream) for pipeline, name, stream in STREAMS}


def check(data: bytes) -> None:
    """Lines of any stream: decoded at once or one by one, folded at once or one by one, stored or not, they give the
    same; every line is accounted for; both texts can be written. The first byte says which stream it is."""
    pipeline, name, stream = STREAMS[data[0] % len(STREAMS)] if data else STREAMS[0]
    text = data[1:]
    decoder = DECODERS[pipeline, name]
    if stream.source is Source.DOCUMENT:
        decoded = decoder.decode_document(text)
        assert 1 == _accounted(decoded)
    else:
        chunk = text if text.endswith(b"\n") else text + b"\n"
        decoded = decoder.decode(chunk, at_start=True)
        assert chunk.count(b"\n") == _accounted(decoded)
        assert _one_by_one(decoder, chunk.removeprefix(BOM)) == _declared(decoded)
    _observing(KINDS[pipeline], name, stream, decoded.records)


def _accounted(decoded: Decoded) -> int:
    assert decoded.lines == len(decoded.records) + decoded.skipped + len(decoded.rejections)
    return decoded.lines


def _declared(decoded: Decoded) -> Decoded:
    return replace(decoded, records=declared(decoded.records))


def _one_by_one(decoder: Decoder, chunk: bytes) -> Decoded:
    """The outcome of lines that are decoded alone, put together. A document is never passed over in part: a line that
    is one has the same outcome."""
    whole = Decoded(0, [], 0, [])
    offset = 0
    for line in chunk.split(b"\n")[:-1]:
        one = _declared(decoder.decode(line + b"\n"))
        assert 1 == _accounted(one)
        assert line.startswith(BOM) or _declared(decoder.decode_document(line)) == one
        whole.records += one.records
        whole.skipped += one.skipped
        for refused in one.rejections:
            assert refused.text == line.lstrip(b"\0")
            refused.line, refused.offset = whole.lines, offset + refused.offset
            whole.rejections.append(refused)
        whole.lines += 1
        offset += len(line) + 1
    return whole


def _observing(kind: type[Pipeline], name: str, stream: Stream, records: list[Any]) -> None:
    at_once, each = kind(series_cap=CAP), kind(series_cap=CAP)
    if records:
        at_once.observe(name, PLACE, records)
    for record in records:
        each.observe(name, PLACE, [record])
        event_time(getattr(record, stream.time or "", None))
    page = _page(at_once)
    assert page == _page(each)
    assert [metric.capped for metric in at_once.metrics] == [metric.capped for metric in each.metrics]
    again = kind(series_cap=CAP)
    assert [] == again.metrics.restore(restored(encode(at_once.metrics.state()), dict[str, MetricState]))
    again.state = restored(encode(at_once.state), kind.state_type)
    assert page == _page(again)
    each.expire(1e9)
    _page(each)


def _page(pipeline: Pipeline) -> bytes:
    pipeline.settle()
    shown = copied(pipeline.metrics)
    page = CLASSIC.text(shown) + OPENMETRICS.text(shown)
    assert not _CONTROLS.search(page.decode())
    return page


def seeds() -> Iterator[bytes]:
    """Every sample log, and every line of it, as each stream of its pipeline."""
    for at, (pipeline, _, stream) in enumerate(STREAMS):
        for path in sorted((LOGS / pipeline).rglob("*")):
            if path.suffix in (".jsonl", ".ndjson", ".log", ".json"):
                text = path.read_bytes()
                yield bytes([at]) + text
                if stream.source is Source.LINES:
                    yield from (bytes([at]) + line for line in text.splitlines()[:5])


RECORDS = [kind for _, _, stream in STREAMS for kind in stream.records]
FIELDS = sorted({name for kind in RECORDS for name in (*kind.__struct_fields__, *(kind.unused or ()))})
WORDS = (
    *('"', ":", ",", "{", "}", "[", "]", "null", "true", "false", "0", "1.0", "1e400", "-1", "9007199254740993"),
    *("\\u0000", "\\ud800", "\\ud83d\\ude00", "\r", "\n", "\0", "\ufeff", '": "', '": 1.0', '": null', " | ", "\u2028"),
    *map(json.dumps, FIELDS),
)

TARGET = Target(check, seeds, WORDS)
