"""How commands read logs to their end: what there is, with progress on a terminal, until Ctrl-C."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from exporter.cli.messages import fail
from exporter.config import Mistake
from exporter.engine import Engine
from exporter.follow.scan import look
from exporter.intake import Intake
from exporter.progress import Reading, progress


def scan(engine: Engine) -> None:
    """Looks what there is to read; ends the program where there is nothing."""
    engine.scan(settled=True)
    unreadable = [
        Mistake(f"{intake.pipeline.name}.{intake.name}", problem)
        for intake in engine.intakes
        for problem in unread(intake)
    ]
    if unreadable:
        fail("\n".join(map(str, unreadable)))
    engine.aim()


def read(reading: Reading) -> None:
    """Reads everything to its end, with progress on a terminal."""
    with interruptible(), closing(progress(reading)) as steps:
        for _ in steps:
            pass


def unread(intake: Intake) -> Iterator[str]:
    """What keeps a stream's files from being read to their end: a pattern without a file, a file that cannot be read. A
    directory beside files that the same pattern matches is none."""
    beside: set[str] = set()
    for pattern in intake.patterns:
        seen = look([pattern])
        if seen.files:
            beside |= {path for path, why in seen.unfollowed.items() if why == "directory"}
        elif not seen.unfollowed:
            yield f"no file matches {pattern}"
    for path, why in intake.unfollowed().items():
        if path not in beside:
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
