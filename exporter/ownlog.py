"""The exporter's own log: JSON lines on stderr, or something for people to read.

`LOG_LEVEL` (debug, info, warning, error) and `LOG_FORMAT` (json, console) come from the environment, as seed 004 asks.
No raw line of a followed log gets in: refused ones show 80 escaped characters, once a minute for each reason.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, TextIO, cast

import structlog

from exporter.intake import Refused
from exporter.telling import Seldom, Told, escaped


def set_up(environ: Mapping[str, str]) -> None:
    """Configures structlog for this process. Raises ValueError for a level or format that there is not."""
    told = Told.by(environ)
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if told.for_people:
        renderer = structlog.dev.ConsoleRenderer(colors=_Stderr().isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(told.level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )


class _Stderr:
    """Standard error, as it is now, and None where it was closed before; that nobody reads it is no reason to stop
    counting."""

    def write(self, text: str) -> None:
        with suppress(AttributeError, OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(AttributeError, OSError, ValueError):
            sys.stderr.flush()

    def isatty(self) -> bool:
        with suppress(AttributeError, ValueError):
            return sys.stderr.isatty()
        return False


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
