"""Lines to records, or a named reason why not.

In comes a chunk of whole lines of one stream; out go the records in line order, and what was skipped or rejected. Does
not know where lines come from or what records are for.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from io import BytesIO
from math import copysign, isinf
from operator import or_
from typing import Any

import msgspec

from exporter.pipeline import Stream
from exporter.record import LARGEST

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
_any_json = msgspec.json.Decoder(float_hook=float)


class Decoder:
    """Decodes the lines of one stream.

    A chunk is decoded in one call where all its lines are good and plain, else line by line; the outcome is the same.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._types = {str(kind.__struct_config__.tag): kind for kind in stream.records} if stream.tag else {}
        self._one_of = {tag: msgspec.json.Decoder(kind) for tag, kind in self._types.items()}
        expected = stream.otherwise or reduce(or_, stream.records)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(expected)

    def decode(self, chunk: bytes, *, at_start: bool = False) -> Decoded:
        """Decodes whole lines, each with its newline; `at_start` says that they begin a file."""
        if at_start:
            chunk = chunk.removeprefix(BOM)
        if self._stream.parse is None:
            records = self._decode_at_once(chunk)
            if records is not None:
                return Decoded(len(records), records)
        return self._decode_each(chunk)

    def decode_document(self, text: bytes) -> Decoded:
        """Decodes a whole file that is one record, on however many lines."""
        decoded = Decoded(1, [])
        self._add(decoded, 0, 0, text.removeprefix(BOM))
        return decoded

    def _decode_at_once(self, chunk: bytes) -> list[Any] | None:
        try:
            if not chunk.isascii():
                chunk.decode()  # the parser does not look into strings that it passes over
            records = list(map(self._decoder.decode, BytesIO(chunk)))
            return records if self._stream.otherwise is None else self._specify(chunk, records)
        except _PARSE_ERRORS:
            return None

    def _specify(self, chunk: bytes, records: list[Any]) -> list[Any]:
        """The records, with those whose tag has a type of its own decoded again as that."""
        tag = self._stream.tag or ""
        special = [at for at, record in enumerate(records) if getattr(record, tag) in self._one_of]
        if special:
            lines = chunk.split(b"\n")
            for at in special:
                records[at] = self._one_of[getattr(records[at], tag)].decode(lines[at])
        return records

    def _decode_each(self, chunk: bytes) -> Decoded:
        lines = chunk.split(b"\n")[:-1]
        decoded = Decoded(len(lines), [])
        offset = 0
        for at, line in enumerate(lines):
            self._add(decoded, at, offset, line)
            offset += len(line) + 1
        return decoded

    def _add(self, decoded: Decoded, at: int, offset: int, line: bytes) -> None:
        text = line.lstrip(b"\0").removesuffix(b"\r")
        if not text.strip():
            decoded.skipped += 1
            return
        try:
            record = self._parse(text)
        except _RefusedError as refused:
            decoded.rejections.append(Rejection(at, offset, refused.args[0], line))
        else:
            if record is None:
                decoded.skipped += 1
            else:
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
        try:
            records = [self._decoder.decode(text)]
            return (records if self._stream.otherwise is None else self._specify(text, records))[0]
        except _PARSE_ERRORS:
            return self._parse_leniently(text)

    def _parse_leniently(self, text: bytes) -> Any:
        """What the parser refuses at first: whole-number floats, nulls inside, an unknown tag; or the reason."""
        try:
            value = _any_json.decode(text)
        except _PARSE_ERRORS:
            raise _RefusedError(Reason.INVALID_JSON) from None
        if not isinstance(value, dict):
            raise _RefusedError(Reason.WRONG_TYPE)
        return self._convert({name: _normal(field) for name, field in value.items()})

    def _convert(self, fields: dict[str, Any]) -> Any:
        kind: Any = reduce(or_, self._stream.records)
        if self._stream.tag is not None:
            tag = fields.get(self._stream.tag, msgspec.UNSET)
            if tag is msgspec.UNSET:
                raise _RefusedError(Reason.MISSING_FIELD)
            if not isinstance(tag, str):
                raise _RefusedError(Reason.WRONG_TYPE)
            kind = self._types.get(tag, self._stream.otherwise)
            if kind is None:
                return None
        try:
            return msgspec.convert(fields, kind)
        except msgspec.ValidationError as error:
            raise _RefusedError(_reason(str(error))) from None


def _normal(value: Any) -> Any:
    """Whole-number floats as integers, infinite ones as out of range; null members of an object as absent."""
    if isinstance(value, float):
        if isinf(value):  # 1e400
            return int(copysign(2 * LARGEST, value))
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {name: _normal(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_normal(element) for element in value]
    return value


_OUT_OF_RANGE: Callable[[str], re.Match[str] | None] = re.compile(r"Expected `\w+` [<>]|out of range").match


def _reason(error: str) -> Reason:
    """The reason that a validation error's text stands for."""
    if error.startswith("Object missing required field"):
        return Reason.MISSING_FIELD
    return Reason.OUT_OF_RANGE if _OUT_OF_RANGE(error) else Reason.WRONG_TYPE
