"""What the demo's streams have in common: a setting to be told in, records without end, a place to write them.

Knows no pipeline by name. Time comes from the setting, chance from its random generator: the same setting gives the
same records.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

SCENARIOS = ("healthy", "collapse")

Record = dict[str, Any]
"""One line before it is rendered, its keys in the order of the seed."""


@dataclass(frozen=True)
class Setting:
    """What a stream's records are made of: chance, a scenario, and `now`, which says what time (UTC) a record has."""

    rng: Random
    scenario: str
    now: Callable[[], datetime]

    def strain(self, done: int, onset: int) -> float:
        """How bad it is after `done` records: 0 in health and up to `onset`, then rising, 1 from twice `onset` on."""
        if self.scenario == "healthy":
            return 0.0
        return min(max(done / onset - 1, 0.0), 1.0)

    def around(self, mean: float, spread: float, digits: int = 3) -> float:
        """A number evenly from `mean` minus to `mean` plus `spread`, of which `spread` is a share."""
        return round(mean * (1 + spread * self.rng.uniform(-1, 1)), digits)

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share


def to_json(record: Record) -> str:
    """The record as the seeds' producers write it."""
    return json.dumps(record, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class DemoStream:
    """One stream: where its records come from, how one becomes a line, and which log of the demo gets it.

    `path` is below the demo's directory and may name fields of the record; it is empty for what is no log of lines.
    `weight` is the stream's share of all lines by scenario, against the weights of all streams.
    """

    records: Callable[[Setting], Iterator[Record]]
    path: str
    weight: tuple[float, float] = (0, 0)
    render: Callable[[Record], str] = to_json


def with_z(moment: datetime, timespec: str = "microseconds") -> str:
    """ISO 8601 that ends in Z.

    >>> with_z(datetime(2026, 1, 31, 14, 32, 1, 234000, UTC), "milliseconds")
    '2026-01-31T14:32:01.234Z'
    """
    return naive(moment, timespec) + "Z"


def naive(moment: datetime, timespec: str = "auto") -> str:
    """ISO 8601 without an offset, as `datetime.utcnow().isoformat()` gives it.

    >>> naive(datetime(2026, 1, 31, 14, 32, 1, 234000, UTC))
    '2026-01-31T14:32:01.234000'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec)
