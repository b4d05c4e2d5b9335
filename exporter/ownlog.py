"""The exporter's own log: JSON lines on stderr, or something for people to read.

`LOG_LEVEL` (debug, info, warning, error) and `LOG_FORMAT` (json, console) come from the environment, as seed 004 asks.
No raw line of a followed log gets in: refused ones show 80 escaped characters, once a minute for each reason.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import structlog

from exporter.intake import Refused

SHOWN_CHARACTERS = 80
QUIET_SECONDS = 60.0


def set_up(environ: Mapping[str, str]) -> None:
    """Configures structlog for this process. Raises ValueError for a level or format that there is not."""
    level = environ.get("LOG_LEVEL", "info").upper()
    form = environ.get("LOG_FORMAT", "json").lower()
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def escaped(text: bytes) -> str:
    """The beginning of a refused line, safe to show: 80 characters, everything but plain ASCII escaped.

    >>> escaped(b'{"a":\\x1b[31m')
    '{"a":\\\\x1b[31m'
    """
    return (
        text[:SHOWN_CHARACTERS]
        .decode("ascii", "backslashreplace")
        .encode("unicode_escape")
        .decode("ascii")
        .replace("\\\\\\\\", "\\\\")[:SHOWN_CHARACTERS]
    )


class RefusedLog:
    """Reports refused lines, at most one a minute for each stream and reason, and how many went unreported."""

    def __init__(self, *, elapsed: Callable[[], float] = monotonic) -> None:
        self._log = structlog.get_logger()
        self._elapsed = elapsed
        self._next: dict[tuple[str, str, str], float] = {}
        self._unreported: dict[tuple[str, str, str], int] = {}

    def __call__(self, refused: Refused) -> None:
        """Takes one refused line."""
        kind = refused.pipeline, refused.stream, refused.reason
        now = self._elapsed()
        if now < self._next.get(kind, now):
            self._unreported[kind] = self._unreported.get(kind, 0) + 1
            return
        self._next[kind] = now + QUIET_SECONDS
        self._log.warning(
            "line_rejected",
            pipeline=refused.pipeline,
            stream=refused.stream,
            log=refused.log,
            offset=refused.offset,
            reason=str(refused.reason),
            text=escaped(refused.text),
            unreported=self._unreported.pop(kind, 0),
        )
