"""Writes the logs that are recounted: the demo's lines, made rough as real producers and disks make them.

Optional fields are missing or null, whole numbers come as floats, keys come twice, letters are escaped or not, lines
end in CR LF; in between stand lines that are no records. The same call writes the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from exporter import demo

from .witness import FIELDS, TAGS

START = datetime(2026, 1, 31, 14, 32, tzinfo=UTC)
Logs = dict[str, list[Path]]
"""The logs of each stream."""

NO_RECORDS = (
    b"",
    b" \t ",
    b'{"run_id": "25K_2026", "persona_',
    b"plain text",
    b'{"one": 1} {"two": 2}',
    b'{"score": NaN}',
    b'{"score": -Infinity}',
    b"[1, 2]",
    b"null",
    b'"text"',
    b"7",
    b'{"unknown": "\xff"}',
    b'{"unknown": "\xc8"}',
)
"""Lines that are no records of any stream."""

MISFITS: dict[str, tuple[Any, ...]] = {
    "text": (7, True, ["text"], {}),
    "id": (1.5, False, []),
    "flag": (1, "true", [], {}),
    "count": (-1, -2.0, 1.5, "12", True, 2**53 + 1, 10**30, "@1e400", [3]),
    "number": ("0.5", True, "@1e400", "@-1e400", -(10**17), []),
    "quantity": (-0.5, "0.5", False, "@1e400", 10**17, {}),
    "texts": ("text", {}, [1], [["text"]]),
    "ids": ("text", {}, [1.5], [[]]),
    "numbers": ([], {"x": "1"}, {"x": True}),
    "quantities": ([], {"x": "1"}, {"x": -1}, 0.5),
    "counts": ([], {"x": 1.5}, {"x": -1}, {"x": "1"}),
}
"""Values that a field of each type does not take; `@` stands before a number that only text can hold."""


def made(pipeline: str, stream: str, count: int, *, seed: int, scenario: str = "healthy", **shift: float) -> list[Any]:
    """The demo's records; `shift` is how much later than START they begin."""
    start = START + timedelta(**shift)
    return [json.loads(line) for line in demo.lines(pipeline, stream, count, start=start, seed=seed, scenario=scenario)]


def write(path: Path, stream: str, records: Iterable[dict[str, Any]], *, seed: int) -> Path:
    """Writes one log of a stream: the records made rough, and bad lines in between."""
    rng = Random(f"{seed} {stream}")
    return write_lines(path, rough_lines(stream, records, rng), rng)


def write_lines(path: Path, lines: Iterable[bytes], rng: Random) -> Path:
    """Writes lines, some of them odd, with a BOM before the first and perhaps no newline after the last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end = rng.choice((b"", b"\n"))
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(odd(line, rng) for line in lines) + end)
    return path


def rough_lines(stream: str, records: Iterable[dict[str, Any]], rng: Random) -> Iterator[bytes]:
    """The lines of a JSON log."""
    for record in records:
        fields = fields_of(stream, record)
        rough = {name: _whole_as_float(value, rng) for name, value in record.items()}
        for name, what in fields.items():
            if not what.endswith("!") and name in rough and rng.random() < 0.06:
                leave_out(rough, name, rng)
        yield _rendered(rough, rng)
        if rng.random() < 0.01:
            yield rng.choice(NO_RECORDS)
        if rng.random() < 0.01 and fields:
            yield _rendered(_misfit(rough, fields, rng), rng)


def fields_of(stream: str, record: dict[str, Any]) -> dict[str, str]:
    """What is counted of a record's fields."""
    if stream in FIELDS:
        return FIELDS[stream]
    pipeline = stream.partition(".")[0]
    tag = record[TAGS[pipeline]]
    return FIELDS.get(f"{pipeline}.{tag}", FIELDS.get(f"{pipeline}.other", {}))


def interleaved(first: list[Any], second: list[Any], rng: Random) -> Iterator[Any]:
    """Both lists in their own order, mixed: now line by line, now in long stretches."""
    sources = [list(reversed(first)), list(reversed(second))]
    while any(sources):
        source = rng.choice([source for source in sources if source])
        for _ in range(rng.choice((1, 1, 1, 2, 5, 80))):
            if source:
                yield source.pop()


def leave_out(record: dict[str, Any], name: str, rng: Random) -> None:
    """Takes a member away, or makes it null."""
    if rng.random() < 0.5:
        del record[name]
    else:
        record[name] = None


def _whole_as_float(value: Any, rng: Random) -> Any:
    """One whole number in twenty as a float, on the top level and in objects; there also a null in a hundred."""
    if isinstance(value, dict):
        return {name: None if rng.random() < 0.01 else _whole_as_float(member, rng) for name, member in value.items()}
    return float(value) if type(value) is int and rng.random() < 0.05 else value


def _misfit(record: dict[str, Any], fields: dict[str, str], rng: Random) -> dict[str, Any]:
    """The record with one field that is missing, null or not of its type."""
    required = [name for name, what in fields.items() if what.endswith("!")]
    if required and rng.random() < 0.4:
        name = rng.choice(required)
        return {field: value for field, value in record.items() if field != name}
    if required and rng.random() < 0.2:
        return record | {rng.choice(required): None}
    name = rng.choice(list(fields))
    return record | {name: rng.choice(MISFITS[fields[name].removesuffix("!")])}


def _rendered(record: dict[str, Any], rng: Random) -> bytes:
    text = json.dumps(record, ensure_ascii=rng.random() < 0.3, separators=rng.choice(((", ", ": "), (",", ":"))))
    if rng.random() < 0.01:
        text = f" {text}\t"
    if rng.random() < 0.02:
        name = rng.choice(list(record))
        text = "{" + json.dumps(name) + ": " + rng.choice(('"shadowed", ', "[-1], ", "0, ")) + text.strip()[1:]
    for number in ("1e400", "-1e400"):
        text = text.replace(f'"@{number}"', number)
    return text.encode()


def odd(line: bytes, rng: Random) -> bytes:
    """The line, now and then with a carriage return after it or NULs before it."""
    chance = rng.random()
    if chance < 0.01:
        return line + b"\r"
    return b"\0\0\0" + line if chance < 0.015 else line
