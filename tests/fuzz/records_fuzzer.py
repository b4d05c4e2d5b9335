"""Fuzzes records: lines that are good but for some fields, so that more of them get past the decoder than bytes would.

The bytes are decisions: which stream, which kinds of lines, which fields are written how, and which labels they share.
"""

import json
from collections.abc import Iterator

from tests.fuzz.choices import Choices
from tests.fuzz.decode_fuzzer import STREAMS
from tests.fuzz.decode_fuzzer import check as check_lines
from tests.fuzz.fields import BY_TYPE, NO_VALUES, good, type_of
from tests.fuzz.records import kinds_of
from tests.fuzz.target import Target

LINES = 40
LONGEST = 2000
STREAMS_OF_RECORDS = [
    (at, f"{pipeline}.{name}") for at, (pipeline, name, _) in enumerate(STREAMS) if kinds_of(f"{pipeline}.{name}")
]
WRITTEN = {
    what: [written for written in (*outcomes, *NO_VALUES, "null") if len(written) < LONGEST]
    for what, outcomes in BY_TYPE.items()
}
"""The ways of writing a field of a type."""


def check(data: bytes) -> None:
    """Writes lines and hands them to the other target."""
    choices = Choices(data)
    at, stream = choices.one(STREAMS_OF_RECORDS)
    lines = [_line(choices, choices.one(kinds_of(stream))) for _ in range(1 + choices.number(LINES))]
    check_lines(bytes([at]) + b"\n".join(lines))


def _line(choices: Choices, kind: str) -> bytes:
    """One line, of which up to three fields are written in a way that was chosen, or as the bytes say."""
    written = {name: json.dumps(value) for name, value in good(kind).items()}
    for _ in range(choices.number(4)):
        name = choices.one(list(written))
        how = choices.number(4)
        if how == 0:
            written[name] = choices.some(choices.number(8)).decode(errors="surrogateescape")
        elif how == 1:
            written[name] = json.dumps(choices.some(choices.number(20)).decode("latin-1"))
        elif how == 2:
            written[name] = str(choices.number(1 << 16))
        else:
            written[name] = choices.one(WRITTEN[type_of(kind, name)])
    text = "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in written.items()) + "}"
    return text.encode(errors="surrogateescape")


def seeds() -> Iterator[bytes]:
    """A few decisions for each stream."""
    for at in range(len(STREAMS_OF_RECORDS)):
        yield bytes([at])
        yield bytes([at, 30]) + bytes(range(256)) * 2


TARGET = Target(check, seeds)
