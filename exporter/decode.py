"""Lines to records, or a named reason why not.

In comes a chunk of whole lines of one stream; out go the records in line order, and what was skipped or rejected. Does
not know where lines come from or what records are for.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from io import BytesIO
from itertools import accumulate
from math import copysign, isinf
from operator import length_hint
from typing import Any

import msgspec

from exporter.pipeline import Stream
from exporter.plain import is_too_deep, unplain
from exporter.record import LARGEST
from exporter.tags import Decode, Tags, closed_decode

BOM = b"\xef\xbb\xbf"


class Reason(StrEnum):
    """Why a line is refused."""

    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    INVALID_FORMAT = "invalid_format"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"


class Rejection(msgspec.Struct):
    """A refused line: its index and its offset in the chunk, both from 0, the reason, and the bytes."""

    line: int
    offset: int
    reason: Reason
    text: bytes


class Decoded(msgspec.Struct):
    """What a chunk held: `lines` = records + skipped + rejections."""

    lines: int
    records: list[Any]
    skipped: int = 0
    rejections: list[Rejection] = []


class _RefusedError(Exception):
    """Carries the reason for which a line is refused."""


_PARSE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Decoder:
    """Decodes the lines of one stream.

    The parser goes through the lines of a chunk in one call, and on behind each line that it refuses, which is looked
    at alone. If it may pass something over, lines are looked at before, and those with which it is not well are left
    out and looked at alone, too. If all types of the stream are closed, it passes nothing over until a line comes with
    more than they know. Tags that no record type has get types of their own when they are first seen, so that it knows
    those, too. The outcome is the same in any case.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._tags = Tags(stream)
        self._decode_closed = closed_decode(stream)

    def decode(self, chunk: bytes, *, at_start: bool = False) -> Decoded:
        """Decodes whole lines, each with its newline; `at_start` says that they begin a file."""
        if at_start:
            chunk = chunk.removeprefix(BOM)
        lines = BytesIO(chunk).readlines()
        decoded = Decoded(len(lines), [])
        starts: list[int] = []
        for at in self._decode_at_once(lines, decoded.records):
            starts = starts or list(accumulate(map(len, lines), initial=0))
            self._add(decoded, at, starts[at], lines[at].removesuffix(b"\n"))
        decoded.skipped = decoded.lines - len(decoded.records) - len(decoded.rejections)
        return decoded

    def decode_document(self, text: bytes) -> Decoded:
        """Decodes a whole file that is one record, on however many lines."""
        decoded = Decoded(1, [])
        self._add(decoded, 0, 0, text.removeprefix(BOM))
        decoded.skipped = 1 - len(decoded.records) - len(decoded.rejections)
        return decoded

    def _decode_at_once(self, lines: list[bytes], records: list[Any]) -> Iterator[int]:
        """Adds the lines' records; stops at each line that is to be looked at alone, and gives its index."""
        rest = iter(lines)
        if self._decode_closed is not None:
            for refused in _decode_on(self._decode_closed, rest, records):
                known = len(records)
                yield len(lines) - refused
                if len(records) > known:  # nothing is wrong with it: the lines behind it will be like it
                    break
        if left := length_hint(rest):
            yield from self._decode_open(lines, len(lines) - left, records)

    def _decode_open(self, lines: list[bytes], at: int, records: list[Any]) -> Iterator[int]:
        """The same from an index on, where the parser may pass something over."""
        if self._stream.parse is not None:
            yield from range(at, len(lines))
            return
        for odd in (*(at + index for index in unplain(lines[at:])), len(lines)):
            stretch = iter(lines[at:odd])
            yield from (odd - refused for refused in _decode_on(self._tags.decode, stretch, records))
            if odd < len(lines):
                yield odd
            at = odd + 1

    def _add(self, decoded: Decoded, at: int, offset: int, line: bytes) -> None:
        body = line.lstrip(b"\0")
        text = body.removesuffix(b"\r")
        if not text.strip():
            return
        try:
            record = self._parse(text)
        except _RefusedError as refused:
            hole = len(line) - len(body)  # passed over here as it is where a chunk begins with it
            decoded.rejections.append(Rejection(at, offset + hole, refused.args[0], body))
        else:
            if record:
                decoded.records.append(record)

    def _parse(self, text: bytes) -> Any:
        """The record of a line, or None where it is of a kind that nobody uses."""
        try:
            string = text.decode()
        except UnicodeDecodeError:
            raise _RefusedError(Reason.INVALID_UTF8) from None
        if self._stream.parse is not None:
            record = self._stream.parse(string)
            if record is None:
                raise _RefusedError(Reason.INVALID_FORMAT)
            return record
        if is_too_deep(text):
            raise _RefusedError(Reason.INVALID_JSON)
        try:
            return self._tags.decode(text)
        except _PARSE_ERRORS:
            return self._parse_leniently(text)

    def _parse_leniently(self, text: bytes) -> Any:
        """What the parser refuses at first: whole-number floats, nulls inside, an unknown tag; or the reason."""
        try:
            _whole.decode(text)
        except _PARSE_ERRORS:
            raise _RefusedError(Reason.INVALID_JSON) from None
        try:
            members = _members.decode(text)
        except msgspec.ValidationError:
            raise _RefusedError(Reason.WRONG_TYPE) from None
        return _converted(members, self._kind_of(members))

    def _kind_of(self, members: dict[str, msgspec.Raw]) -> Any:
        """The type of the record that a line's members make."""
        tag = self._stream.tag
        if tag is None:
            return self._stream.records[0]
        if tag not in members:
            raise _RefusedError(Reason.MISSING_FIELD)
        try:
            text = _text.decode(members[tag])
        except msgspec.ValidationError:
            raise _RefusedError(Reason.WRONG_TYPE) from None
        return self._tags.type_of(text)


def _decode_on(decode: Decode, lines: Iterator[bytes], records: list[Any]) -> Iterator[int]:
    """Adds the lines' records; stops behind each line that is refused, and gives how many there were from it on."""
    while True:
        try:
            records.extend(filter(None, map(decode, lines)))  # what comes before an error is kept
            return
        except _PARSE_ERRORS:
            refused = length_hint(lines) + 1
        yield refused


def _number(text: str) -> int | float:
    """A number with a fraction or exponent: a whole one as integer, an infinite one (1e400) as out of range."""
    number = float(text)
    if isinf(number):
        return int(copysign(2 * LARGEST, number))
    return int(number) if number.is_integer() else number


_whole = msgspec.json.Decoder(msgspec.Raw)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_any = msgspec.json.Decoder(float_hook=_number)


def _converted(members: dict[str, msgspec.Raw], kind: Any) -> Any:
    """The record that a line's members make; those that its type does not name are not looked into."""
    names = [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name in members]
    try:
        fields = {name: _any.decode(members[name]) for name in names}
    except msgspec.ValidationError:  # an integer of thousands of digits
        raise _RefusedError(Reason.OUT_OF_RANGE) from None
    _drop_nulls_within(fields)
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _RefusedError(_reason(str(error))) from None


def _drop_nulls_within(fields: dict[str, Any]) -> None:
    """Makes null members of the objects in the fields absent, at any depth."""
    inside = list(fields.values())
    while inside:
        value = inside.pop()
        if isinstance(value, dict):
            for name in [name for name, member in value.items() if member is None]:
                del value[name]
            inside += value.values()
        elif isinstance(value, list):
            inside += value


_OUT_OF_RANGE: Callable[[str], re.Match[str] | None] = re.compile(
    r"Expected `\w+` [<>]|(Number|Integer value) out of range"
).match


def _reason(error: str) -> Reason:
    """The reason that a validation error's text stands for."""
    if error.startswith("Object missing required field"):
        return Reason.MISSING_FIELD
    return Reason.OUT_OF_RANGE if _OUT_OF_RANGE(error) else Reason.WRONG_TYPE
