"""The exporter's own log: JSON lines on stderr, or something for people to read.

`LOG_LEVEL` (debug, info, warning, error) and `LOG_FORMAT` (json, console) come from the environment, as seed 004 asks.
No raw line of a followed log gets in: refused ones show 80 escaped characters, once a minute for each reason.
"""

import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, TextIO, cast

import structlog

from exporter.intake import Refused

SHOWN_CHARACTERS = 80
QUIET_SECONDS = 60.0


def set_up(environ: Mapping[str, str]) -> None:
    """Configures structlog for this process. Raises ValueError for a level or format that there is not."""
    level = (environ.get("LOG_LEVEL") or "info").upper()
    form = (environ.get("LOG_FORMAT") or "json").lower()
    levels = logging.getLevelNamesMapping()
    if level not in levels:
        raise ValueError(f"LOG_LEVEL={environ['LOG_LEVEL']}: no such level (there are: debug, info, warning, error)")
    if form not in ("json", "console"):
        raise ValueError(f"LOG_FORMAT={environ['LOG_FORMAT']}: no such format (there are: json, console)")
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(levels[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )


class _Stderr:
    """Standard error, as it is now; that nobody reads it is no reason to stop counting."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


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


class RefusedLog:
    """Reports refused lines, at most one a minute for each stream and reason, and how many went unreported."""

    def __init__(self, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._log = structlog.get_logger()
        self._may_report: defaultdict[tuple[str, str, str], Seldom] = defaultdict(lambda: Seldom(elapsed=elapsed))

    def __call__(self, refused: Refused) -> None:
        """Takes one refused line."""
        unreported = self._may_report[refused.pipeline, refused.stream, refused.reason]()
        if unreported is not None:
            self._log.warning(
                "line_rejected",
                pipeline=refused.pipeline,
                stream=refused.stream,
                log=refused.log,
                offset=refused.offset,
                reason=str(refused.reason),
                text=escaped(refused.text),
                unreported=unreported,
            )
