"""The field types that record types are made of, and event time.

In comes what a producer wrote; out goes a type that says which numbers can be true. Which fields a record has is for
the pipelines to say.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import inspect

LARGEST = 2**53
"""The largest integer that every JSON reader agrees on; beyond it a number is `out_of_range`."""

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
"""A whole number that is never negative: tokens, tags, attempts, milliseconds. `1250.0` is 1250."""

Number = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
"""Any finite number: a threshold, a silhouette score."""

Quantity = Annotated[float, msgspec.Meta(ge=0, le=LARGEST)]
"""A number that is never negative: seconds, a score, a ratio. It may be summed in a counter."""

Identifier = str | Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
"""What names a thing: a UUID, a key or a sequence number."""

Timestamp = str | int | float | None
"""ISO 8601 with Z, with an offset or naive (then UTC), epoch seconds, or epoch milliseconds."""

_MILLISECONDS_FROM = 1e11
"""Epoch figures from here on are milliseconds: as seconds they would be the year 5138."""


class Record(msgspec.Struct, gc=False):
    """One line, decoded: only the fields that a pipeline uses. Unknown fields are ignored, null in an optional one
    is absence."""

    unused: ClassVar[tuple[str, ...] | None] = None
    """The other fields that a line is known to have. Where they are named, lines without further ones decode faster;
    no line has to keep to them."""


_Single = str | int | float | bool | None
_Unused = _Single | list[_Single] | dict[str, _Single]
"""Is decoded, not passed over, and cannot go deep."""


def closed(kind: type[Record]) -> Any:
    """The type of the same records, on lines that have none but the fields of `kind` and its unused ones; None where
    these are not named. The parser looks at all of such a line. Raises TypeError for records in records.

    >>> closed(Record) is None
    True
    """
    if kind.unused is None:
        return None
    if not all(_is_looked_into(inspect.type_info(field.type)) for field in msgspec.structs.fields(kind)):
        raise TypeError(f"{kind.__name__} may hold what the parser passes over")
    unused = [(name, _Unused, None) for name in kind.unused]
    return msgspec.defstruct(kind.__name__, unused, bases=(kind,), forbid_unknown_fields=True, gc=False)


def _is_looked_into(kind: inspect.Type) -> bool:
    """Whether the parser decodes all of such a value, which is then as deep as its type."""
    if isinstance(kind, inspect.UnionType):
        return all(map(_is_looked_into, kind.types))
    if isinstance(kind, inspect.ListType):
        return _is_looked_into(kind.item_type)
    if isinstance(kind, inspect.DictType):
        return _is_looked_into(kind.value_type)
    return isinstance(kind, inspect.StrType | inspect.IntType | inspect.FloatType | inspect.BoolType | inspect.NoneType)


def event_time(value: Timestamp) -> float | None:
    """The Unix time in seconds that `value` means, or None where it means none.

    >>> event_time("1970-01-01T00:01:00Z"), event_time("1970-01-01T00:01:00"), event_time(60)
    (60.0, 60.0, 60.0)
    >>> event_time(1_769_869_921_234)
    1769869921.234
    >>> event_time("yesterday") is None
    True
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    if value is None or abs(value) > LARGEST:
        return None
    return value / 1000 if abs(value) >= _MILLISECONDS_FROM else float(value)
