"""One value to one typed setting. In come a value and a type with its range; out goes the setting, or what it must be.

A number without a range of its own must be above 0. A number whose name ends like a time is one, in seconds, and may be
written with units.
"""

import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from exporter.config.document import Value
from exporter.record import LARGEST

Reader = Callable[[Value], Any]
"""Reads one value; returns None after it has noted a mistake."""

_TIMES = ("_seconds", "_timeout", "_hold", "_ttl")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+", re.ASCII)
_PART = re.compile(r"([\d.]+)(ms|[smhd])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def readers(struct: type[msgspec.Struct]) -> dict[str, Reader]:
    """A reader for each field of a struct of settings."""
    return {
        field.name: partial(read_scalar, type=_bounded(field.type), is_time=field.name.endswith(_TIMES))
        for field in msgspec.structs.fields(struct)
    }


def read_members(
    value: Value, by_key: Mapping[str, Reader], *, what: str = "setting", known: str = ""
) -> dict[str, Any]:
    """What the readers make of a mapping's members; those with mistakes are left out."""
    known = known or f"there are: {', '.join(by_key)}"
    read = {}
    for name, member in value.members.items():
        if name not in by_key:
            close = get_close_matches(name, by_key, n=1)
            member.mistake(f"no such {what} ({known})" + (f"; did you mean {close[0]}?" if close else ""))
        elif (result := by_key[name](member)) is not None:
            read[name] = result
    return read


def read_scalar(value: Value, *, type: Any, is_time: bool = False) -> Any:
    """Reads a text, or a number or word that `type` allows."""
    info = inspect.type_info(type)
    if isinstance(info, inspect.StrType):
        return value.text("a text")
    scalar = value.scalar()
    if is_time and isinstance(scalar, str):
        scalar = duration(scalar)
    try:
        if scalar is not None and not (isinstance(scalar, float) and math.isinf(scalar)):
            return msgspec.convert(scalar, type)
    except msgspec.ValidationError:
        pass
    value.wrong(_expected(info, is_time=is_time))
    return None


def duration(text: str) -> float | None:
    """Seconds, from numbers with units.

    >>> duration("1h30m"), duration("500ms"), duration("soon")
    (5400.0, 0.5, None)
    """
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _bounded(type: Any) -> Any:
    info = inspect.type_info(type)
    if isinstance(info, inspect.IntType | inspect.FloatType) and not _range(info):
        return Annotated[type, msgspec.Meta(ge=1) if isinstance(info, inspect.IntType) else msgspec.Meta(gt=0)]
    return type


def _range(info: inspect.Type) -> str:
    bounds = ((words, getattr(info, name, None)) for name, words in _BOUNDS.items())
    return " and ".join(f"{words} {bound}" for words, bound in bounds if bound not in (None, LARGEST))


def _expected(info: inspect.Type, *, is_time: bool) -> str:
    """What a setting of this type has to be, as the end of "`x` is not …"."""
    match info:
        case inspect.IntType():
            return f"a whole number ({_range(info)})"
        case inspect.FloatType() if is_time:
            return f"a number of seconds or a time like 30s, 15m, 6h ({_range(info)})"
        case inspect.FloatType():
            return f"a number ({_range(info)})"
        case inspect.LiteralType(values):
            return f"one of {', '.join(map(str, values))}"
        case _:
            return "true or false"
