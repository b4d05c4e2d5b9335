"""One parser for all kinds of lines of a stream, which are told apart by their tags.

In comes a line, out goes its record. Tags that no record type has get types of their own when they are first met, since
a parser that knows all tags needs no look at a line before. Does not know why a line is refused.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from exporter.pipeline import Stream
from exporter.record import Record, closed

MOST_TAGS = 64
"""So many tags of a stream that no record type has get types of their own."""
TAG_CHARACTERS = 128
"""A longer tag gets none."""

Decode = Callable[[bytes], Any]
"""Gives a line's record, or a `Skipped`; raises what the parser raises."""


class Skipped(Record):
    """A line of a kind that nobody uses: it is false, as no other record is."""

    def __bool__(self) -> bool:
        return False


class Tags:
    """The types of a stream's lines by tag, and `decode`, the parser of all of them so far."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._field = stream.tag or ""
        self._types: dict[str, Any] = {str(kind.__struct_config__.tag): kind for kind in stream.records}
        self._met = 0
        """How often a tag was met that was not known."""
        self.decode = _union(stream.records)

    def type_of(self, tag: str) -> Any:
        """The type of lines with this tag, which `decode` knows from now on."""
        return self._types.get(tag) or self._learned(tag)

    def _learned(self, tag: str) -> Any:
        kind = self._stream.otherwise or Skipped
        self._met += 1
        if self._met <= MOST_TAGS and len(tag) <= TAG_CHARACTERS:
            self._types[tag] = _tagged(kind, self._field, tag)
            self.decode = _union(self._types.values())
        elif self._met == MOST_TAGS + 1 and self._stream.otherwise is not None:
            self.decode = self._twice(self._stream.otherwise)
        return kind

    def _twice(self, otherwise: Any) -> Decode:
        """Decodes lines with any text as tag; those with a record type's are decoded once more, into this."""
        first = msgspec.json.Decoder(otherwise).decode
        again = {str(kind.__struct_config__.tag): msgspec.json.Decoder(kind).decode for kind in self._stream.records}

        def decode(line: bytes) -> Any:
            record = first(line)
            special = again.get(getattr(record, self._field))
            return record if special is None else special(line)

        return decode


def closed_decode(stream: Stream) -> Decode | None:
    """Decodes a line that has no field but those that its type names, if all types of the stream name them."""
    kinds = [closed(kind) for kind in stream.records]
    if stream.parse is not None or stream.otherwise is not None or None in kinds:
        return None
    return _union(kinds)


def _union(kinds: Any) -> Decode:
    return msgspec.json.Decoder(reduce(or_, kinds)).decode


def _tagged(kind: type[Record], field: str, tag: str) -> Any:
    """The type of the same records, on lines that have this tag in the field."""
    fields = msgspec.structs.fields(kind)
    others = [(one.name, one.type, one.default) for one in fields if one.name != field]
    base, new = (kind, []) if len(others) == len(fields) else (Record, others)
    return msgspec.defstruct(
        kind.__name__, new, bases=(base,), namespace={field: tag}, tag_field=field, tag=tag, gc=False
    )
