"""Limits of a user's own: a YAML file that names indicators by table, read with all its mistakes, to the tables with
these limits in place of theirs.

What a limit can be is for `exporter.indicator` to say.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from exporter.config.document import Document, Value, text_of
from exporter.config.scalar import Reader, read_members
from exporter.indicator import SEVERITIES, Indicator, Limit, LimitError
from exporter.render.tables import Table

NONE = "none"
"""What takes a limit, and with it the alert, away."""

_LIMIT = f'a limit in quotes like "> 0.20", or {NONE}'
_DURATIONS = {"for": "pending", "keep_firing_for": "keep_firing_for"}
"""An indicator's durations, by the words of a rule."""


def load(path: str, tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables with what a file says otherwise. Raises ConfigError."""
    document = Document(text_of(path), source=path, environ=None)
    tables = tuple(tables)
    own = read_members(document.root, {table.name: partial(_table, table=table) for table in tables}, what="table")
    document.check()
    return tuple(own.get(table.name, table) for table in tables)


def _table(value: Value, *, table: Table) -> Table:
    by_key: dict[str, Reader] = {one.name: partial(_indicator, indicator=one) for one in table.indicators}
    own = read_members(value, by_key, what="indicator", known=f"{table.name} has: {', '.join(by_key)}")
    return table._replace(indicators=tuple(own.get(one.name, one) for one in table.indicators))


def _indicator(value: Value, *, indicator: Indicator) -> Indicator | None:
    limits: dict[str, Reader] = dict.fromkeys(SEVERITIES, partial(_limit, indicator=indicator))
    durations: dict[str, Reader] = {
        key: partial(_duration, field=field, indicator=indicator) for key, field in _DURATIONS.items()
    }
    read = read_members(value, limits | durations)
    changes = {_DURATIONS.get(key, key): None if found == NONE else found for key, found in read.items()}
    if any(severity in value.members and severity not in read for severity in SEVERITIES):
        return None  # limits are compared only where all of them are known
    return _changed(value, indicator, changes)


def _limit(value: Value, *, indicator: Indicator) -> str | None:
    text = value.literal()
    if text is None:
        value.wrong(_LIMIT)
    elif text != NONE:
        try:
            Limit.read(text, indicator.unit)
        except LimitError as error:
            value.mistake(str(error))
            return None
    return text


def _duration(value: Value, *, field: str, indicator: Indicator) -> str | None:
    text = value.literal()
    if text is None:
        value.wrong("a duration like 30s, 15m or 6h")
    elif _changed(value, indicator, {field: text}) is None:
        return None
    return text


def _changed(value: Value, indicator: Indicator, changes: dict[str, Any]) -> Indicator | None:
    """The indicator otherwise, or a mistake that tells why it can't be."""
    try:
        return msgspec.structs.replace(indicator, **changes)
    except ValueError as error:
        value.mistake(str(error).removeprefix(f"{indicator.name}: "))
        return None
