"""How much is told of what goes on: from which level on, in which form, how much of a line, and how often.

In come the environment and refused lines; out go settings and texts that are safe to show. Knows no logger.
"""

import logging
from collections.abc import Callable, Mapping
from math import inf
from time import monotonic
from typing import NamedTuple

SHOWN_CHARACTERS = 80
QUIET_SECONDS = 60.0


class Told(NamedTuple):
    """What the exporter's own log tells: entries from a level of `logging` on, for people or for machines."""

    level: int
    for_people: bool

    @classmethod
    def by(cls, environ: Mapping[str, str]) -> "Told":
        """What `LOG_LEVEL` and `LOG_FORMAT` ask for. Raises ValueError for a level or format that there is not."""
        level = (environ.get("LOG_LEVEL") or "info").upper()
        form = (environ.get("LOG_FORMAT") or "json").lower()
        levels = logging.getLevelNamesMapping()
        if level not in levels:
            raise ValueError(
                f"LOG_LEVEL={environ['LOG_LEVEL']}: no such level (there are: debug, info, warning, error)"
            )
        if form not in ("json", "console"):
            raise ValueError(f"LOG_FORMAT={environ['LOG_FORMAT']}: no such format (there are: json, console)")
        return cls(levels[level], form == "console")


class Seldom:
    """Says when something may be reported again: once a minute."""

    def __init__(self, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._elapsed = elapsed
        self._next = -inf
        self._unreported = 0

    def __call__(self) -> int | None:
        """How often it happened unreported, if it may be reported now; else None."""
        now = self._elapsed()
        if now < self._next:
            self._unreported += 1
            return None
        self._next = now + QUIET_SECONDS
        unreported, self._unreported = self._unreported, 0
        return unreported


def escaped(text: bytes) -> str:
    """The beginning of a refused line, safe to show: 80 characters, everything but printable ASCII escaped.

    >>> escaped(b'{"a":\\x1b[31m')
    '{"a":\\\\x1b[31m'
    """
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in text[:SHOWN_CHARACTERS])[
        :SHOWN_CHARACTERS
    ]
