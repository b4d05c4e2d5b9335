"""How commands read logs to their end: what there is, with progress on a terminal, until Ctrl-C."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from exporter.cli.messages import fail, say
from exporter.config import Mistake
from exporter.engine import Engine
from exporter.follow.scan import look
from exporter.intake import Intake
from exporter.progress import Reading, progress


def scan(engine: Engine) -> None:
    """Looks what there is to read; ends the program where something that is named is not there, or cannot be read."""
    engine.scan(settled=True)
    mistakes = _mistakes(engine, _unmatched, _unread)
    if mistakes:
        fail("\n".join(mistakes))
    engine.aim()


def read(reading: Reading) -> None:
    """Reads everything to its end, with progress on a terminal."""
    with interruptible(), closing(progress(reading)) as steps:
        for _ in steps:
            pass


def conclude(engine: Engine) -> None:
    """Ends the program with 1 where something could not be read to its end: what was counted is no answer."""
    mistakes = _mistakes(engine, _unread)
    for mistake in mistakes:
        say(mistake)
    if mistakes:
        sys.exit(1)


def _mistakes(engine: Engine, *kinds: Callable[[Intake], Iterator[str]]) -> list[str]:
    return [
        str(Mistake(f"{intake.pipeline.name}.{intake.name}", problem))
        for intake in engine.intakes
        for found in kinds
        for problem in found(intake)
    ]


def _unmatched(intake: Intake) -> Iterator[str]:
    for pattern in intake.patterns:
        seen = look([pattern])
        if not seen.files and not seen.unfollowed:
            yield f"no file matches {pattern}"


def _unread(intake: Intake) -> Iterator[str]:
    """Which files cannot be read. A directory beside files that the same pattern matches is none."""
    unfollowed = intake.unfollowed()
    seen = [look([pattern]) for pattern in intake.patterns] if "directory" in unfollowed.values() else []
    beside = {path for one in seen if one.files for path in one.unfollowed}
    for path, why in unfollowed.items():
        if why != "directory" or path not in beside:
            yield f"{path} cannot be read: {why}"


@contextmanager
def interruptible() -> Iterator[None]:
    """Ends the program quietly on Ctrl-C, as the shell expects, but not before its workers."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        signal.signal(signal.SIGINT, before)
