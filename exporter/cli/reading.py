"""How commands read logs to their end: what there is, with progress on a terminal, until Ctrl-C."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from exporter.cli.messages import fail, say
from exporter.config import Mistake
from exporter.engine import Engine
from exporter.intake import Intake
from exporter.progress import Reading, progress


def scan(engine: Engine) -> None:
    """Looks what there is to read; ends the program where there is nothing."""
    engine.scan(settled=True)
    unreadable = _unreadable(engine)
    if unreadable:
        fail("\n".join(map(str, unreadable)))
    engine.aim()


def read(reading: Reading) -> None:
    """Reads everything to its end, with progress on a terminal."""
    with interruptible(), closing(progress(reading)) as steps:
        for _ in steps:
            pass


def conclude(engine: Engine) -> None:
    """Ends the program with 1 where something could not be read to its end: what was counted is no answer."""
    unreadable = _unreadable(engine)
    for mistake in unreadable:
        say(str(mistake))
    if unreadable:
        sys.exit(1)


def _unreadable(engine: Engine) -> list[Mistake]:
    return [
        Mistake(f"{intake.pipeline.name}.{intake.name}", problem)
        for intake in engine.intakes
        for problem in unread(intake)
    ]


def unread(intake: Intake) -> Iterator[str]:
    """What keeps a stream's files from being read to their end. A directory beside files that match is none."""
    found = intake.paths()
    if intake.patterns and not found and not intake.unfollowed():
        yield f"no file matches {', '.join(intake.patterns)}"
    for path, why in intake.unfollowed().items():
        if why != "directory" or not found:
            yield f"{path} cannot be read: {why}"


@contextmanager
def interruptible() -> Iterator[None]:
    """Ends the program quietly on Ctrl-C, as the shell expects."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
